package import Units

/// Values on a regular grid. NaN marks a row that is missing: unknown, which is not zero.
package struct RegularSeries: Sendable {
    package let start: Timestamp
    /// Seconds a row spans, at least 1.
    package let step: Int
    /// One value a row, finite or NaN.
    package private(set) var values: [Double]

    /// - Precondition: `step` ≥ 1 and no value is infinite.
    package init(start: Timestamp, step: Int, values: [Double]) {
        precondition(step >= 1, "a series has a step of at least one second")
        assert(values.allSatisfy { !$0.isInfinite }, "an infinite value")
        (self.start, self.step, self.values) = (start, step, values)
    }

    package var grid: TimeGrid { TimeGrid(start: start, step: step, count: values.count) }
    package var count: Int { values.count }
    package var end: Timestamp { grid.end }

    /// Rows of `range` as a series of their own. Complexity: linear in the range.
    package subscript(range: Range<Int>) -> RegularSeries {
        RegularSeries(start: grid.time(of: range.lowerBound), step: step, values: Array(values[range]))
    }

    /// Every missing row taken for a measured zero.
    package func fillingGapsWithZero() -> RegularSeries {
        RegularSeries(start: start, step: step, values: values.map { $0.isNaN ? 0 : $0 })
    }

    package var missingCount: Int { values.count { $0.isNaN } }

    /// Appends `newValues` to the end of the grid. Complexity: amortised linear in their count.
    package mutating func append(_ newValues: some Sequence<Double>) { values.append(contentsOf: newValues) }

    /// Drops rows from the front so that at most `limit` remain.
    package func suffix(_ limit: Int) -> RegularSeries {
        self[max(0, count - limit)..<count]
    }
}
