package import Forecasting
package import Planning
import Series
import Units

/// The cheapest plan with no wait once start-up allows. Linear in the seconds and in the changes of the need.
package func clairvoyantDecisions(_ trace: ReplayTrace, service: ReplayService) -> [ReplayDecision] {
    let (startup, count) = (service.model.startupSeconds, trace.arrivals.count)
    var change = [Int](repeating: 0, count: count)
    var ends: [Int?] = []
    var (need, held): (Int, Int?) = (0, nil)
    for second in 0..<count {
        let own = service.model.instances(forRate: trace.arrivals[second])
        if !trace.isGap[second] { held = own }
        let next = trace.isGap[second] ? held ?? own : own
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

/// Asks `policy` at every tick with no more than the rows that have ended; emits second 0 and every change.
package func runPolicy(
    _ policy: any ScalingPolicy, trace: ReplayTrace, service: ReplayService, tick: Int = 15,
    forecaster: RollingForecaster? = nil
) -> [ReplayDecision] {
    precondition(tick >= 1, "a tick of at least a second")
    var (policy, forecaster) = (policy, forecaster)
    var fleet = Fleet(initial: service.initialInstances, startupSeconds: service.model.startupSeconds)
    var (decisions, rows): ([ReplayDecision], Int) = ([], -1)
    var forecast: QuantileForecast?
    for second in stride(from: 0, to: trace.arrivals.count, by: tick) {
        let known = KnownDemand(trace.series, count: trace.rows.lowerBound + second / trace.series.step)
        if known.count != rows { forecast = forecaster?.forecast(after: known) }
        rows = known.count
        fleet.advance(to: second, wanting: fleet.desired)
        let observation = Observation(
            now: trace.start.advanced(bySeconds: second), desired: fleet.desired, ready: fleet.ready,
            starting: fleet.starting, demand: known, forecast: forecast)
        let wish = service.model.clamped(policy.decide(observation).desired)
        if second == 0 || wish != fleet.desired { decisions.append(.init(second: second, desired: wish)) }
        fleet.advance(to: second, wanting: wish)
    }
    return decisions
}
