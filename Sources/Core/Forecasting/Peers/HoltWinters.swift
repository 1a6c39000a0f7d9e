package import Series

/// Additive Holt-Winters smoothing over the last four seasons, as the Predictive Horizontal Pod Autoscaler runs it.
///
/// With level l, trend b and season s of m rows, and x the row of time t:
/// l' = α(x − s[t−m]) + (1−α)(l + b), b' = β(l' − l) + (1−β)b, s[t] = γ(x − l − b) + (1−γ)s[t−m]; h rows ahead l + hb + s[t−m+h].
/// Its users have to find α, β and γ. Here they are those of a small grid that forecast the last three seasons best, one
/// row ahead by squared error, at every fit. It begins with a line through the means of the first two seasons, and what the
/// rows of the first differ from it by.
package struct HoltWinters: Forecaster {
    package let name = "holt-winters"

    static let seasons = 4

    package init() {}

    /// Two seasons are needed, and ten rows with it.
    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        let needed = max(2 * task.season, 10 + 2 * (task.season / 2))
        guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
        guard history.suffix().contains(where: \.isFinite) else { throw .nothingKnown(rows: history.count) }
        let rows = CausalRows(history, season: task.season, limit: Self.seasons * task.season).filled()
        var best = (error: Double.infinity, weights: SmoothingWeights(level: 0.3, trend: 0.01, season: 0.1))
        for weights in SmoothingWeights.grid {
            let error = Smoothing(rows, season: task.season, weights).squaredError
            if error < best.error { best = (error, weights) }
        }
        return FittedHoltWinters(task: task, weights: best.weights)
    }
}

package struct SmoothingWeights: Hashable, Sendable {
    package let level, trend, season: Double

    package init(level: Double, trend: Double, season: Double) {
        (self.level, self.trend, self.season) = (level, trend, season)
    }

    static let grid: [Self] = [0.05, 0.3, 0.9].flatMap { level in
        [0.001, 0.1].flatMap { trend in
            [0.1, 0.5].map { Self(level: level, trend: trend, season: $0) }
        }
    }
}

package struct FittedHoltWinters: PointModel {
    package let name = "holt-winters"
    package let task: ForecastTask
    private let weights: SmoothingWeights

    package init(task: ForecastTask, weights: SmoothingWeights) { (self.task, self.weights) = (task, weights) }

    /// Smooths anew from four seasons before. The last value where two are not known.
    package func points(after history: KnownDemand) -> [Double] {
        let season = task.season
        let rows = CausalRows(history, season: season, limit: HoltWinters.seasons * season).filled()
        guard rows.count >= 2 * season else { return Array(repeating: rows.last ?? 0, count: task.horizon) }
        let smoothing = Smoothing(rows, season: season, weights)
        return (1...task.horizon).map { smoothing.forecast($0) }
    }
}

/// The state after the last row. Complexity: linear in the rows.
private struct Smoothing {
    private var level: Double, trend: Double
    /// By row number modulo the season.
    private var offsets: [Double]
    private let count: Int
    /// Of the forecasts one row ahead, from the second season on.
    private(set) var squaredError = 0.0

    init(_ rows: [Double], season: Int, _ weights: SmoothingWeights) {
        let first = rows[..<season].reduce(0, +) / Double(season)
        let second = rows[season..<2 * season].reduce(0, +) / Double(season)
        let slope = (second - first) / Double(season), middle = Double(season - 1) / 2
        (level, trend, count) = (first + slope * middle, slope, rows.count)
        offsets = rows[..<season].enumerated().map { $1 - first - slope * (Double($0) - middle) }
        for row in season..<rows.count {
            let phase = row % season, before = level + trend, value = rows[row]
            let error = value - before - offsets[phase]
            squaredError += error * error
            let next = weights.level * (value - offsets[phase]) + (1 - weights.level) * before
            trend = weights.trend * (next - level) + (1 - weights.trend) * trend
            offsets[phase] = weights.season * (value - before) + (1 - weights.season) * offsets[phase]
            level = next
        }
    }

    func forecast(_ step: Int) -> Double {
        level + Double(step) * trend + offsets[(count + step - 1) % offsets.count]
    }
}
