/// One queue in ticks of a second, advanced over stretches in which as much arrives in every tick, and as much can be served.
///
/// Cumulative arrivals A and service S are linear over a stretch, up to the tick in which the queue empties; from there on
/// they are the same. What arrives in tick t waits until the first tick u at whose end S(u) ≥ A(t) − slack.
struct FluidQueue {
    /// Ticks that brought as much each, and are not served yet.
    private struct Arrivals {
        var first: Int, count: Int
        /// A before the first of them.
        var before: Double
        let rate: Double
    }
    /// Ticks in each of which `rate` is served.
    private struct Service {
        let first: Int, count: Int
        /// S before the first of them.
        let before: Double
        let rate: Double

        var end: Double { before + rate * Double(count) }
    }

    private(set) var tally: WaitTally
    /// Where late requests are told apart by when they arrived.
    private(set) var cells: LateCells?
    private let slack: Double
    private var tick = 0
    private var arrived = 0.0, backlog = 0.0
    private var waiting: [Arrivals] = [], served = 0

    init(slack: Double, sloWaitSeconds: Double, cells: LateCells? = nil) {
        (self.slack, self.cells, tally) = (slack, cells, WaitTally(sloWaitSeconds: sloWaitSeconds))
    }

    /// Complexity: O(1) while nothing waits; else the changes of the wait among what is served.
    mutating func advance(ticks: Int, arrivals: Double, capacity: Double) {
        guard ticks > 0 else { return }
        guard backlog > 0 || arrivals > capacity else { return pass(ticks, arrivals) }
        let queued = queuedTicks(ticks, arrivals, capacity)
        if arrivals > 0 && queued > 0 {
            waiting.append(Arrivals(first: tick, count: queued, before: arrived, rate: arrivals))
        }
        let service = Service(first: tick, count: queued, before: arrived - backlog, rate: capacity)
        if capacity > 0 && queued > 0 { serve(service) }
        arrived += arrivals * Double(queued)
        tick += queued
        backlog = max(backlog + (arrivals - capacity) * Double(queued), 0)
        guard queued < ticks else { return }
        serveAll()
        backlog = 0
        pass(ticks - queued, arrivals)
    }

    /// Ends the last tick: what is not served is late, and has waited until now. Returns how much of it there is.
    mutating func finish() -> Double {
        for work in waiting[served...] {
            let longest = tick - work.first
            tally.addUnserved(waits: longest - work.count + 1...longest, each: work.rate)
            cells?.add(ticks: work.first..<work.first + work.count, each: work.rate, longest: longest)
        }
        waiting.removeAll()
        return backlog
    }

    /// Ticks without a queue: what arrives is served in the same.
    private mutating func pass(_ ticks: Int, _ arrivals: Double) {
        tally.add(wait: 0, arrivals * Double(ticks))
        arrived += arrivals * Double(ticks)
        tick += ticks
    }

    /// The first of `ticks` throughout which the queue takes all the capacity.
    private func queuedTicks(_ ticks: Int, _ arrivals: Double, _ capacity: Double) -> Int {
        guard arrivals < capacity else { return ticks }
        let whole = (backlog / (capacity - arrivals)).rounded(.down)
        return whole < Double(ticks) ? Int(whole) : ticks
    }

    private mutating func serve(_ service: Service) {
        while served < waiting.count {
            let work = waiting[served]
            let share = (service.end + slack - work.before) / work.rate
            let done = share < Double(work.count) ? Int(max(share.rounded(.down), 0)) : work.count
            tallyWaits(work, first: done, service)
            guard done == work.count else {
                waiting[served].first += done
                waiting[served].count -= done
                waiting[served].before += work.rate * Double(done)
                return
            }
            served += 1
        }
        forgetServed()
    }

    /// The tick has come in which the queue empties.
    private mutating func serveAll() {
        for work in waiting[served...] {
            let longest = tick - work.first
            tally.add(waits: longest - work.count + 1...longest, each: work.rate)
            let late = min(work.count, max(0, longest - tally.firstLate + 1))
            cells?.add(ticks: work.first..<work.first + late, each: work.rate, longest: longest)
        }
        served = waiting.count
        forgetServed()
    }

    private mutating func forgetServed() {
        waiting.removeAll(keepingCapacity: waiting.count < 1_024)
        served = 0
    }

    /// Waits of the first `count` ticks of `work`, all of which `service` serves. They rise or fall all the way, so that the
    /// last tick of those that wait as long is found by bisection.
    private mutating func tallyWaits(_ work: Arrivals, first count: Int, _ service: Service) {
        func wait(_ number: Int) -> Int {
            let rank = ((work.before + work.rate * Double(number) - slack - service.before) / service.rate).rounded(.up)
            let tick = service.first + Int(min(max(rank, 1), Double(service.count))) - 1
            return max(tick - (work.first + number - 1), 0)
        }
        var number = 1
        while number <= count {
            let same = wait(number)
            var (low, reach) = (number, 1)
            while low + reach <= count, wait(low + reach) == same {
                low += reach
                reach *= 2
            }
            while reach > 1 {
                reach /= 2
                if low + reach <= count, wait(low + reach) == same { low += reach }
            }
            tally.add(wait: same, work.rate * Double(low - number + 1))
            if same >= tally.firstLate {
                cells?.add(ticks: work.first + number - 1..<work.first + low, each: work.rate, longest: same)
            }
            number = low + 1
        }
    }
}
