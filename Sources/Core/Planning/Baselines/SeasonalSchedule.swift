import Series
import Units

/// As many instances as the same time a week before needed, or a day before where less is known, and `headroom` on top:
/// `seasonal-naive`, by rows, and `cron`, by whole hours as somebody would write them down.
///
/// What counts is the highest demand from now until a start decided now is ready, so that capacity is there when it is due.
/// Nothing reacts to what happens today, except that where no such time is known the newest row stands for it.
package struct SeasonalSchedule: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let headroom: Double
    private let tick: Int
    /// Seconds of a slot that has one count; nil where every row has its own.
    private let slot: Int?

    private static let periods = [604_800, 86_400]

    /// - Precondition: `headroom`, a share, is at least 0.
    package init(name: String, service: ServiceModel, headroom: Double, tick: Int, slot: Int? = nil) {
        precondition(headroom >= 0 && tick >= 1, "no headroom below 0, a tick of a second at least")
        (self.name, self.service, self.headroom) = (name, service, headroom)
        (self.tick, self.slot) = (tick, slot)
    }

    package mutating func decide(_ observation: Observation) -> Decision {
        let known = pastRate(observation) ?? service.recentRate(observation.demand, over: 1)
        guard let rate = known else { return .held(observation.desired, .demandUnknown, service) }
        let count = service.instances(forRate: rate * (1 + headroom))
        let reason: Decision.Reason = count == observation.desired ? .unchanged : .policyRule
        return .settled(count, [.init(.policyRule, count)], reason, service)
    }

    private func pastRate(_ observation: Observation) -> Double? {
        let (now, lead) = (observation.now, service.startupSeconds + tick - 1)
        for period in Self.periods {
            var (first, last) = (now, now.advanced(bySeconds: lead))
            if let slot {
                first = first.slotStart(seconds: slot)
                last = last.slotStart(seconds: slot).advanced(bySeconds: slot - 1)
            }
            let then = (first.advanced(bySeconds: -period), last.advanced(bySeconds: -period))
            if let rate = service.highestRate(observation.demand, from: then.0, through: then.1) { return rate }
        }
        return nil
    }
}
