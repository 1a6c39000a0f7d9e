import Series
import Units

/// Starts what the newest demand asks for at once and stops an instance only when it has not been asked for over `keepSeconds`:
/// `app-engine-like` and `lcp` are made of it.
package struct KeptInstances: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let target: Double
    private let spare: Int
    private var asked: WindowMaximum

    init(name: String, service: ServiceModel, target: Double, spare: Int, keepSeconds: Int) {
        precondition(target > 0 && spare >= 0 && keepSeconds >= 1, "a target above 0, and a second at least")
        (self.name, self.service, self.target, self.spare) = (name, service, target, spare)
        asked = WindowMaximum(seconds: keepSeconds)
    }

    package mutating func decide(_ observation: Observation) -> Decision {
        let current = observation.desired
        guard let rate = service.recentRate(observation.demand, over: 60) else {
            return .held(current, .demandUnknown, service)
        }
        let need = service.clamped(service.instances(forRate: rate, target: target) + spare)
        let highest = asked.highest(adding: need, at: observation.now)
        let count = max(need, min(current, highest))
        let candidates = [need, highest, count].map { Decision.Candidate(.policyRule, $0) }
        return .settled(count, candidates, count == current ? .unchanged : .policyRule, service)
    }
}
