import Series
import Units

/// Kubernetes' Horizontal Pod Autoscaler on an external metric with its default behaviour: a tolerance of 0.1, raises
/// of at most +100 % or +4 a tick, cuts to the highest recommendation of the last 300 s.
package struct HorizontalPodAutoscaler: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let target: Double
    private let metricWindowSeconds: Int
    private let stabilisationSeconds: Int
    private var recommendations: [(time: Timestamp, count: Int)] = []

    /// `metricWindowSeconds` of demand are averaged; a wish keeps the count from falling below it for
    /// `stabilisationSeconds`. The defaults are Kubernetes'.
    ///
    /// - Precondition: `target`, the share of `perInstance` aimed at, is above 0, and so are both windows.
    package init(
        name: String, service: ServiceModel, target: Double, metricWindowSeconds: Int = 60,
        stabilisationSeconds: Int = 300
    ) {
        precondition(target > 0 && metricWindowSeconds > 0 && stabilisationSeconds > 0, "a target, windows above 0")
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
        guard let rate = recentRate(observation.demand) else { return .held(current, .demandUnknown, service) }
        let wish = recommendation(rate, current: current)
        remember(wish, at: observation.now)
        let count = wish > current ? min(wish, max(current * 2, current + 4)) : min(current, recommendations[0].count)
        let reason: Decision.Reason = count == current ? .unchanged : .policyRule
        return .settled(count, [.init(.reactive, wish), .init(.policyRule, count)], reason, service)
    }

    /// Mean per second of the rows that ended within the metric window, or of the last one.
    private func recentRate(_ demand: KnownDemand) -> Double? {
        var (sum, count) = (0.0, 0)
        for value in demand.suffix(max(1, metricWindowSeconds / demand.step)) where value.isFinite {
            sum += max(value, 0)
            count += 1
        }
        guard count > 0 else { return nil }
        return service.rate(ofRow: sum / Double(count), step: demand.step)?.perSecond
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
