package import Series
package import Units

/// How a workload's capacity is made up; what a planner takes as given.
package struct ServiceModel: Hashable, Sendable {
    /// Demand per second that one ready instance sustains, above 0.
    package let perInstance: DemandRate
    /// Seconds from the decision to start an instance to its being ready, rounded up.
    package let startupSeconds: Int
    /// A request that waits longer is late.
    package let sloWaitSeconds: Double
    package let minInstances: Int
    package let maxInstances: Int
    /// How the demand series speaks. A row of a counter holds its increase; a gauge is read as a rate.
    package let kind: DemandKind
    /// What idle capacity and late requests cost, where it is known.
    package let prices: Prices?
    /// How requests wait on instances; nil where an instance carries `perInstance` and nothing waits below it.
    package let queue: QueueModel?
    package let limits: PlanLimits
    /// Where instances may wait between serving and not being there; ascending by promotion time, empty where they cannot.
    package let rungs: [StandbyRung]

    /// - Precondition: `perInstance` > 0, `startupSeconds` ≥ 0, 0 ≤ `minInstances` ≤ `maxInstances`.
    package init(
        perInstance: DemandRate, startupSeconds: Int, sloWaitSeconds: Double, minInstances: Int, maxInstances: Int,
        kind: DemandKind, prices: Prices? = nil, queue: QueueModel? = nil, limits: PlanLimits = .none,
        rungs: [StandbyRung] = []
    ) {
        precondition(
            perInstance.perSecond > 0 && startupSeconds >= 0, "an instance sustains something and starts after")
        precondition(0 <= minInstances && minInstances <= maxInstances, "need 0 ≤ min ≤ max instances")
        (self.perInstance, self.startupSeconds, self.sloWaitSeconds) = (perInstance, startupSeconds, sloWaitSeconds)
        (self.minInstances, self.maxInstances, self.kind, self.prices) = (minInstances, maxInstances, kind, prices)
        (self.queue, self.limits, self.rungs) = (queue, limits, rungs)
    }

    /// The same with another time to start.
    package func starting(inSeconds seconds: Int) -> ServiceModel {
        ServiceModel(
            perInstance: perInstance, startupSeconds: seconds, sloWaitSeconds: sloWaitSeconds,
            minInstances: minInstances, maxInstances: maxInstances, kind: kind, prices: prices, queue: queue,
            limits: limits, rungs: rungs)
    }

    /// The same within other limits beside the least and the most.
    func limited(to limits: PlanLimits) -> ServiceModel {
        ServiceModel(
            perInstance: perInstance, startupSeconds: startupSeconds, sloWaitSeconds: sloWaitSeconds,
            minInstances: minInstances, maxInstances: maxInstances, kind: kind, prices: prices, queue: queue,
            limits: limits, rungs: rungs)
    }

    package func clamped(_ instances: Int) -> Int { min(max(instances, minInstances), maxInstances) }

    /// What it costs to start so many instances, in instance-hours, beside the time that starts take; nil where a start has no price.
    package func startHours(_ starts: Int) -> Double? {
        limits.startCostSeconds > 0 ? Double(starts) * Double(limits.startCostSeconds) / 3_600 : nil
    }

    /// The demand per second that a row's `value` speaks of; nil where the row is missing. Negative counts as 0.
    package func rate(ofRow value: Double, step: Int) -> DemandRate? {
        guard value.isFinite else { return nil }
        return DemandRate(perSecond: max(value, 0) / (kind == .count || kind == .counter ? Double(step) : 1))
    }
}

