package import Forecasting
package import Planning
package import Ports
package import Series
package import Units

/// One workload of the control loop: what it reads, how it decides and what it acts on.
package struct Workload: Sendable {
    package let id: WorkloadID
    package let demand: SeriesKey
    package let kind: DemandKind
    /// Seconds a demand row spans.
    package let step: Int
    /// The rows that forecasts are made on.
    package let forecastGrid: ForecastGrid
    /// How many of those are kept, enough for the forecaster's longest feature.
    package let historyRows: Int
    /// How long the samples of a row may take to arrive, seconds: a row counts as ended only then.
    package let delaySeconds: Int
    /// Nil where there is nothing to act on.
    package let actuator: (any Actuator)?
    /// False where decisions are only recorded.
    package let isCarriedOut: Bool
    /// Lead time assumed until starts have been measured, seconds.
    package let assumedLeadSeconds: Double
    /// The policy; made once, with the lead time as it is known then.
    package let makePolicy: @Sendable (_ startupSeconds: Int) -> any ScalingPolicy
    /// How often, on what and for how far to learn; nil where the policy uses no forecast.
    package let forecaster: RollingForecaster?
    /// What is known of the model that `forecaster` begins with.
    package let begins: ModelStart?
    package let service: @Sendable (_ startupSeconds: Int) -> ServiceModel
    /// The events that are known for a history that ends then, asked for anew whenever a model is learnt; nil where there are
    /// none to know of.
    package let events: (@Sendable (_ end: Timestamp) throws -> KnownEvents)?

    /// `forecaster` learns on `forecastGrid`, which is a replay's of such a series where none is given.
    ///
    /// - Precondition: `forecastGrid` is one of rows of `step` seconds.
    package init(
        id: WorkloadID, demand: SeriesKey, kind: DemandKind, step: Int, forecastGrid: ForecastGrid? = nil,
        historyRows: Int, delaySeconds: Int = 0, actuator: (any Actuator)?, isCarriedOut: Bool = true,
        assumedLeadSeconds: Double,
        makePolicy: @escaping @Sendable (Int) -> any ScalingPolicy,
        forecaster: RollingForecaster?, begins: ModelStart? = nil,
        service: @escaping @Sendable (Int) -> ServiceModel,
        events: (@Sendable (Timestamp) throws -> KnownEvents)? = nil
    ) {
        self.events = events
        self.forecastGrid = forecastGrid ?? ForecastGrid(seriesStep: step)
        (self.id, self.demand, self.kind, self.step) = (id, demand, kind, step)
        (self.historyRows, self.delaySeconds, self.actuator) = (historyRows, delaySeconds, actuator)
        (self.isCarriedOut, self.assumedLeadSeconds) = (isCarriedOut && actuator != nil, assumedLeadSeconds)
        (self.makePolicy, self.forecaster, self.begins, self.service) = (makePolicy, forecaster, begins, service)
    }
}

/// A registered model that a workload begins with.
package struct ModelStart: Hashable, Sendable {
    package let version: Int
    /// Where the rows it learnt from end.
    package let learntBefore: Timestamp
    /// Its loss on rows it had not learnt from; nil where that was not noted.
    package let heldOut: Double?
    /// Whether refits wait until an operator releases it.
    package let isHeld: Bool

    package init(version: Int, learntBefore: Timestamp, heldOut: Double?, isHeld: Bool = false) {
        (self.version, self.learntBefore, self.heldOut, self.isHeld) = (version, learntBefore, heldOut, isHeld)
    }
}
