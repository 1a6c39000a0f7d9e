/// Keeps capacity through a drop that nobody expected: an outage upstream ends as suddenly as it began.
///
/// No timer says for how long. What has lasted for a while is as likely to last as long again, so the chance that demand is back
/// within the time that a start takes is w/(age + w); capacity is kept while that exceeds the chance of being late that the
/// dial allows. At a dial of 0.95 and a start-up of two minutes that is 40 minutes, at 0.99 nearly four hours.
package struct OutageHold: Sendable {
    /// A row below this share of the least that was thought likely is a drop.
    package static let share = 0.5
    /// After the return the forecasts are low for a while.
    package static let afterSeconds: Int64 = 600

    private var began: Int64?
    private var normal = 0.0
    private var count = 0
    private var endsAt: Int64?

    package init() {}

    /// A row has ended at `end` with `actual` per second, where at least `low` was likely and `desired` instances are wanted.
    package mutating func learn(actual: Double, low: Double, desired: Int, end: Int64, leadSeconds: Int) {
        if began != nil {
            if actual >= Self.share * normal {
                began = nil
                endsAt = end + Int64(leadSeconds) + Self.afterSeconds
            }
        } else if actual < Self.share * low {
            (began, normal, endsAt) = (end, low, nil)
            count = desired
        }
    }

    /// The count not to go below; nil where nothing is held.
    package func count(at now: Int64, window: Int, dial: Double) -> Int? {
        if let endsAt { return now < endsAt ? count : nil }
        guard let began else { return nil }
        let chance = Double(window) / Double(max(now - began, 0) + Int64(window))
        return chance > 1 - dial ? count : nil
    }
}