/// What a policy may know at a tick.
package struct Observation: Sendable {
    package let now: Timestamp
    /// Instances wanted since the last decision.
    package let desired: Int
    /// Instances ready and still starting, of those wanted.
    package let ready: Int
    package let starting: Int
    /// The rows that have ended.
    package let demand: KnownDemand
    /// The newest forecast, made after `demand`; nil where there is none to be trusted.
    package let forecast: QuantileForecast?
    /// How long a start takes by now; nil where the service says it.
    package let lead: LeadTime?
    /// What schedules ask for, those that have ended or begin much later included.
    package let floors: [ScheduledFloor]

    package init(
        now: Timestamp, desired: Int, ready: Int, starting: Int, demand: KnownDemand, forecast: QuantileForecast?,
        lead: LeadTime? = nil, floors: [ScheduledFloor] = []
    ) {
        (self.now, self.desired, self.ready, self.starting) = (now, desired, ready, starting)
        (self.demand, self.forecast, self.lead, self.floors) = (demand, forecast, lead, floors)
    }

    /// The same as if `desired` instances were wanted.
    func wanting(_ desired: Int) -> Observation {
        Observation(
            now: now, desired: desired, ready: ready, starting: starting, demand: demand, forecast: forecast,
            lead: lead, floors: floors)
    }
}

/// A desired count, and why.
package struct Decision: Hashable, Sendable {
    package let desired: Int
    /// Every count that was considered, in the order it was.
    package let candidates: [Candidate]
    /// What settled it.
    package let binding: Reason
    /// How many instances are to wait on each rung, where there are rungs.
    package let standby: [StandbyCount]

    package struct Candidate: Hashable, Sendable {
        package let reason: Reason
        package let instances: Int
        package init(_ reason: Reason, _ instances: Int) { (self.reason, self.instances) = (reason, instances) }
    }

    /// Closed, so that it can label a metric and be told in words.
    package enum Reason: String, CaseIterable, Sendable {
        /// Forecast demand over the window that a start decided now would serve.
        case forecastOverLeadTime
        /// Forecast demand from now until an instance stopped now could be back.
        case forecastUntilRestart
        /// Demand observed last.
        case reactive
        /// Requests that wait because capacity was short.
        case backlog
        /// Demand fell far below what was likely: capacity is kept for its return.
        case suddenDrop
        /// Nothing is known of the demand: the count stays.
        case demandUnknown
        /// No wish to change.
        case unchanged
        case minInstances, maxInstances
        /// What an instance could be promoted from in time is left on a cheaper rung.
        case standbyRungs
        /// Instances kept ready beside what demand asks for.
        case hotStandby
        /// A floor that a schedule has set.
        case scheduledFloor
        /// The most that may be started or stopped at once.
        case stepUp, stepDown
        /// Too little is left of what may be spent.
        case budget
        /// More was wished a short while ago.
        case stabilisation
        /// The latest start is too recent for anything to be stopped.
        case minimumRun
        /// A rule of a peer policy, named by the policy.
        case policyRule
    }

    package init(desired: Int, candidates: [Candidate], binding: Reason, standby: [StandbyCount] = []) {
        (self.desired, self.candidates, self.binding) = (desired, candidates, binding)
        self.standby = standby
    }
}

/// Decides how many instances are wanted. The same code runs in the backtest and in the daemon.
///
/// A value with state of its own (a stabilisation window, say): no clock, no I/O, no randomness. One file each, one
/// line in `PolicyCatalogue`.
package protocol ScalingPolicy: Sendable {
    /// As users name it, `hpa:0.7`.
    var name: String { get }
    /// How many rows ahead, counted from the end of the known demand, a forecast must reach; 0 where none is used.
    func forecastHorizon(step: Int, tick: Int) -> Int
    /// Whose forecast that is.
    var forecastSource: ForecastSource { get }
    /// The share of demand that its forecast is to cover, by which models are chosen; nil where none is used.
    var operatingLevel: Double? { get }
    /// Called once a tick in time order, also when nothing has changed.
    mutating func decide(_ observation: Observation) -> Decision
}

/// Whose forecast a policy plans on. Policies are handed forecasts and make none.
package enum ForecastSource: Hashable, Sendable {
    /// The model that the user chose.
    case own
    /// The method of a peer, by the name of its forecaster.
    case peer(String)
}

extension ScalingPolicy {
    package func forecastHorizon(step: Int, tick: Int) -> Int { 0 }
    package var forecastSource: ForecastSource { .own }
    package var operatingLevel: Double? { nil }
}
