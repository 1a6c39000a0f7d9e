import Planning
import Units

/// From `second` of the scored part on, `desired` instances are wanted.
package struct ReplayDecision: Hashable, Sendable {
    package let second: Int
    package let desired: Int
    package init(second: Int, desired: Int) { (self.second, self.desired) = (second, desired) }
}

/// What decisions cost and how long requests waited.
package struct ReplayFigures: Hashable, Sendable {
    package var requests = 0.0, late = 0.0, meanWait = 0.0
    package var p50 = 0.0, p95 = 0.0, p99 = 0.0, p999 = 0.0, maxWait = 0.0
    package var instanceHours = 0.0
    package var peak = 0, raises = 0, cuts = 0
    package var backlogAtEnd = 0.0

    package init() {}
}

/// Replays `decisions` as a fluid queue in ticks of a second. Linear in the seconds.
///
/// `decisions` ascend from second 0 on; of several in one second the last counts.
package func replay(
    arrivals: [Double], isGap: [Bool], service: ReplayService, decisions: [ReplayDecision]
) -> ReplayFigures {
    precondition(arrivals.count == isGap.count, "a gap mark for every second")
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
    var fleet = Fleet(initial: service.initialInstances, startupSeconds: service.model.startupSeconds)
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
struct Fleet {
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
