import ConformanceKit
import Forecasting
import Kernels
import Series
import Testing
import Units

@Suite struct GlobalRidgeTests {
    private static let season = 24
    private static let task = ForecastTask(horizon: 4, levels: [0.1, 0.5, 0.9], season: season, isWeekly: false)

    /// Series of one shape and of heights from 1 to 10,000, with noise.
    private func histories(_ count: Int, rows: Int, seed: UInt64) -> [KnownDemand] {
        (0..<count).map { number in
            var rng = SplitMix64(seed: seed &+ UInt64(number))
            let height = [1.0, 10, 100, 10_000][number % 4]
            let values = (0..<rows).map { row in
                let (wave, _) = cosineAndSine(turns: Double(row % Self.season) / Double(Self.season))
                return max(0, height * (2 + wave + 0.3 * (rng.uniform() - 0.5)))
            }
            return KnownDemand(
                RegularSeries(start: Timestamp(secondsSinceEpoch: 1_699_920_000), step: 3_600, values: values))
        }
    }

    private func loss(_ model: any FittedModel, _ history: KnownDemand, from first: Int) -> Double {
        var tally = AccuracyTally(levels: Self.task.levels)
        for origin in stride(from: first, through: history.count - 4, by: 5) {
            let forecast = model.forecast(after: history.prefix(origin))
            for step in 0..<4 {
                tally.add(actual: history[origin + step], forecast: forecast.values[step * 3..<(step + 1) * 3])
            }
        }
        return tally.loss
    }

    /// At every height it is better than the seasonal naive, on rows it has not learnt from.
    @Test func beatsTheNaiveOnEverySeries() throws {
        let whole = histories(24, rows: 20 * Self.season, seed: 1), cut = 16 * Self.season
        let fit = try GlobalRidge().fit(whole.map { $0.prefix(cut) }, task: Self.task)
        #expect(fit.models.count == 24)
        for (history, model) in zip(whole, fit.models) {
            let naive = try SeasonalNaive().fit(history.prefix(cut), task: Self.task)
            #expect(loss(model, history, from: cut) < loss(naive, history, from: cut))
            #expect(loss(model, history, from: cut) < 0.08)
        }
    }

    /// A series that was not learnt from and has one day behind it is forecast as the others are.
    @Test func aNewcomerBorrows() throws {
        let fit = try GlobalRidge().fit(histories(16, rows: 16 * Self.season, seed: 1), task: Self.task)
        let newcomers = histories(8, rows: 4 * Self.season, seed: 1_000)
        for history in newcomers {
            let day = history.prefix(Self.season + 6)
            let own = fit.model(for: day)
            let last = try LastValue().fit(day, task: Self.task)
            #expect(loss(own, history, from: Self.season + 6) < loss(last, history, from: Self.season + 6))
        }
    }

    /// In chunks on many cores or one after the other: the same bytes.
    @Test func partsGiveTheSameBytes() throws {
        let histories = histories(150, rows: 10 * Self.season, seed: 7)
        let whole = try GlobalRidge().fit(histories, task: Self.task)
        let shared = try inParts(GlobalRidge().training(series: 150, rows: 240, task: Self.task), histories)
        #expect(shared.encoded() == whole.shared.encoded())
        for (model, history) in zip(whole.models, histories) {
            #expect(model.encoded() == shared.model(of: history).encoded())
        }
    }

    /// The parts made in another order than they are added in, and each of a slice that was read by itself.
    private func inParts(_ begun: some GlobalTraining, _ histories: [KnownDemand]) throws -> any SharedModel {
        var training = begun
        let chunks = globalChunks(of: histories.count)
        #expect(chunks.count == 3)
        let parts = chunks.reversed().map { chunk in
            begun.part(Array(histories[chunk])[...], first: chunk.lowerBound)
        }
        for part in parts.reversed() { training.add(part) }
        try training.settle(probing: globalProbes(of: histories.count).map { histories[$0] })
        return training.shared
    }

    @Test func comesBackFromItsBytes() throws {
        let histories = histories(8, rows: 10 * Self.season, seed: 3)
        let fit = try GlobalRidge().fit(histories, task: Self.task)
        for (model, history) in zip(fit.models, histories) {
            let again = try ModelCatalogue.decode(model.encoded())
            #expect(again.name == "global-ridge" && again.forecast(after: history) == model.forecast(after: history))
        }
    }

    /// What follows an origin changes nothing, and nothing hostile makes a forecast that is not one.
    @Test func hostileHistoriesHaveAForecast() throws {
        var histories = histories(8, rows: 10 * Self.season, seed: 3)
        histories += ForecasterConformance.hostile.map { KnownDemand($0.series) }
        let fit = try GlobalRidge().fit(histories, task: Self.task)
        for (model, history) in zip(fit.models, histories) {
            for other in histories {
                let forecast = model.forecast(after: other)
                #expect(forecast.horizon == 4 && forecast.values.allSatisfy { $0.isFinite && $0 >= 0 })
            }
            #expect(model.forecast(after: history).origin == history.end)
        }
        #expect(throws: ForecastError.self) { _ = try GlobalRidge().fit([], task: Self.task) }
        #expect(throws: ForecastError.self) { _ = try GlobalRidge().fit([histories[9]], task: Self.task) }
    }
}
