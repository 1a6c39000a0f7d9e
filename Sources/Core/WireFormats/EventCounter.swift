package import Series
import Units

/// Counts events, or sums what they carry, by series and step.
///
/// A table of events says what happened all the time that it covers, so a step without an event between the first and the last
/// is a measured zero, for every series. Rows may come in any order and from several tables.
package struct EventCounter: Sendable {
    /// What is held and given back at most.
    package struct Limits: Hashable, Sendable {
        package var series = 100_000
        /// Steps of a series that have events, over all series; about 50 bytes each.
        package var filled = 4_000_000
        /// Samples given back, zeros among them, over all series.
        package var samples = 20_000_000

        package init() {}
    }

    private let every: Int64
    private let limits: Limits
    private var slots: [SeriesKey: Int] = [:]
    private var sums: [[Int64: Double]] = []
    private var filled = 0
    private var rows: ClosedRange<Int64>?
    /// In the order of their first events.
    package private(set) var keys: [SeriesKey] = []
    package private(set) var events = 0

    /// `every` is in seconds.
    package init(every: Int, limits: Limits = Limits()) {
        precondition(every > 0, "a step lasts")
        (self.every, self.limits) = (Int64(every) * 1_000, limits)
    }

    /// Complexity: O(1).
    ///
    /// - Throws: where there are more series or steps than may be, or a sum is no number; the event is not counted then.
    package mutating func count(_ event: EventRow) throws(LineProblem) {
        guard let value = event.value else { return }
        let row = event.milliseconds.flooredDivision(by: every).quotient
        let slot = try slot(of: event.key)
        let sum = (sums[slot][row] ?? 0) + value
        guard sum.isFinite else { throw LineProblem("the sum of its step is beyond what a number can be") }
        if sums[slot][row] == nil {
            guard filled < limits.filled else {
                throw LineProblem("over \(limits.filled) steps with events; take a longer --every or fewer --by")
            }
            filled += 1
        }
        sums[slot][row] = sum
        rows = min(rows?.lowerBound ?? row, row)...max(rows?.upperBound ?? row, row)
        events += 1
    }

    private mutating func slot(of key: SeriesKey) throws(LineProblem) -> Int {
        if let known = slots[key] { return known }
        guard keys.count < limits.series else {
            throw LineProblem("over \(limits.series) series; name fewer columns with --by")
        }
        slots[key] = keys.count
        keys.append(key)
        sums.append([:])
        return keys.count - 1
    }

    /// How many samples every series has.
    ///
    /// - Throws: where that is too much: one event of a wrong year must not become gigabytes of zeros.
    package func steps() throws(LineProblem) -> Int {
        guard let rows else { return 0 }
        let count = rows.upperBound - rows.lowerBound + 1
        guard count <= GridError.maximumRows, count * Int64(keys.count) <= limits.samples else {
            throw LineProblem(
                "the events span \(count) steps of \(every / 1_000) s in \(keys.count) series: too many; check their "
                    + "times, or take a longer --every or fewer --by")
        }
        return Int(count)
    }

    /// What was counted of `keys[number]`; a count belongs to [time, time + step). Call after `steps()`.
    ///
    /// Complexity: linear in the steps.
    package func samples(of number: Int) -> SampleColumns {
        var samples = SampleColumns()
        guard let rows else { return samples }
        for row in rows {
            samples.append(Timestamp(millisecondsSinceEpoch: row * every), sums[number][row] ?? 0)
        }
        return samples
    }
}
