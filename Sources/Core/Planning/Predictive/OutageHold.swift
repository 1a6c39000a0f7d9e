/// Keeps capacity through a drop that nobody expected: an outage upstream ends as suddenly as it began.
///
/// No timer says for how long. What has lasted for a while is as likely to last as long again, so the chance that demand is back
/// within the time w that a start takes is w/(age + w); capacity is kept while that exceeds the chance of being late that the
/// dial allows, until an age of w·dial/(1 - dial). At a dial of 0.95 and a start-up of two minutes that is 40 minutes, at 0.99
/// nearly four hours. After that the low demand is what demand is, and the next drop is one from there.
package struct OutageHold: Sendable {
    /// A row below this share of the least that was thought likely is a drop.
    package static let share = 0.5
    /// After the return the forecasts are low for a while, seconds.
    package static let afterSeconds: Int64 = 600

    /// What was likely before the drop; nil outside one.
    private var normal: Double?
    private var held: (count: Int, until: Int64)?

    package init() {}

    /// A row has ended at `end` with `actual` per second, where at least `low` was likely and `desired` instances are wanted; a
    /// start and a tick take `window` seconds.
    package mutating func learn(actual: Double, low: Double, desired: Int, end: Int64, window: Int, dial: Double) {
        if let before = normal {
            let held = count(at: end)
            // Until forecasts have come down to it, a drop that was given up is still that drop.
            guard actual >= Self.share * (held == nil ? low : before) else { return }
            normal = nil
            if let held { self.held = (held, end + Int64(window) + Self.afterSeconds) }
        } else if actual < Self.share * low {
            let seconds = min(Double(window) * dial / (1 - dial), 1e9)
            (normal, held) = (low, (desired, end + Int64(seconds)))
        }
    }

    /// The count not to go below; nil where nothing is held.
    package func count(at now: Int64) -> Int? {
        guard let held, now < held.until else { return nil }
        return held.count
    }
}
