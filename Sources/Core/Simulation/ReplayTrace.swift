import Planning
package import Series
package import Units

/// The scored part of a series, second by second, and what lies before it.
package struct ReplayTrace: Sendable {
    /// The whole series; missing rows are zeros where the service says so.
    package let series: RegularSeries
    /// The scored rows.
    package let rows: Range<Int>
    /// Demand that arrives in each second.
    package let arrivals: [Double]
    /// Seconds of missing rows.
    package let isGap: [Bool]

    package init(
        _ series: RegularSeries, service: ReplayService, from: Timestamp? = nil, to: Timestamp? = nil
    ) throws(ReplayError) {
        let grid = series.grid
        guard let first = grid.row(startingAt: from ?? grid.start), let end = grid.row(startingAt: to ?? grid.end),
            first < end
        else { throw ReplayError("from and to must lie on the trace's grid, inside it, from before to") }
        self.series = service.gaps == .zero ? series.fillingGapsWithZero() : series
        rows = first..<end
        let step = series.step
        var (arrivals, isGap): ([Double], [Bool]) = ([], [])
        arrivals.reserveCapacity(rows.count * step)
        isGap.reserveCapacity(rows.count * step)
        for value in self.series.values[rows] {
            let rate = service.model.rate(ofRow: value, step: step)?.perSecond ?? 0
            arrivals.append(contentsOf: repeatElement(rate, count: step))
            isGap.append(contentsOf: repeatElement(value.isNaN, count: step))
        }
        (self.arrivals, self.isGap) = (arrivals, isGap)
    }

    package var start: Timestamp { series.grid.time(of: rows.lowerBound) }
    package var peakRate: Double { arrivals.max() ?? 0 }
}
