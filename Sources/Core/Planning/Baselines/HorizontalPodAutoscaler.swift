import Series
import Units

/// Kubernetes' Horizontal Pod Autoscaler on an external metric with its default behaviour: a tolerance of 0.1, raises
/// of at most +100 % or +4 a tick, cuts to the highest recommendation of a stabilisation window. It synchronises at
/// every tick; Kubernetes does so every 15 s.
package struct HorizontalPodAutoscaler: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let target: Double
    private let metricWindowSeconds: Int, stabilisationSeconds: Int
    private var recommendations: [(time: Timestamp, count: Int)] = []

    /// The defaults are Kubernetes'; other windows are for a time that runs faster.
    ///
    /// - Precondition: `target`, the share of `perInstance` aimed at, is above 0; the windows are at least a second.
    package init(
        name: String, service: ServiceModel, target: Double, metricWindowSeconds: Int = 60,
        stabilisationSeconds: Int = 300
    ) {
        precondition(target > 0, "a target above 0")
        precondition(metricWindowSeconds >= 1 && stabilisationSeconds >= 1, "windows of a second at least")
        (self.name, self.service, self.target) = (name, service, target)
        (self.metricWindowSeconds, self.stabilisationSeconds) = (metricWindowSeconds, stabilisationSeconds)
    }

    /// The first call seeds the window with the current count and changes nothing.
    package mutating func decide(_ observation: Observation) -> Decision {
        let current = observation.desired
        guard !recommendations.isEmpty else {
            recommendations = [(observation.now, service.clamped(current))]
            return .held(current, .unchanged, service)
        }
        guard let rate = service.recentRate(observation.demand, windowSeconds: metricWindowSeconds) else {
            return .held(current, .demandUnknown, service)
        }
        let wish = recommendation(rate, current: current)
        remember(wish, at: observation.now)
        let count = wish > current ? min(wish, max(current * 2, current + 4)) : min(current, recommendations[0].count)
        let reason: Decision.Reason = count == current ? .unchanged : .policyRule
        return .settled(count, [.init(.reactive, wish), .init(.policyRule, count)], reason, service)
    }

    private func recommendation(_ rate: Double, current: Int) -> Int {
        let each = service.perInstance.perSecond * target
        if abs(rate / (Double(max(current, 1)) * each) - 1) <= 0.1 { return service.clamped(current) }
        let exact = (rate / each - 1e-9).rounded(.up)
        return exact >= Double(service.maxInstances) ? service.maxInstances : service.clamped(Int(max(exact, 0)))
    }

    /// Keeps a falling queue, so that its head is the window's highest.
    private mutating func remember(_ count: Int, at now: Timestamp) {
        while let last = recommendations.last, last.count <= count { recommendations.removeLast() }
        recommendations.append((now, count))
        recommendations.removeAll { now.seconds(since: $0.time) >= Double(stabilisationSeconds) }
    }
}
