/// The higher of two wishes: a reactive policy's, and that of one that looks ahead. Forecasts can raise capacity here, and
/// never lower it below what reactive scaling would hold.
package struct FlooredPolicy: ScalingPolicy {
    package let name: String
    private var base: any ScalingPolicy
    private var raising: any ScalingPolicy

    package init(base: any ScalingPolicy, raising: any ScalingPolicy) {
        (self.base, self.raising) = (base, raising)
        name = "max(\(base.name), \(raising.name))"
    }

    package func forecastHorizon(step: Int, tick: Int) -> Int {
        max(base.forecastHorizon(step: step, tick: tick), raising.forecastHorizon(step: step, tick: tick))
    }

    package mutating func decide(_ observation: Observation) -> Decision {
        let floor = base.decide(observation), ahead = raising.decide(observation)
        let higher = ahead.desired > floor.desired ? ahead : floor
        return Decision(
            desired: higher.desired, candidates: floor.candidates + ahead.candidates, binding: higher.binding)
    }
}
