package import Units

/// The same count always: `fixed:N`, and `peak` with the count for the highest demand.
package struct FixedPolicy: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let count: Int

    package init(name: String, service: ServiceModel, count: Int) {
        (self.name, self.service, self.count) = (name, service, count)
    }

    package mutating func decide(_ observation: Observation) -> Decision {
        .settled(count, [.init(.policyRule, count)], .policyRule, service)
    }
}

/// Counts from instants on, handed in: `clairvoyant`.
package struct SchedulePolicy: ScalingPolicy {
    package struct Entry: Hashable, Sendable {
        package let time: Timestamp
        package let count: Int
        package init(time: Timestamp, count: Int) { (self.time, self.count) = (time, count) }
    }

    package let name: String
    /// Ascending in time.
    package let entries: [Entry]
    private let service: ServiceModel
    private var next = 0

    package init(name: String, service: ServiceModel, entries: [Entry]) {
        (self.name, self.service, self.entries) = (name, service, entries)
    }

    package mutating func decide(_ observation: Observation) -> Decision {
        while next < entries.count, entries[next].time <= observation.now { next += 1 }
        guard next > 0 else { return .held(observation.desired, .unchanged, service) }
        let count = entries[next - 1].count
        return .settled(count, [.init(.policyRule, count)], .policyRule, service)
    }
}
