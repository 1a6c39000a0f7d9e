package import Series
import Units

/// What forecast rows lost and covered, summed so that any cut of them (a step, an hour, a series) can be told.
package struct AccuracyTally: Hashable, Sendable {
    package let levels: [Double]
    /// Rows that had an actual.
    package private(set) var rows = 0
    /// The sum of |actual|, and of twice the pinball loss a level.
    fileprivate private(set) var size = 0.0
    private var losses: [Double]
    private var below: [Int], atOrBelow: [Int]

    package init(levels: [Double]) {
        self.levels = levels
        losses = [Double](repeating: 0, count: levels.count)
        below = [Int](repeating: 0, count: levels.count)
        atOrBelow = below
    }

    /// Adds a row, every value divided by `scale`, so that series of all heights weigh the same. A missing actual is nothing.
    ///
    /// - Precondition: `forecast` has a value a level; `scale` is above 0.
    package mutating func add(actual: Double, forecast: ArraySlice<Double>, scale: Double = 1) {
        guard !actual.isNaN else { return }
        rows += 1
        size += abs(actual) / scale
        for (column, value) in forecast.enumerated() {
            let miss = (actual - value) / scale
            losses[column] += 2 * max(levels[column] * miss, (levels[column] - 1) * miss)
            if actual < value { below[column] += 1 }
            if actual <= value { atOrBelow[column] += 1 }
        }
    }

    /// The mean loss over all levels, as a share of the actuals; NaN where there is nothing.
    package var loss: Double { rows == 0 ? .nan : mean(of: levels.indices) }

    /// As `loss`, over the levels within 0.1 to 0.9, and over those above: what capacity is bought at. NaN without any.
    package var middleLoss: Double { mean(of: levels.indices.filter { levels[$0] > 0.099 && levels[$0] < 0.901 }) }
    package var tailLoss: Double { mean(of: levels.indices.filter { levels[$0] >= 0.901 }) }

    /// Per level: the shares of actuals below it, and at or below it. Counts have ties, so the two differ.
    package var covered: [(below: Double, atOrBelow: Double)] {
        levels.indices.map { (Double(below[$0]) / Double(rows), Double(atOrBelow[$0]) / Double(rows)) }
    }

    private func mean(of columns: some Collection<Int>) -> Double {
        guard rows > 0, !columns.isEmpty else { return .nan }
        return columns.reduce(0) { $0 + losses[$1] } / Double(columns.count) / max(size, 1e-12)
    }
}

/// How the accuracy of forecasts lies over levels, steps of the horizon, hours of the day and origins.
package struct AccuracyShape: Sendable {
    /// One origin of one series, by the numbers of both, with its loss.
    package struct Origin: Hashable, Sendable {
        package let series: Int, number: Int
        package let loss: Double
    }

    package private(set) var all: AccuracyTally
    package private(set) var steps: [AccuracyTally]
    /// Of the day, UTC, by the start of the row.
    package private(set) var hours: [AccuracyTally]
    private var origins: [Origin] = []

    package init(task: ForecastTask) {
        all = AccuracyTally(levels: task.levels)
        steps = [AccuracyTally](repeating: all, count: task.horizon)
        hours = [AccuracyTally](repeating: all, count: 24)
    }

    /// Adds the forecasts of a series. Every series weighs the same, whatever its height.
    package mutating func add(_ result: RollingForecasts, of series: RegularSeries, number: Int) {
        let scale = Self.scale(of: series)
        for (index, (origin, forecast)) in zip(result.origins, result.forecasts).enumerated() {
            var own = AccuracyTally(levels: all.levels)
            for step in 0..<min(forecast.horizon, steps.count) {
                let row = forecast.values[step * all.levels.count..<(step + 1) * all.levels.count]
                let actual = series.values[origin + step]
                let hour = Int(forecast.grid.time(of: step).secondsSinceEpoch / 3_600)
                own.add(actual: actual, forecast: row, scale: scale)
                all.add(actual: actual, forecast: row, scale: scale)
                steps[step].add(actual: actual, forecast: row, scale: scale)
                hours[((hour % 24) + 24) % 24].add(actual: actual, forecast: row, scale: scale)
            }
            // By the height of the series and not of the rows: a quiet night must not count as a bad forecast.
            let loss = own.loss * own.size
            if own.rows > 0 { origins.append(Origin(series: number, number: index, loss: loss / Double(own.rows))) }
        }
    }

    /// The best, the median and the worst origin; empty where nothing was scored.
    package var bestMedianWorst: [Origin] {
        let ranked = origins.sorted { ($0.loss, $0.series, $0.number) < ($1.loss, $1.series, $1.number) }
        guard let best = ranked.first, let worst = ranked.last else { return [] }
        return [best, ranked[ranked.count / 2], worst]
    }

    private static func scale(of series: RegularSeries) -> Double {
        let known = series.values.filter { !$0.isNaN }
        let mean = known.reduce(0) { $0 + abs($1) } / Double(max(known.count, 1))
        return mean > 0 && mean.isFinite ? mean : 1
    }
}
