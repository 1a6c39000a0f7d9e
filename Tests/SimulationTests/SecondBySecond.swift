import Planning
import Series
import Simulation
import Units

// The replay and the clairvoyant's plan with an entry for every second: what the ones in event form are held to.

extension ReplayTrace {
    /// Demand that arrives in each second, and whether the second lies in a missing row.
    var arrivals: [Double] { rates.flatMap { repeatElement($0.isNaN ? 0 : $0, count: step) } }
    var isGap: [Bool] { rates.flatMap { repeatElement($0.isNaN, count: step) } }
}

/// Replays `decisions` as a fluid queue in ticks of a second. Linear in the seconds.
///
/// `decisions` ascend from second 0 on; of several in one second the last counts.
func secondBySecond(
    _ trace: ReplayTrace, service: ReplayService, decisions: [ReplayDecision]
) -> ReplayFigures {
    let (arrivals, isGap) = (trace.arrivals, trace.isGap)
    var figures = ReplayFigures()
    guard !arrivals.isEmpty else { return figures }
    let ready = fleet(isGap, service, decisions, &figures)
    let waits = queueWaits(arrivals, ready, service, &figures)
    summarise(waits, &figures)
    return figures
}

/// Instances ready in each second; sets the figures of cost.
private func fleet(
    _ isGap: [Bool], _ service: ReplayService, _ decisions: [ReplayDecision], _ figures: inout ReplayFigures
) -> [Int] {
    var fleet = PlainFleet(initial: service.initialInstances, startupSeconds: service.model.startupSeconds)
    var (next, billed) = (0, 0)
    var ready: [Int] = []
    ready.reserveCapacity(isGap.count)
    for second in isGap.indices {
        var wish: Int?
        while next < decisions.count, decisions[next].second <= second {
            wish = decisions[next].desired
            next += 1
        }
        let before = fleet.desired
        fleet.advance(to: second, wanting: wish.map(service.model.clamped) ?? before)
        if fleet.desired > before { figures.raises += 1 }
        figures.starts += max(0, fleet.desired - before)
        if fleet.desired < before { figures.cuts += 1 }
        if !isGap[second] { billed += fleet.desired }
        figures.peak = max(figures.peak, fleet.desired)
        ready.append(fleet.ready)
    }
    figures.instanceHours = Double(billed) / 3_600
    return ready
}

/// Demand by the whole seconds it waited.
private func queueWaits(
    _ arrivals: [Double], _ ready: [Int], _ service: ReplayService, _ figures: inout ReplayFigures
) -> [Double] {
    let (arrived, served) = cumulated(arrivals, ready, service.model.perInstance.perSecond)
    let (total, count) = (arrived[arrived.count - 1], arrivals.count)
    let slack = 1e-9 * max(total, 1)
    var (waits, late, weighted) = ([Double](repeating: 0, count: count + 1), 0.0, 0.0)
    var end = 0
    for second in arrivals.indices {
        while end < count, served[end] < arrived[second] - slack { end += 1 }
        let wait = max(end - second, 0)
        waits[wait] += arrivals[second]
        weighted += arrivals[second] * Double(wait)
        if end >= count || Double(wait) > service.model.sloWaitSeconds { late += arrivals[second] }
        if arrivals[second] > 0 { figures.maxWait = max(figures.maxWait, Double(wait)) }
    }
    figures.requests = total
    if total > 0 { (figures.late, figures.meanWait) = (late / total, weighted / total) }
    figures.backlogAtEnd = max(total - served[count - 1], 0)
    return waits
}

/// What is late of what arrives in each second, and what is billed in it.
func lateAndBilledSecondBySecond(
    _ trace: ReplayTrace, service: ReplayService, decisions: [ReplayDecision]
) -> (late: [Double], billed: [Double]) {
    let (arrivals, isGap) = (trace.arrivals, trace.isGap)
    var figures = ReplayFigures()
    let ready = fleet(isGap, service, decisions, &figures)
    let (arrived, served) = cumulated(arrivals, ready, service.model.perInstance.perSecond)
    let slack = 1e-9 * max(arrived.last ?? 0, 1)
    var (late, end) = (arrivals, 0)
    for second in arrivals.indices {
        while end < arrivals.count, served[end] < arrived[second] - slack { end += 1 }
        let isLate = end >= arrivals.count || Double(max(end - second, 0)) > service.model.sloWaitSeconds
        if !isLate { late[second] = 0 }
    }
    var (billed, desired, next) = (arrivals, service.initialInstances, 0)
    for second in arrivals.indices {
        while next < decisions.count, decisions[next].second <= second {
            desired = service.model.clamped(decisions[next].desired)
            next += 1
        }
        billed[second] = isGap[second] ? 0 : Double(desired)
    }
    return (late, billed)
}

