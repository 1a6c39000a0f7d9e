import Kernels
package import Series

/// How good the forecasts of one series were. Lower is better throughout.
package struct Scores: Hashable, Sendable {
    /// Forecast rows that had an actual to compare with.
    package let rows: Int
    /// Mean over the deciles of twice the pinball loss, divided by the sum of |actual|.
    package let wql: Double
    /// The same over the levels 0.95 and 0.99, at which capacity is bought.
    package let tail: Double
    /// Mean absolute error of the median, divided by that of the seasonal naive before the first origin.
    package let mase: Double
    /// Mean distance of a level from [share of actuals below it, share at or below it].
    package let cover: Double
    /// Share of rows whose levels do not ascend.
    package let cross: Double

    /// - Precondition: each forecast lies within the series and has the protocol's levels.
    package init(_ result: RollingForecasts, of series: RegularSeries, under evaluation: EvaluationProtocol) {
        let levels = evaluation.task.levels
        var losses = [Double](repeating: 0, count: levels.count)
        var below = [Int](repeating: 0, count: levels.count), atOrBelow = below
        var (rows, sum, medianError, crossing, all) = (0, 0.0, 0.0, 0, 0)
        let middle = levels.firstIndex { abs($0 - 0.5) < 1e-9 }
        for (origin, forecast) in zip(result.origins, result.forecasts) {
            for step in 0..<forecast.horizon {
                let row = forecast.values[step * levels.count..<(step + 1) * levels.count]
                all += 1
                if zip(row, row.dropFirst()).contains(where: { $1 - $0 < -1e-9 }) { crossing += 1 }
                let actual = series.values[origin + step]
                guard !actual.isNaN else { continue }
                rows += 1
                sum += abs(actual)
                for (column, value) in row.enumerated() {
                    let miss = actual - value
                    losses[column] += 2 * max(levels[column] * miss, (levels[column] - 1) * miss)
                    if actual < value { below[column] += 1 }
                    if actual <= value { atOrBelow[column] += 1 }
                }
                if let middle { medianError += abs(actual - row[row.startIndex + middle]) }
            }
        }
        let scale = max(sum, 1e-12), count = Double(rows)
        func meanLoss(_ wanted: [Double]) -> Double {
            let chosen = levels.indices.filter { index in wanted.contains { abs($0 - levels[index]) < 1e-9 } }
            return chosen.reduce(0) { $0 + losses[$1] } / Double(chosen.count) / scale
        }
        self.rows = rows
        wql = meanLoss([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        tail = meanLoss([0.95, 0.99])
        let naive = Self.naiveError(series, before: result.origins.first ?? 0, season: evaluation.task.season)
        mase = middle == nil || naive == 0 ? .nan : medianError / count / naive
        cover =
            levels.indices.reduce(0) { total, index in
                total
                    + max(
                        Double(below[index]) / count - levels[index], levels[index] - Double(atOrBelow[index]) / count,
                        0)
            } / Double(levels.count)
        cross = all == 0 ? 0 : Double(crossing) / Double(all)
    }

    private static func naiveError(_ series: RegularSeries, before end: Int, season: Int) -> Double {
        let known = series.values[0..<end]
        let errors = zip(known.dropFirst(season), known).map { abs($0 - $1) }.filter { !$0.isNaN }
        return errors.isEmpty ? .nan : errors.reduce(0, +) / Double(errors.count)
    }

    private init(rows: Int, wql: Double, tail: Double, mase: Double, cover: Double, cross: Double) {
        (self.rows, self.wql, self.tail, self.mase, self.cover, self.cross) = (rows, wql, tail, mase, cover, cross)
    }

    /// Over series: geometric means of WQL, TAIL and MASE (series without a MASE left out), plain means of the others.
    package static func combined(_ scores: [Scores]) -> Scores {
        func geometric(_ value: (Scores) -> Double) -> Double { geometricMean(scores.map(value).filter { !$0.isNaN }) }
        func mean(_ value: (Scores) -> Double) -> Double { scores.map(value).reduce(0, +) / Double(scores.count) }
        return Scores(
            rows: scores.reduce(0) { $0 + $1.rows }, wql: geometric(\.wql), tail: geometric(\.tail),
            mase: geometric(\.mase), cover: mean(\.cover), cross: mean(\.cross))
    }
}

/// The geometric mean, from products of mantissas and sums of exponents so that nothing over- or underflows.
///
/// Values below 1e-12 count as 1e-12; NaN when empty.
func geometricMean(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let logarithms = values.map { logarithm(max($0, 1e-12)) }
    return exponential(logarithms.reduce(0, +) / Double(values.count))
}
