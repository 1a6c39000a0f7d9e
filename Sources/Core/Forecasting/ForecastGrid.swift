package import Series
package import Units

/// The rows that forecasts of a series are made on: its own where they span a minute or more, else windows of whole rows, of
/// which a day has 1,440 at most.
///
/// A forecast a second over a season of 86,400 rows would cost a thousand times as much and say nothing that a plan made
/// every 15 s could use. Replay and daemon take the same windows, counted from the epoch, so that both decide alike however
/// far back the rows reach that they hold.
package struct ForecastGrid: Hashable, Sendable {
    private static let shortest = 60

    /// Seconds a row of the series spans, and a row of this grid.
    package let seriesStep: Int, step: Int

    /// A whole number of rows, a minute at least; of two that do, the one that divides a day, so that a season is whole.
    ///
    /// - Precondition: `seriesStep` ≥ 1.
    package init(seriesStep: Int) {
        precondition(seriesStep >= 1, "a row spans a second at least")
        let least = (Self.shortest + seriesStep - 1) / seriesStep
        let whole = (least...2 * least).first { 86_400 % ($0 * seriesStep) == 0 }
        self.seriesStep = seriesStep
        step = seriesStep >= Self.shortest ? seriesStep : (whole ?? least) * seriesStep
    }

    /// The rows of the series themselves, however short: for whoever knows that its cycles are short too.
    ///
    /// - Precondition: `rows` ≥ 1, seconds.
    package init(rowsOf rows: Int) {
        precondition(rows >= 1, "a row spans a second at least")
        (seriesStep, step) = (rows, rows)
    }

    /// Rows of the series in one of this grid.
    package var rowsPerWindow: Int { step / seriesStep }
    /// Rows of this grid in a day, at least 2.
    package var rowsPerDay: Int { max(2, 86_400 / step) }

    /// Rows ahead at most: a plan takes what lies further ahead to be like the last of them.
    package static let longestHorizon = 512

    /// What a forecaster is asked for on this grid.
    package func task(horizon: Int, operatingLevel: Double? = nil) -> ForecastTask {
        let horizon = min(horizon, Self.longestHorizon)
        return ForecastTask(
            horizon: horizon, season: rowsPerDay, isWeekly: true,
            operatingLevel: operatingLevel)
    }

    /// Rows of a series that starts at `start` before its first whole window.
    private func skipped(_ start: Timestamp) -> Int {
        guard rowsPerWindow > 1 else { return 0 }
        let into = start.millisecondsSinceEpoch.flooredDivision(by: Int64(step) * 1_000).remainder
        let row = Int64(seriesStep) * 1_000
        // The first row that starts within a row's length of a boundary begins a window.
        return into < row ? 0 : Int((Int64(step) * 1_000 - into + row - 1) / row)
    }

    /// The windows that have ended when the first `rows` rows of a series that starts at `start` have.
    package func windows(endedWith rows: Int, since start: Timestamp) -> Int {
        max(0, rows - skipped(start)) / rowsPerWindow
    }

    /// The whole windows of `series`: sums of counts, means of rates and gauges. A window of which less than half is known is
    /// missing; of others the known rows stand for all. Complexity: linear.
    package func windows(of series: RegularSeries, kind: DemandKind) -> RegularSeries {
        guard rowsPerWindow > 1 else { return series }
        let (skipped, each, values) = (skipped(series.start), rowsPerWindow, series.values)
        let isSum = kind == .count || kind == .counter
        let count = windows(endedWith: series.count, since: series.start)
        let windows = (0..<count).map { window in
            var (sum, known) = (0.0, 0)
            for row in skipped + window * each..<skipped + (window + 1) * each where values[row].isFinite {
                sum += values[row]
                known += 1
            }
            guard 2 * known >= each else { return Double.nan }
            if known == each && isSum { return sum }
            return sum / Double(known) * (isSum ? Double(each) : 1)
        }
        return RegularSeries(start: series.grid.time(of: skipped), step: step, values: windows)
    }
}
