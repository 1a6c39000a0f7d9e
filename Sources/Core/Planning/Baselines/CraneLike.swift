extension PredictedMetricAutoscaler {
    /// Crane's effective autoscaler: the highest of the next hour as its signal processing sees it.
    package static func crane(name: String, service: ServiceModel, target: Double) -> Self {
        Self(
            name: name, service: service, source: .peer("crane-dsp"), lookAhead: 3_600,
            autoscaler: HorizontalPodAutoscaler(name: name, service: service, target: target))
    }
}
