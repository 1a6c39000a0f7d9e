import Kernels
package import Units

/// What is thought about the rows from an origin on: for every step of the horizon, a value a level.
///
/// The currency between forecasting and planning. Values are finite, at least 0 and ascending over the levels.
package struct QuantileForecast: Hashable, Sendable {
    /// Start of the first forecast row, the first one that was not known.
    package let origin: Timestamp
    /// Seconds a row spans.
    package let step: Int
    /// Ascending, each within (0, 1).
    package let levels: [Double]
    /// Row-major, `horizon` × `levels.count`, in the unit of the series.
    package let values: [Double]

    /// Sets right what rounding or a crude model left wrong: NaN and negatives become 0, each row is sorted ascending.
    ///
    /// - Precondition: `values` holds whole rows; levels ascend within (0, 1).
    package init(origin: Timestamp, step: Int, levels: [Double], values: [Double]) {
        precondition(!levels.isEmpty && values.count % levels.count == 0, "a forecast holds whole rows")
        precondition(
            zip(levels, levels.dropFirst()).allSatisfy(<) && levels.allSatisfy { $0 > 0 && $0 < 1 },
            "levels ascend within (0, 1)")
        (self.origin, self.step, self.levels) = (origin, step, levels)
        var repaired = values.map { $0.isFinite ? max($0, 0) : 0 }
        for row in stride(from: 0, to: repaired.count, by: levels.count) {
            let isSorted = (row + 1..<row + levels.count).allSatisfy { repaired[$0 - 1] <= repaired[$0] }
            if !isSorted { repaired[row..<row + levels.count].sort() }
        }
        self.values = repaired
    }

    package var horizon: Int { values.count / levels.count }
    package var grid: TimeGrid { TimeGrid(start: origin, step: step, count: horizon) }

    /// The value at `level` of row `row`: linear between the forecast's levels and held below the lowest. Beyond the highest
    /// the tail is taken to be exponential, as long as from the level with ten times its chance of more.
    ///
    /// Complexity: O(levels).
    package func value(row: Int, level: Double) -> Double {
        let base = row * levels.count
        guard let upper = levels.firstIndex(where: { $0 >= level }) else { return beyond(base, level) }
        guard upper > 0, levels[upper] > level else { return values[base + upper] }
        let share = (level - levels[upper - 1]) / (levels[upper] - levels[upper - 1])
        return values[base + upper - 1] + share * (values[base + upper] - values[base + upper - 1])
    }

    private func beyond(_ base: Int, _ level: Double) -> Double {
        let top = levels.count - 1, rest = 1 - levels[top]
        guard top > 0, level < 1 else { return values[base + top] }
        let from = levels.lastIndex { 1 - $0 >= 9.999 * rest } ?? 0
        let length = (values[base + top] - values[base + from]) / logarithm((1 - levels[from]) / rest)
        return values[base + top] + length * logarithm(rest / (1 - level))
    }
}
