extension PredictedMetricAutoscaler {
    /// The Predictive Horizontal Pod Autoscaler with Holt-Winters. Its limit of raises holds for 60 s, where Kubernetes' holds for 15 s.
    ///
    /// It smooths its own replica counts and forecasts one step; here it smooths the demand that they come from, and the steps until
    /// a start decided now is ready count, because one step is over before that.
    package static func holtWinters(name: String, service: ServiceModel, target: Double) -> Self {
        Self(
            name: name, service: service, source: .peer("holt-winters"), lookAhead: service.startupSeconds,
            autoscaler: HorizontalPodAutoscaler(
                name: name, service: service, target: target, raisePeriodSeconds: 60))
    }
}
