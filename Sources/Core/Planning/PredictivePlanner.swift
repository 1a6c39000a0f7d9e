import Series
import Units

/// Starts ahead of forecast demand, and keeps what would soon have to be started again.
package struct PredictivePlanner: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let tick: Int
    private let level: Double
    private let keepLevel: Double

    /// `aggressiveness` is the quantile a start is decided on, within (0, 1); `keepLevel` the one beyond the lead time, where
    /// stopping is weighed against starting again.
    package init(
        name: String, service: ServiceModel, tick: Int, aggressiveness: Double, keepLevel: Double = 0.6
    ) {
        precondition(aggressiveness > 0 && aggressiveness < 1 && tick >= 1, "a quantile within (0, 1), a tick of 1 s")
        (self.name, self.service, self.tick) = (name, service, tick)
        (level, self.keepLevel) = (aggressiveness, min(keepLevel, aggressiveness))
    }

    package func forecastHorizon(step: Int, tick: Int) -> Int { (2 * service.startupSeconds + tick) / step + 2 }

    package var operatingLevel: Double? { level }

    package mutating func decide(_ observation: Observation) -> Decision {
        let reactive = service.reactiveInstances(observation.demand)
        guard let forecast = observation.forecast, forecast.horizon > 0 else {
            guard let reactive else { return .held(observation.desired, .demandUnknown, service) }
            return .settled(reactive, [.init(.reactive, reactive)], .reactive, service)
        }
        return decide(observation.desired, at: observation.now, on: forecast, reactive: reactive)
    }

    private func decide(_ current: Int, at now: Timestamp, on forecast: QuantileForecast, reactive: Int?) -> Decision {
        let lead = service.startupSeconds
        let ahead = instances(forecast, now.advanced(bySeconds: lead), lasting: tick, level: level)
        let soon = instances(forecast, now, lasting: lead + tick, level: level)
        let later = instances(forecast, now.advanced(bySeconds: lead + tick), lasting: lead, level: keepLevel)
        // Where the newest row is missing, nothing is stopped on the word of a forecast alone.
        let (up, keep) = (max(ahead, reactive ?? 0), max(ahead, soon, later, reactive ?? current))
        var candidates = [Decision.Candidate(.forecastOverLeadTime, ahead), .init(.forecastUntilRestart, keep)]
        if let reactive { candidates.append(.init(.reactive, reactive)) }
        if current < up {
            return .settled(up, candidates, ahead >= up ? .forecastOverLeadTime : .reactive, service)
        }
        if current > keep { return .settled(keep, candidates, .forecastUntilRestart, service) }
        return .settled(current, candidates, .unchanged, service)
    }

    /// What the highest row over the window asks for; rows past the horizon are taken to be like the last.
    private func instances(
        _ forecast: QuantileForecast, _ start: Timestamp, lasting seconds: Int, level: Double
    ) -> Int {
        let last = forecast.horizon - 1
        let first = min(max(forecast.grid.row(holding: start), 0), last)
        let end = min(max(forecast.grid.row(holding: start.advanced(bySeconds: seconds)), first), last)
        var highest = 0.0
        for row in first...end { highest = max(highest, forecast.value(row: row, level: level)) }
        return service.instances(forRate: service.rate(ofRow: highest, step: forecast.step)?.perSecond ?? 0)
    }
}

extension ServiceModel {
    /// Instances that sustain `rate` per second, within the limits.
    package func instances(forRate rate: Double) -> Int {
        let exact = (rate / perInstance.perSecond - 1e-9).rounded(.up)
        return exact >= Double(maxInstances) ? maxInstances : clamped(Int(max(exact, 0)))
    }

    /// Instances for the last row that ended; nil where it is missing.
    func reactiveInstances(_ demand: KnownDemand) -> Int? {
        guard demand.count > 0, let rate = rate(ofRow: demand[demand.count - 1], step: demand.step) else { return nil }
        return instances(forRate: rate.perSecond)
    }
}

extension Decision {
    /// `wish` within the limits; a limit that changed it is the binding reason.
    static func settled(
        _ wish: Int, _ candidates: [Candidate], _ reason: Reason, _ service: ServiceModel
    ) -> Decision {
        let desired = service.clamped(wish)
        let binding: Reason = desired == wish ? reason : desired < wish ? .maxInstances : .minInstances
        return Decision(desired: desired, candidates: candidates, binding: binding)
    }

    static func held(_ current: Int, _ reason: Reason, _ service: ServiceModel) -> Decision {
        settled(current, [Candidate(reason, current)], reason, service)
    }
}
