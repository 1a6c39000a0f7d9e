package import Forecasting
package import Planning

/// The forecasts that a policy plans on: how far ahead, and whose. Policies that need the same can share them.
///
/// The one place where policies meet forecasters.
package struct ForecastNeed: Hashable, Sendable {
    /// Rows of `grid`; 0 where the policy plans on none.
    package let horizon: Int
    package let source: ForecastSource
    private let grid: ForecastGrid

    package init(of policy: any ScalingPolicy, on grid: ForecastGrid, tick: Int) {
        horizon = policy.forecastHorizon(step: grid.step, tick: tick)
        source = policy.forecastSource
        self.grid = grid
    }

    /// What makes them, learning anew as often as it would live: the user's model `own` once a day, a peer's method as the peer
    /// does. Nil where none are needed; throws where there is no such method.
    package func forecaster(own: any Forecaster) throws(ForecastError) -> RollingForecaster? {
        guard horizon > 0 else { return nil }
        switch source {
        case .own: return RollingForecaster(own, task: grid.task(horizon: horizon), refitEvery: grid.rowsPerDay)
        case .peer(let name): return try PeerForecasters.rolling(named: name, horizon: horizon, step: grid.step)
        }
    }
}
