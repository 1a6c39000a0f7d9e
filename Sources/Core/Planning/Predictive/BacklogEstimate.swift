/// Requests that wait, as far as demand and ready capacity tell.
///
/// No metric of it is needed: what came in since a row ended less what the instances that were ready could serve.
package struct BacklogEstimate: Sendable {
    /// When the last row ended, of the size `requests` is known up to.
    private var end: Int64?
    private var capacity = 0.0
    private var last: (at: Int64, perSecond: Double)?
    package private(set) var requests = 0.0

    package init() {}

    /// `perSecond` is what the ready instances sustain; `arrived` are the requests of the rows that ended since the last call, nil
    /// where one of them is missing, and then what waits is taken to be unchanged.
    package mutating func advance(to now: Int64, rowsEnd: Int64, arrived: Double?, perSecond: Double) {
        if let last, now > last.at {
            // Starts may have become ready in between: the lesser of both is sure.
            capacity += Double(now - last.at) * min(last.perSecond, perSecond)
        }
        if let end, rowsEnd > end {
            let share = now > end ? min(Double(rowsEnd - end) / Double(now - end), 1) : 1
            if let arrived { requests = max(0, requests + arrived - capacity * share) }
            capacity *= 1 - share
        }
        end = max(end ?? rowsEnd, rowsEnd)
        last = (now, perSecond)
    }

    /// What waits at `now` when the running row brings `rate` per second.
    package func requests(at now: Int64, rate: Double) -> Double {
        guard let end else { return 0 }
        return max(0, requests + rate * Double(max(now - end, 0)) - capacity)
    }
}
