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
    private let raisePeriodSeconds: Int
    private var recommendations: [(time: Timestamp, count: Int)] = []
    private var raises: [(time: Timestamp, count: Int)] = []

    /// The defaults are Kubernetes'; other windows are for a time that runs faster. `raisePeriodSeconds` is the time that the
    /// limit of raises holds for; 0 is a tick.
    ///
    /// - Precondition: `target`, the share of `perInstance` aimed at, is above 0; the windows are at least a second.
    package init(
        name: String, service: ServiceModel, target: Double, metricWindowSeconds: Int = 60,
        stabilisationSeconds: Int = 300, raisePeriodSeconds: Int = 0
    ) {
        precondition(target > 0, "a target above 0")
        precondition(metricWindowSeconds >= 1 && stabilisationSeconds >= 1, "windows of a second at least")
        (self.name, self.service, self.target) = (name, service, target)
        (self.metricWindowSeconds, self.stabilisationSeconds) = (metricWindowSeconds, stabilisationSeconds)
        self.raisePeriodSeconds = raisePeriodSeconds
    }

    package mutating func decide(_ observation: Observation) -> Decision { decide(observation, predicted: nil) }

    /// As with a further metric, `predicted` demand per second, where there is one: the higher recommendation counts. While the
    /// demand itself is missing, the predicted one may raise and never cuts.
    ///
    /// The first call seeds the window with the current count and changes nothing.
    mutating func decide(_ observation: Observation, predicted: Double?) -> Decision {
        let current = observation.desired
        guard !recommendations.isEmpty else {
            recommendations = [(observation.now, service.clamped(current))]
            return .held(current, .unchanged, service)
        }
        let rate = service.recentRate(observation.demand, over: metricWindowSeconds)
        let reactive = rate.map { recommendation($0, current: current) }
        let ahead = predicted.map { recommendation($0, current: current) }
        guard let wish = ahead.map({ max($0, reactive ?? $0) }) ?? reactive, reactive != nil || wish > current else {
            return .held(current, .demandUnknown, service)
        }
        remember(wish, at: observation.now)
        let count = wish > current ? raised(wish, current, observation.now) : min(current, recommendations[0].count)
        let reason: Decision.Reason = count == current ? .unchanged : .policyRule
        var candidates = [Decision.Candidate(.reactive, reactive ?? current), .init(.policyRule, count)]
        if let ahead { candidates.append(.init(.forecastOverLeadTime, ahead)) }
        return .settled(count, candidates, reason, service)
    }

    /// At most doubled or by four more than before the raises of the last period; never below `current`.
    private mutating func raised(_ wish: Int, _ current: Int, _ now: Timestamp) -> Int {
        raises.removeAll { now.seconds(since: $0.time) >= Double(raisePeriodSeconds) }
        let before = max(0, current - raises.reduce(0) { $0 + $1.count })
        let count = max(current, min(wish, max(before * 2, before + 4)))
        if raisePeriodSeconds > 0, count > current { raises.append((now, count - current)) }
        return count
    }

    private func recommendation(_ rate: Double, current: Int) -> Int {
        let each = service.perInstance.perSecond * target
        // Nothing is within the tolerance of no instance at all.
        if current > 0, abs(rate / (Double(current) * each) - 1) <= 0.1 { return service.clamped(current) }
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
