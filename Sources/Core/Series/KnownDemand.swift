package import Units

/// A series as it is known at an instant: the rows that have ended, and nothing inside or after a running one.
///
/// Forecasters and policies get this view and not the series, so that a look ahead does not compile.
package struct KnownDemand: Sendable {
    private let series: RegularSeries
    /// Rows that have ended; the first unknown row has this number.
    package let count: Int

    /// - Precondition: `count` is within the series.
    package init(_ series: RegularSeries, count: Int) {
        precondition((0...series.count).contains(count), "the known part lies within the series")
        (self.series, self.count) = (series, count)
    }

    /// Everything in `series` is known.
    package init(_ series: RegularSeries) { self.init(series, count: series.count) }

    package var start: Timestamp { series.start }
    package var step: Int { series.step }
    /// Where the first unknown row starts.
    package var end: Timestamp { series.grid.time(of: count) }

    /// The value of row `row`, NaN where it is missing.
    ///
    /// - Precondition: 0 ≤ `row` < `count`.
    package subscript(row: Int) -> Double {
        precondition(row < count, "row \(row) is not known yet")
        return series.values[row]
    }

    /// The known rows, or the last `limit` of them. Shares storage: O(1).
    package func suffix(_ limit: Int = .max) -> ArraySlice<Double> {
        series.values[max(0, count - limit)..<count]
    }

    /// The view as it was when `count` rows were known.
    package func prefix(_ count: Int) -> KnownDemand { KnownDemand(series, count: min(count, self.count)) }
}
