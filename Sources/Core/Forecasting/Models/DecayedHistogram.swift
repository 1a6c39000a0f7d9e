import Kernels
package import Series
import Units

/// The spread of the recent rows, weights halving with age, whatever the step ahead: best where a short history holds
/// nothing to predict from, and a spread that is right is all there is to know.
///
/// The idea is Kubernetes' vertical autoscaler's decaying histogram; this one keeps no buckets, so that no bucket's width
/// shows in a quantile. Which half-life is right is what the rows so far say.
package struct DecayedHistogram: Forecaster {
    package let name = "histogram"

    /// Seconds; those of the vertical autoscaler's day, and of some faster and slower services.
    private static let halfLives = [3_600, 10_800, 43_200, 172_800, 604_800]
    /// Rows that are known before anything is said.
    private static let fewest = 24
    /// Origins at which half-lives are compared, at most.
    private static let originsCompared = 30

    package init() {}

    package func rowsNeeded(_ task: ForecastTask) -> Int { Self.fewest }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        let known = history.suffix().count(where: \.isFinite)
        guard history.count >= Self.fewest else {
            throw .historyTooShort(rows: history.count, needed: Self.fewest)
        }
        guard known >= Self.fewest else { throw .nothingKnown(rows: history.count) }
        // Of two that are as long as a window or longer, or that round to as many rows, one is enough.
        let lives = Set(Self.halfLives.map { min(max($0 / history.step, 8), history.count) }).sorted()
        let candidates = lives.map { FittedHistogram(task: task, halfLife: $0) }
        let losses = candidates.map { loss($0, history) }
        let best = losses.indices.min { losses[$0] < losses[$1] } ?? 0
        return candidates[best]
    }

    /// The pinball loss over all levels of forecasts from the last half of the rows; 0 where there is no room for any.
    private func loss(_ model: FittedHistogram, _ history: KnownDemand) -> Double {
        let first = max(Self.fewest, history.count / 2), last = history.count - model.task.horizon
        guard first <= last else { return 0 }
        var sum = 0.0
        for origin in stride(from: last, through: first, by: -max(1, (last - first) / Self.originsCompared)) {
            let quantiles = model.quantiles(after: history.prefix(origin))
            for row in origin..<origin + model.task.horizon where history[row].isFinite {
                let actual = Demand.bounded(history[row])
                for (level, value) in zip(model.task.levels, quantiles) {
                    sum += max(level * (actual - value), (level - 1) * (actual - value))
                }
            }
        }
        return sum
    }
}

struct FittedHistogram: FittedModel {
    let name = "histogram"
    let task: ForecastTask
    /// Rows after which one counts half.
    let halfLife: Int

    /// Rows that a forecast reads at most; of a longer window every second, third, ... row, as neighbours are alike.
    private static let rowsRead = 400
    /// Half-lives after which a row counts no more.
    private static let lives = 5

    func forecast(after history: KnownDemand) -> QuantileForecast {
        let row = quantiles(after: history)
        var values: [Double] = []
        values.reserveCapacity(task.horizon * row.count)
        for _ in 0..<task.horizon { values.append(contentsOf: row) }
        return QuantileForecast(origin: history.end, step: history.step, levels: task.levels, values: values)
    }

    /// One value a level, for every step. Complexity: O(`rowsRead`), and its logarithm.
    func quantiles(after history: KnownDemand) -> [Double] {
        let window = history.suffix(Self.lives * halfLife)
        let stride = max(1, window.count / Self.rowsRead)
        let decay = exponential(-logarithm(2) * Double(stride) / Double(halfLife))
        var weight = 1.0
        var entries: [(value: Double, weight: Double)] = []
        for row in Swift.stride(from: window.endIndex - 1, through: window.startIndex, by: -stride) {
            if window[row].isFinite { entries.append((Demand.bounded(window[row]), weight)) }
            weight *= decay
        }
        return WeightedSample(entries).quantiles(task.levels)
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .histogram, task: task)
        writer.write(halfLife)
        return writer.finished()
    }

    init(task: ForecastTask, halfLife: Int) { (self.task, self.halfLife) = (task, halfLife) }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        (task, halfLife) = (reader.task, try reader.integer())
        guard (1...1_000_000_000).contains(halfLife) else { throw .corruptModel("a half-life that is none") }
    }
}
