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
        let day = max(2, 86_400 / step)
        let task = ForecastTask(horizon: horizon, season: day, isWeekly: true)
        return RollingForecaster(own, task: task, refitEvery: day)
    case .peer(let name):
        return try PeerForecasters.rolling(named: name, horizon: horizon, step: step)
    }
}
