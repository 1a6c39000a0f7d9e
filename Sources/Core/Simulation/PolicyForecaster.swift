package import Forecasting
package import Planning

/// The forecasts that `policy` asks for, learnt anew as often as it would live: the user's model `own` once a day, a peer's method
/// as the peer does. Nil where the policy plans on none.
///
/// The one place where policies meet forecasters.
package func rollingForecaster(
    for policy: any ScalingPolicy, step: Int, tick: Int, own: any Forecaster
) throws(ForecastError) -> RollingForecaster? {
    let horizon = policy.forecastHorizon(step: step, tick: tick)
    guard horizon > 0 else { return nil }
    switch policy.forecastSource {
    case .own:
        let grid = ForecastGrid(seriesStep: step)
        let task = grid.task(horizon: horizon, operatingLevel: policy.operatingLevel)
        return RollingForecaster(own, task: task, refitEvery: grid.rowsPerDay)
    case .peer(let name):
        return try PeerForecasters.rolling(named: name, horizon: horizon, step: step)
    }
}

/// Policies that plan on the same forecasts, or on none.
package struct PolicyGroup: Sendable {
    /// Places in the list that was grouped.
    package let members: [Int]
    package let forecaster: RollingForecaster?
}

/// `policies` grouped so that each forecaster is learnt once; in the order of the first of each group. `step` is that of the
/// trace's `ForecastGrid`.
package func policyGroups(
    _ policies: [any ScalingPolicy], step: Int, tick: Int, own: any Forecaster
) throws(ForecastError) -> [PolicyGroup] {
    var places: [ForecastNeed: Int] = [:]
    var groups: [(first: Int, members: [Int])] = []
    for (index, policy) in policies.enumerated() {
        let horizon = policy.forecastHorizon(step: step, tick: tick)
        let need = ForecastNeed(policy, horizon: horizon, step: step)
        if let place = places[need] {
            groups[place].members.append(index)
        } else {
            places[need] = groups.count
            groups.append((index, [index]))
        }
    }
    var made: [PolicyGroup] = []
    for group in groups {
        let forecaster = try rollingForecaster(for: policies[group.first], step: step, tick: tick, own: own)
        made.append(PolicyGroup(members: group.members, forecaster: forecaster))
    }
    return made
}

private struct ForecastNeed: Hashable {
    let horizon: Int
    let source: ForecastSource?
    /// By which of its levels models are chosen.
    let decisiveLevels: [Int]

    init(_ policy: any ScalingPolicy, horizon: Int, step: Int) {
        self.horizon = horizon
        source = horizon > 0 ? policy.forecastSource : nil
        let grid = ForecastGrid(seriesStep: step)
        let task = grid.task(horizon: max(1, horizon), operatingLevel: policy.operatingLevel)
        decisiveLevels = horizon > 0 && source == .own ? task.decisiveLevels : []
    }
}
