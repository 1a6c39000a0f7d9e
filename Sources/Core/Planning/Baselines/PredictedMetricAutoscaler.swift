import Series
import Units

/// The Horizontal Pod Autoscaler with predicted demand as a further metric, aimed at by the same target: the higher of what the two
/// ask for counts. `crane-like` and `phpa-like` are made of it.
///
/// While there is no forecast (no period was found, too little history) it is the plain autoscaler.
package struct PredictedMetricAutoscaler: ScalingPolicy {
    package let name: String
    package let forecastSource: ForecastSource
    private let service: ServiceModel
    private var autoscaler: HorizontalPodAutoscaler
    /// Seconds from now on whose highest forecast is the metric.
    private let lookAhead: Int

    init(
        name: String, service: ServiceModel, source: ForecastSource, lookAhead: Int,
        autoscaler: HorizontalPodAutoscaler
    ) {
        (self.name, self.service, forecastSource) = (name, service, source)
        (self.lookAhead, self.autoscaler) = (lookAhead, autoscaler)
    }

    package func forecastHorizon(step: Int, tick: Int) -> Int { (lookAhead + tick) / step + 2 }

    package mutating func decide(_ observation: Observation) -> Decision {
        let end = observation.now.advanced(bySeconds: lookAhead)
        let predicted = observation.forecast.flatMap { service.highestRate($0, from: observation.now, through: end) }
        return autoscaler.decide(observation, predicted: predicted)
    }
}
