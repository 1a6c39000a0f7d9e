import Series
import Units

extension ServiceModel {
    /// Instances that sustain `rate` per second, within the limits.
    package func instances(forRate rate: Double) -> Int {
        let exact = (rate / perInstance.perSecond - 1e-9).rounded(.up)
        return exact >= Double(maxInstances) ? maxInstances : clamped(Int(max(exact, 0)))
    }

    /// The same; where there is a queue, so that a request is late with no more than 1 - `level`.
    func instances(forRate rate: Double, level: Double) -> Int {
        guard let queue else { return instances(forRate: rate) }
        return clamped(queue.instances(RateSpread(rate), late: 1 - level, most: maxInstances))
    }

    /// Mean demand per second of the rows that ended within so many seconds, or of the last one where rows are longer; nil where all
    /// of them are missing.
    func recentRate(_ demand: KnownDemand, windowSeconds: Int) -> Double? {
        var (sum, count) = (0.0, 0)
        for value in demand.suffix(max(1, windowSeconds / demand.step)) where value.isFinite {
            sum += max(value, 0)
            count += 1
        }
        guard count > 0 else { return nil }
        return rate(ofRow: sum / Double(count), step: demand.step)?.perSecond
    }
}

extension Decision {
    /// `wish` within the limits; a limit that changed it is the binding reason.
    static func settled(
        _ wish: Int, _ candidates: [Candidate], _ reason: Reason, _ service: ServiceModel,
        standby: [StandbyCount] = []
    ) -> Decision {
        let desired = service.clamped(wish)
        let binding: Reason = desired == wish ? reason : desired < wish ? .maxInstances : .minInstances
        return Decision(desired: desired, candidates: candidates, binding: binding, standby: standby)
    }

    static func held(_ current: Int, _ reason: Reason, _ service: ServiceModel) -> Decision {
        settled(current, [Candidate(reason, current)], reason, service)
    }
}
