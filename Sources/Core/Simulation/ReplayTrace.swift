import Planning
package import Series
package import Units

/// The scored part of a series, row by row, and what lies before it.
package struct ReplayTrace: Sendable {
    /// The whole series; missing rows are zeros where the service says so.
    package let series: RegularSeries
    /// The scored rows.
    package let rows: Range<Int>
    /// Demand that arrives in each second of a scored row; NaN where the row is missing.
    package let rates: [Double]

    package init(
        _ series: RegularSeries, service: ReplayService, from: Timestamp? = nil, to: Timestamp? = nil
    ) throws(ReplayError) {
        let grid = series.grid
        if let from, from >= grid.end {
            throw ReplayError(
                "from = \(from) leaves nothing to score: the trace ends at \(grid.end); what lies before from is warm-up"
            )
        }
        let first = try grid.row("from", from ?? grid.start), end = try grid.row("to", to ?? grid.end)
        guard first < end else {
            throw ReplayError("from = \(grid.time(of: first)) is not before to = \(grid.time(of: end))")
        }
        self.series = service.gaps == .zero ? series.fillingGapsWithZero() : series
        rows = first..<end
        // A rate is the same however long its row is.
        let isPerRow = service.model.rate(ofRow: 1, step: 2)?.perSecond != 1
        let seconds = isPerRow ? Double(series.step) : 1
        rates = self.series.values[rows].map { $0.isFinite ? max($0, 0) / seconds : .nan }
    }

    private init(series: RegularSeries, rows: Range<Int>, rates: [Double]) {
        (self.series, self.rows, self.rates) = (series, rows, rates)
    }

    /// The same rows with other demand per second: a plan made for it can be replayed on this trace.
    ///
    /// - Precondition: as many as there are scored rows.
    func planned(for rates: [Double]) -> ReplayTrace {
        precondition(rates.count == rows.count, "a rate for every row")
        return ReplayTrace(series: series, rows: rows, rates: rates)
    }

    package var start: Timestamp { series.grid.time(of: rows.lowerBound) }
    package var step: Int { series.step }
    /// Of the scored part.
    package var seconds: Int { rates.count * series.step }
    /// The highest demand per second.
    package var peakRate: Double { rates.reduce(0) { $1 > $0 ? $1 : $0 } }
}

extension TimeGrid {
    /// The row that begins at `time`.
    fileprivate func row(_ name: String, _ time: Timestamp) throws(ReplayError) -> Int {
        if let row = row(startingAt: time) { return row }
        guard time >= start, time <= end else {
            throw ReplayError("\(name) = \(time) lies outside the trace, which goes from \(start) to \(end)")
        }
        let before = self.time(of: row(holding: time))
        throw ReplayError("\(name) = \(time) is inside a row of \(step) s; take its beginning, \(before)")
    }
}
