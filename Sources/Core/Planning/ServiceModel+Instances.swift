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
