import Units

/// What has been spent of a budget, and how many instances the rest allows.
///
/// The rest beside what the least instances need until the end of the period is spread over an hour, or over what is left of the period
/// where that is shorter: capacity fades as a budget runs out, and a morning's peak is not cut for the sake of an evening's.
struct BudgetLedger: Sendable {
    private static let spreadSeconds = 3_600.0

    private let budget: Budget
    private var period: Int64?
    /// Instance-seconds within `period`.
    private var spent = 0.0
    private var last: (at: Double, instances: Int)?

    init(_ budget: Budget) { self.budget = budget }

    /// `instances` run from `now` on; those of the call before did until now.
    ///
    /// What was spent in a period before the first call is not known; it is taken to be its even share.
    mutating func note(_ instances: Int, at now: Timestamp) {
        advance(to: now)
        last = (seconds(now), instances)
    }

    /// The most instances that may run from `now` on, where `least` run in any case.
    mutating func most(at now: Timestamp, least: Int) -> Int {
        advance(to: now)
        let length = Double(budget.period.seconds)
        let rest = length - (seconds(now) - Double(period ?? 0) * length)
        let free = budget.instanceHours * 3_600 - spent - Double(least) * rest
        return least + max(0, Int(clamping: (free / min(rest, Self.spreadSeconds) + 1e-9).rounded(.down)))
    }

    private mutating func advance(to now: Timestamp) {
        let time = seconds(now), length = Double(budget.period.seconds)
        let current = Int64((time / length).rounded(.down)), begin = Double(current) * length
        if let last, let period, time >= last.at {
            if period != current { spent = 0 }
            spent += Double(last.instances) * (time - max(last.at, begin))
            self.last = (time, last.instances)
        } else if period != current {
            spent = budget.instanceHours * 3_600 * (time - begin) / length
        }
        period = current
    }

    private func seconds(_ time: Timestamp) -> Double { Double(time.millisecondsSinceEpoch) / 1_000 }
}