private func cumulated(_ arrivals: [Double], _ ready: [Int], _ perInstance: Double) -> ([Double], [Double]) {
    var (arrived, served) = (arrivals, arrivals)
    var (total, capacity, lowest) = (0.0, 0.0, 0.0)
    for second in arrivals.indices {
        total += arrivals[second]
        capacity += Double(ready[second]) * perInstance
        lowest = min(lowest, total - capacity)
        (arrived[second], served[second]) = (total, capacity + lowest)
    }
    return (arrived, served)
}

private func summarise(_ waits: [Double], _ figures: inout ReplayFigures) {
    guard figures.requests > 0 else { return }
    let last = waits.lastIndex { $0 > 0 } ?? 0
    var below = 0.0
    var reached = [Double](repeating: Double(last), count: 4)
    let shares = [0.5, 0.95, 0.99, 0.999]
    for (wait, weight) in waits.enumerated() {
        for (index, share) in shares.enumerated()
        where below < share * figures.requests && below + weight >= share * figures.requests {
            reached[index] = Double(wait)
        }
        below += weight
    }
    (figures.p50, figures.p95, figures.p99, figures.p999) = (reached[0], reached[1], reached[2], reached[3])
}

/// Instances ready and starting. A cut takes the latest started first, then ready ones.
private struct PlainFleet {
    private(set) var desired: Int
    private(set) var ready: Int
    private var batches: [(readyAt: Int, count: Int)] = []
    private let startupSeconds: Int

    init(initial: Int, startupSeconds: Int) {
        (desired, ready, self.startupSeconds) = (initial, initial, startupSeconds)
    }

    var starting: Int { desired - ready }

    mutating func advance(to second: Int, wanting wish: Int) {
        if wish > desired { batches.append((second + startupSeconds, wish - desired)) }
        if wish < desired { cut(desired - wish, at: second) }
        desired = wish
        while let first = batches.first, first.readyAt <= second {
            ready += first.count
            batches.removeFirst()
        }
    }

    private mutating func cut(_ excess: Int, at second: Int) {
        var left = excess
        while left > 0, let last = batches.last, last.readyAt > second {
            let taken = min(left, last.count)
            left -= taken
            batches.removeLast()
            if taken < last.count { batches.append((last.readyAt, last.count - taken)) }
        }
        while let first = batches.first, first.readyAt <= second {
            ready += first.count
            batches.removeFirst()
        }
        ready -= left
    }
}

/// The cheapest plan with no wait once start-up allows. Linear in the seconds and in the changes of the need.
func clairvoyantSecondBySecond(_ trace: ReplayTrace, service: ReplayService) -> [ReplayDecision] {
    let (arrivals, isGap) = (trace.arrivals, trace.isGap)
    let (startup, count) = (service.model.startupSeconds, arrivals.count)
    var change = [Int](repeating: 0, count: count)
    var ends: [Int?] = []
    var (need, held): (Int, Int?) = (0, nil)
    for second in 0..<count {
        let own = service.model.instances(forRate: arrivals[second])
        if !isGap[second] { held = own }
        let next = isGap[second] ? held ?? own : own
        while ends.count < next { ends.append(nil) }
        for instance in need..<max(need, next) {
            if let end = ends[instance], second - end <= startup {
                change[end] += 1
            } else {
                change[max(second - startup, 0)] += 1
            }
        }
        for instance in next..<max(need, next) { ends[instance] = second }
        change[second] -= max(need - next, 0)
        need = next
    }
    return changes(change)
}

private func changes(_ change: [Int]) -> [ReplayDecision] {
    var (want, decisions): (Int, [ReplayDecision]) = (0, [])
    for (second, difference) in change.enumerated() where second == 0 || difference != 0 {
        want += difference
        decisions.append(ReplayDecision(second: second, desired: want))
    }
    return decisions
}
