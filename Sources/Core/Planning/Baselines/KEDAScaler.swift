import Series
import Units

/// KEDA with its defaults: every 30 s it looks whether there is demand at all; it starts the first instance, stops all of them after
/// 300 s without any, and leaves what is between to the Horizontal Pod Autoscaler on the same metric.
///
/// Where the service keeps at least one instance, it is that autoscaler. While the metric is missing nothing changes, as without
/// a configured fallback.
package struct KEDAScaler: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private var autoscaler: HorizontalPodAutoscaler
    private var polledAt: Timestamp?, activeAt: Timestamp?
    private var isActive = false

    private static let pollingSeconds = 30.0, cooldownSeconds = 300.0

    /// - Precondition: `target`, the share of `perInstance` aimed at, is above 0.
    package init(name: String, service: ServiceModel, target: Double) {
        (self.name, self.service) = (name, service)
        autoscaler = HorizontalPodAutoscaler(name: name, service: service.keepingOne, target: target)
    }

    package mutating func decide(_ observation: Observation) -> Decision {
        guard service.minInstances == 0 else { return autoscaler.decide(observation) }
        guard let rate = service.recentRate(observation.demand, over: 60) else {
            return .held(observation.desired, .demandUnknown, service)
        }
        poll(rate, observation.now)
        if observation.desired == 0 { return rule(isActive ? 1 : 0) }
        let isCold = activeAt.map { observation.now.seconds(since: $0) >= Self.cooldownSeconds } ?? true
        if !isActive && isCold { return rule(0) }
        let between = autoscaler.decide(observation)
        return .settled(
            between.desired, between.candidates + [.init(.policyRule, between.desired)], .policyRule, service)
    }

    private mutating func poll(_ rate: Double, _ now: Timestamp) {
        if let polledAt, now.seconds(since: polledAt) < Self.pollingSeconds { return }
        (polledAt, isActive) = (now, rate > 0)
        if isActive { activeAt = now }
    }

    private func rule(_ count: Int) -> Decision {
        .settled(count, [.init(.policyRule, count)], .policyRule, service)
    }
}

extension ServiceModel {
    /// The same with at least one instance.
    fileprivate var keepingOne: ServiceModel {
        ServiceModel(
            perInstance: perInstance, startupSeconds: startupSeconds, sloWaitSeconds: sloWaitSeconds,
            minInstances: max(1, minInstances), maxInstances: max(1, maxInstances), kind: kind, prices: prices)
    }
}
