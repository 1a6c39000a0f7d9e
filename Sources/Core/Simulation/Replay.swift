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
    /// Instances that were started, those stopped before they were ready included.
    package var starts = 0
    package var backlogAtEnd = 0.0

    package init() {}
}

/// Replays `decisions` as a fluid queue in ticks of a second.
///
/// `decisions` ascend from second 0 on; of several in one second the last counts. Between changes of the demand and of the
/// ready instances all is linear, so that only those are stepped through.
/// Complexity: linear in the rows, the decisions and the changes of the wait, whatever seconds they span.
package func replay(
    _ trace: ReplayTrace, service: ReplayService, decisions: [ReplayDecision]
) -> ReplayFigures {
    replay(trace, service, decisions, cells: nil).figures
}

/// The same, and how much of it falls into each stretch of `cellSeconds`.
///
/// Complexity: as without, and linear in the cells and in the stretches of late requests and of missing rows.
package func replayByCells(
    _ trace: ReplayTrace, service: ReplayService, decisions: [ReplayDecision], cellSeconds: Int
) -> (figures: ReplayFigures, cells: ReplayBreakdown) {
    let (figures, late) = replay(
        trace, service, decisions, cells: LateCells(seconds: cellSeconds, of: trace.seconds))
    let billed = billedSeconds(trace, service, decisions, cellSeconds: cellSeconds)
    return (
        figures,
        ReplayBreakdown(
            cellSeconds: cellSeconds, late: late?.late ?? [], longestWait: late?.longest ?? [], billedSeconds: billed,
            started: startedInstances(trace, service, decisions, cellSeconds: cellSeconds))
    )
}

private func replay(
    _ trace: ReplayTrace, _ service: ReplayService, _ decisions: [ReplayDecision], cells: LateCells?
) -> (figures: ReplayFigures, cells: LateCells?) {
    var figures = ReplayFigures()
    let step = Double(trace.step)
    let total = trace.rates.reduce(0) { $1 > 0 ? $0 + $1 * step : $0 }
    var queue = FluidQueue(
        slack: 1e-9 * max(total, 1), sloWaitSeconds: service.model.sloWaitSeconds, cells: cells)
    run(trace, service, decisions, &queue, &figures)
    figures.backlogAtEnd = queue.finish()
    queue.tally.summarise(total: total, &figures)
    return (figures, queue.cells)
}

/// Steps from change to change; sets the figures of cost.
private func run(
    _ trace: ReplayTrace, _ service: ReplayService, _ decisions: [ReplayDecision], _ queue: inout FluidQueue,
    _ figures: inout ReplayFigures
) {
    let (rates, step, end) = (trace.rates, trace.step, trace.seconds)
    let each = service.model.perInstance.perSecond
    var fleet = Fleet(initial: service.initialInstances, startupSeconds: service.model.startupSeconds)
    var (second, next, billed, rowsEnd) = (0, 0, 0, 0)
    var (rate, capacity) = (0.0, Double(fleet.ready) * each)
    while second < end {
        if next < decisions.count && decisions[next].second <= second || fleet.nextReady <= second {
            follow(decisions, &next, at: second, service, &fleet, &figures)
            capacity = Double(fleet.ready) * each
        }
        figures.peak = max(figures.peak, fleet.desired)
        if second == rowsEnd {
            var row = second / step
            rate = rates[row]
            repeat { row += 1 } while row < rates.count && (rates[row] == rate || rates[row].isNaN && rate.isNaN)
            rowsEnd = row * step
        }
        var until = min(rowsEnd, fleet.nextReady)
        if next < decisions.count { until = min(until, decisions[next].second) }
        if !rate.isNaN { billed += fleet.desired * (until - second) }
        queue.advance(ticks: until - second, arrivals: rate.isNaN ? 0 : rate, capacity: capacity)
        second = until
    }
    figures.instanceHours = Double(billed) / 3_600
}

/// Takes the last of the decisions that are due, and lets start what has become ready.
private func follow(
    _ decisions: [ReplayDecision], _ next: inout Int, at second: Int, _ service: ReplayService, _ fleet: inout Fleet,
    _ figures: inout ReplayFigures
) {
    var wish: Int?
    while next < decisions.count, decisions[next].second <= second {
        wish = decisions[next].desired
        next += 1
    }
    let before = fleet.desired
    fleet.advance(to: second, wanting: wish.map(service.model.clamped) ?? before)
    if fleet.desired > before {
        (figures.raises, figures.starts) = (figures.raises + 1, figures.starts + fleet.desired - before)
    }
    if fleet.desired < before { figures.cuts += 1 }
}
