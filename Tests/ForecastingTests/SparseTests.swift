import Forecasting
import Kernels
import Series
import Testing
import Units

/// The models for histories that hold little: the decayed histogram and the one for sparse counts.
@Suite struct SparseTests {
    private let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

    private func series(_ values: [Double], step: Int = 300) -> RegularSeries {
        RegularSeries(start: start, step: step, values: values)
    }

    /// Shares of actuals at or below each level, and strictly below it, over forecasts from `first` on.
    private func coverage(
        _ model: any FittedModel, _ series: RegularSeries, from first: Int
    ) -> [(below: Double, atOrBelow: Double)] {
        let task = model.task
        var below = [Double](repeating: 0, count: task.levels.count), atOrBelow = below, count = 0.0
        for origin in stride(from: first, through: series.count - task.horizon, by: task.horizon) {
            let forecast = model.forecast(after: KnownDemand(series, count: origin))
            for step in 0..<task.horizon {
                count += 1
                for level in task.levels.indices {
                    let value = forecast.values[step * task.levels.count + level]
                    below[level] += series.values[origin + step] < value ? 1 : 0
                    atOrBelow[level] += series.values[origin + step] <= value ? 1 : 0
                }
            }
        }
        return zip(below, atOrBelow).map { ($0 / count, $1 / count) }
    }

    @Test func aHistogramCoversWhatItPromises() throws {
        let task = ForecastTask(horizon: 6, levels: [0.1, 0.5, 0.9, 0.99], season: 288, isWeekly: false)
        var sums = [0.0, 0, 0, 0]
        for seed in UInt64(0)..<10 {
            var rng = SplitMix64(seed: seed)
            let values = (0..<3_000).map { _ in 20 - 15 * logarithm(1 - rng.uniform()) }
            let model = try DecayedHistogram().fit(KnownDemand(series(values), count: 600), task: task)
            for (level, share) in coverage(model, series(values), from: 600).enumerated() {
                sums[level] += share.below / 10
            }
        }
        #expect(zip(sums, task.levels).allSatisfy { abs($0 - $1) < 0.02 }, "\(sums)")
    }

    @Test func aHistogramFollowsAShiftWithoutANewFit() throws {
        let task = ForecastTask(horizon: 2, levels: [0.1, 0.5, 0.9], season: 288, isWeekly: false)
        let values = (0..<600).map { Double($0 % 7) } + (0..<600).map { Double(100 + $0 % 7) }
        let model = try DecayedHistogram().fit(KnownDemand(series(values), count: 600), task: task)
        #expect(model.forecast(after: KnownDemand(series(values), count: 600)).values[1] < 10)
        #expect(model.forecast(after: KnownDemand(series(values))).values[1] > 100)
    }

    @Test func aTimerIsExpectedWhenItIsDue() throws {
        let task = ForecastTask(horizon: 30, levels: [0.05, 0.5, 0.9], season: 1_440, isWeekly: false)
        let values = (0..<4_000).map { $0 % 15 == 4 ? 3.0 : 0 }
        let timer = series(values, step: 60)
        let model = try Intermittent().fit(KnownDemand(timer), task: task)
        for origin in 3_000..<3_030 {
            let forecast = model.forecast(after: KnownDemand(timer, count: origin))
            for step in 0..<30 { #expect(forecast.values[step * 3 + 1] == values[origin + step], "\(origin), \(step)") }
        }
    }

    @Test func theTimeOfDayCounts() throws {
        let task = ForecastTask(horizon: 24, levels: [0.5, 0.7, 0.95], season: 24, isWeekly: false)
        var rng = SplitMix64(seed: 3)
        let values = (0..<24 * 60).map { row in
            (9..<15).contains(row % 24) && rng.uniform() < 0.5 ? 1 + Double(rng.next() % 5) : 0
        }
        let days = series(values, step: 3_600)
        let model = try Intermittent().fit(KnownDemand(days), task: task)
        let forecast = model.forecast(after: KnownDemand(days))
        let high = (0..<24).map { forecast.values[$0 * 3 + 2] }
        // The epoch's midnight is the phase's zero, and the series starts at midnight.
        #expect((10..<14).allSatisfy { high[$0] >= 1 } && (0..<8).allSatisfy { high[$0] == 0 }, "\(high)")
    }

    @Test func sparseCountsAreCoveredAtEveryLevel() throws {
        let task = ForecastTask(horizon: 12, levels: [0.5, 0.9, 0.95, 0.98, 0.99], season: 288, isWeekly: false)
        var (below, atOrBelow) = ([Double](repeating: 0, count: 5), [Double](repeating: 0, count: 5))
        for seed in UInt64(0)..<8 {
            var rng = SplitMix64(seed: seed)
            let values = (0..<6_000).map { _ in
                rng.uniform() < 0.08 ? (1 - 4 * logarithm(1 - rng.uniform())).rounded() : 0
            }
            let model = try Intermittent().fit(KnownDemand(series(values), count: 3_000), task: task)
            for (level, share) in coverage(model, series(values), from: 3_000).enumerated() {
                below[level] += share.below / 8
                atOrBelow[level] += share.atOrBelow / 8
            }
        }
        for (level, wanted) in task.levels.enumerated() {
            #expect(below[level] - 0.01 <= wanted && wanted <= atOrBelow[level] + 0.01, "\(below), \(atOrBelow)")
        }
    }

    @Test func whatIsNotSparseIsRefusedWithTheNumbers() {
        let task = ForecastTask(horizon: 2, season: 24, isWeekly: false)
        let busy = KnownDemand(series((0..<100).map { $0 % 4 == 0 ? 0 : 5 }))
        let refusal = ForecastError.notIntermittent(zeros: 25, known: 100)
        #expect(throws: refusal) { _ = try Intermittent().fit(busy, task: task) }
        #expect(
            "\(refusal)"
                == "25 of the 100 known rows are zero, and the model for sparse counts is for series where more than "
                + "half are; use another")
    }
}
