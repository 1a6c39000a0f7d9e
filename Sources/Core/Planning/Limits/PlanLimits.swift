package import Units

/// What bounds a plan beside the least and the most instances. Without any of them nothing is bounded.
///
/// Where they cannot all hold: the most instances before the least, those before the budget, the budget before the steps, the steps
/// before the stabilisation window and the minimum run, and all of them before what is wished: demand, standby and scheduled floors.
package struct PlanLimits: Hashable, Sendable {
    /// The most that the count may change by in a tick, of the count before; a share is at least one instance.
    package var stepUp: InstanceAmount?, stepDown: InstanceAmount?
    package var budget: Budget?
    /// Ready instances beside what demand asks for.
    package var standby: InstanceAmount?
    /// The count falls no lower than the highest that was wished within so many seconds; 0: no window.
    package var stabilisationSeconds = 0
    /// Nothing is stopped within so many seconds of the latest start; 0: at any time.
    package var minimumRunSeconds = 0
    /// What a start costs, in seconds of an instance; beside its time to start, which is paid anyway.
    package var startCostSeconds = 0
    /// Floors that return.
    package var schedules: [FloorSchedule] = []

    package init() {}

    package static var none: Self { PlanLimits() }

    /// An instance that is stopped must not be wanted back before it has saved what starting it again costs: its start, and that
    /// it then runs for a while. Seconds.
    var breakEvenSeconds: Int { startCostSeconds + minimumRunSeconds }
}

/// A number of instances, or a share of some: `4` or `10%`.
package enum InstanceAmount: Hashable, Sendable {
    case count(Int)
    case share(Double)

    /// Nil unless it is a whole number or a percentage, from 0 to 10,000.
    package init?(parsing text: String) {
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), (0...10_000).contains(percent) else { return nil }
            self = .share(percent / 100)
        } else {
            guard let count = Int(text), (0...10_000).contains(count) else { return nil }
            self = .count(count)
        }
    }

    /// Rounded up.
    package func of(_ instances: Int) -> Int {
        switch self {
        case .count(let count): count
        case .share(let share): Int(clamping: (Double(instances) * share - 1e-9).rounded(.up))
        }
    }

    /// What `whole` was before the amount was added to it.
    func taken(from whole: Int) -> Int {
        switch self {
        case .count(let count): max(whole - count, 0)
        case .share(let share): Int(clamping: (Double(whole) / (1 + share) + 1e-9).rounded(.down))
        }
    }
}

/// A floor that somebody has set for a time, as a schedule does.
package struct ScheduledFloor: Hashable, Sendable {
    package let start: Timestamp, end: Timestamp
    package let instances: Int

    /// It holds within [`start`, `end`).
    package init(from start: Timestamp, to end: Timestamp, instances: Int) {
        (self.start, self.end, self.instances) = (start, end, instances)
    }

    /// The highest of those that hold at some time within [`now`, `now` + `seconds`).
    package static func highest(_ floors: [Self], from now: Timestamp, seconds: Int) -> Int? {
        let end = now.advanced(bySeconds: max(seconds, 1))
        return floors.filter { $0.start < end && now < $0.end }.map(\.instances).max()
    }
}

/// Instance-hours that may be spent within every hour or day of UTC.
package struct Budget: Hashable, Sendable {
    package enum Period: String, CaseIterable, Sendable {
        case hour, day
        package var seconds: Int { self == .hour ? 3_600 : 86_400 }
    }
    package let instanceHours: Double
    package let period: Period

    /// Nil unless it is finite and above 0.
    package init?(instanceHours: Double, per period: Period) {
        guard instanceHours > 0, instanceHours.isFinite else { return nil }
        (self.instanceHours, self.period) = (instanceHours, period)
    }

    /// Instances that it pays for all the time.
    package var instances: Double { instanceHours * 3_600 / Double(period.seconds) }
}
