/// A base policy with a forecast under it: the higher of what both want. The forecast can add capacity and keep it, and
/// never takes away what the base policy asks for.
///
/// What a forecast is trusted with before it may also cut. Both see the same observation, so that for each the other's
/// count is the one it starts from, as an autoscaler sees a raised minimum.
package struct FlooredPolicy: ScalingPolicy {
    package let name: String
    private var base: any ScalingPolicy
    private var forecasting: any ScalingPolicy

    package init(name: String, base: any ScalingPolicy, forecasting: any ScalingPolicy) {
        (self.name, self.base, self.forecasting) = (name, base, forecasting)
    }

    package func forecastHorizon(step: Int, tick: Int) -> Int {
        max(base.forecastHorizon(step: step, tick: tick), forecasting.forecastHorizon(step: step, tick: tick))
    }

    package var forecastSource: ForecastSource { forecasting.forecastSource }
    package var operatingLevel: Double? { forecasting.operatingLevel ?? base.operatingLevel }

    /// The candidates of both, the base policy's first; the binding reason is that of the higher, the base policy's where
    /// they agree.
    package mutating func decide(_ observation: Observation) -> Decision {
        let below = base.decide(observation), above = forecasting.decide(observation)
        let binding = above.desired > below.desired ? above.binding : below.binding
        return Decision(
            desired: max(below.desired, above.desired), candidates: below.candidates + above.candidates,
            binding: binding, standby: above.standby)
    }
}
