import Kernels

/// How the steps of a forecast move together: for past forecasts, how high the actual of each step came among all past ones.
///
/// Only ranks are kept, so that each step's spread stays the forecast's own and the vectors say how steps go with each other:
/// the empirical copula of M. Clark and others, "The Schaake shuffle", Journal of Hydrometeorology 5, 2004.
package struct StepRanks: Hashable, Sendable {
    package let horizon: Int
    /// How many past forecasts there are.
    package let count: Int
    /// `count` × `horizon`, each within (0, 1): rank / (count + 1).
    package let ranks: [Double]

    /// `positions` holds `horizon` values a past forecast, of which only the order within a step counts; a forecast with one
    /// that is NaN is left out. Equal ones are ranked in an order that `seed` draws, apart for every step, so that they make
    /// no dependence.
    ///
    /// Complexity: O(horizon × n log n).
    package init(positions: [Double], horizon: Int, seed: UInt64 = 1) {
        precondition(horizon >= 1 && positions.count % horizon == 0, "positions come a horizon at a time")
        let whole = (0..<positions.count / horizon).filter { row in
            (0..<horizon).allSatisfy { !positions[row * horizon + $0].isNaN }
        }
        var random = SplitMix64(seed: seed)
        var ranks = [Double](repeating: 0, count: whole.count * horizon)
        for step in 0..<horizon {
            let entries = whole.indices.map { (positions[whole[$0] * horizon + step], random.next(), $0) }
            for (rank, entry) in entries.sorted(by: <).enumerated() {
                ranks[entry.2 * horizon + step] = Double(rank + 1) / Double(whole.count + 1)
            }
        }
        (self.horizon, count, self.ranks) = (horizon, whole.count, ranks)
    }
}

/// Paths that a forecast's rows may take together, a past vector of ranks each: a whole vector is drawn at once, so that rows
/// that err together in the past err together here.
///
/// What capacity must cover is the highest row of a window. Its quantile lies between the highest of the rows' own quantiles
/// and what independent rows would need; which of the two it is near to is what the paths know.
package struct ForecastPaths: Sendable {
    package let forecast: QuantileForecast
    package let ranks: StepRanks

    /// Steps beyond the ranks' horizon move with its last one.
    package init(_ forecast: QuantileForecast, ranks: StepRanks) { (self.forecast, self.ranks) = (forecast, ranks) }

    package var count: Int { ranks.count }

    /// The value of path `path` at step `step`.
    package func value(path: Int, step: Int) -> Double {
        marginal(step: step, level: ranks.ranks[path * ranks.horizon + min(step, ranks.horizon - 1)])
    }

    /// The `level` quantile of the highest row among `steps`; of fewer paths than tell it, an upper bound of it: no dependence
    /// between steps makes it higher. 0 for no steps.
    ///
    /// Complexity: O(paths × steps × levels).
    package func maximumQuantile(steps: Range<Int>, level: Double) -> Double {
        let steps = steps.clamped(to: 0..<forecast.horizon)
        guard !steps.isEmpty else { return 0 }
        guard Double(count + 1) * (1 - level) >= 1 else {
            let each = 1 - (1 - level) / Double(steps.count)
            return steps.map { marginal(step: $0, level: each) }.max() ?? 0
        }
        let highest = (0..<count).map { path in steps.map { value(path: path, step: $0) }.max() ?? 0 }.sorted()
        let place = level * Double(count + 1) - 1
        let lower = min(max(Int(place), 0), count - 1), upper = min(lower + 1, count - 1)
        return highest[lower] + min(max(place - Double(lower), 0), 1) * (highest[upper] - highest[lower])
    }

    /// As the forecast's own `value(row:level:)`; above its highest level the distance between the highest two goes on as an
    /// exponential tail, because the highest of many rows asks for levels that no forecast lists.
    package func marginal(step: Int, level: Double) -> Double {
        let levels = forecast.levels
        guard let top = levels.last, level > top, levels.count > 1 else {
            return forecast.value(row: step, level: level)
        }
        let last = step * levels.count + levels.count - 1, below = levels[levels.count - 2]
        let rise = forecast.values[last] - forecast.values[last - 1]
        return forecast.values[last]
            + rise * logarithm((1 - top) / max(1 - level, 1e-12)) / logarithm((1 - below) / (1 - top))
    }
}
