import Series
import Units

/// Tortoise: the Horizontal Pod Autoscaler, whose minimum is half of the highest count at this hour of this weekday in the last
/// four weeks.
///
/// The counts of the past are those that the demand then asks for at the target, so that a history of demand is enough. Its
/// emergency mode, which people switch on, and the container sizes it also changes are left out; its default limits of 3 to
/// 10 are the service's.
package struct TortoiseLike: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let target: Double
    private var autoscaler: HorizontalPodAutoscaler
    private var hour: Timestamp?
    private var minimum = 0

    private static let week = 604_800, weeks = 4, slot = 3_600, factor = 0.5

    /// - Precondition: `target`, the share of `perInstance` aimed at, is above 0.
    package init(name: String, service: ServiceModel, target: Double) {
        (self.name, self.service, self.target) = (name, service, target)
        autoscaler = HorizontalPodAutoscaler(name: name, service: service, target: target)
    }

    package mutating func decide(_ observation: Observation) -> Decision {
        let start = observation.now.slotStart(seconds: Self.slot)
        if start != hour { (hour, minimum) = (start, minimum(at: start, observation.demand)) }
        let reactive = autoscaler.decide(observation)
        guard reactive.desired < minimum else { return reactive }
        let candidates = reactive.candidates + [.init(.policyRule, minimum)]
        return .settled(minimum, candidates, .policyRule, service)
    }

    private func minimum(at start: Timestamp, _ demand: KnownDemand) -> Int {
        let rates = (1...Self.weeks).compactMap { week in
            let then = start.advanced(bySeconds: -week * Self.week)
            return service.highestRate(demand, from: then, through: then.advanced(bySeconds: Self.slot - 1))
        }
        let highest = rates.max().map { service.instances(forRate: $0, target: target) } ?? 0
        return service.clamped(Int((Double(highest) * Self.factor).rounded(.up)))
    }
}

extension Timestamp {
    /// The start of the slot of `seconds` since the epoch that holds this instant.
    func slotStart(seconds: Int) -> Timestamp {
        let slot = Int64(seconds) * 1_000
        return Timestamp(millisecondsSinceEpoch: millisecondsSinceEpoch.flooredDivision(by: slot).quotient * slot)
    }
}
