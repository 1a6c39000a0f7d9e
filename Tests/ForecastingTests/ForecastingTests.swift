import ConformanceKit
import Forecasting
import Kernels
import Series
import Testing
import Units

@Suite struct ForecastingTests {
    @Test(arguments: ["auto"] + ModelCatalogue.all.map(\.name))
    func conforms(name: String) throws {
        let refused = ["auto", "last-value"].contains(name) ? [1] : [1, 5]
        #expect(try ForecasterConformance(ModelCatalogue.forecaster(named: name), refused: refused).findings() == [])
    }

    @Test func unknownModelsAreNamed() {
        #expect(
            throws: ForecastError.unknownModel("x", known: ["auto", "seasonal-naive", "ridge", "last-value", "net"])
        ) {
            _ = try ModelCatalogue.forecaster(named: "x")
        }
    }

    @Test func ridgeBeatsSeasonalNaiveOnNoisyDays() throws {
        let series = noisyDays(rows: 24 * 60, seed: 7)
        let evaluation = EvaluationProtocol(
            task: ForecastTask(horizon: 12, season: 24, isWeekly: true), origins: 40, stride: 7)
        let scores = try ModelCatalogue.all.map { model in
            Scores(try evaluation.forecasts(of: series, by: model), of: series, under: evaluation)
        }
        #expect(scores[1].wql < scores[0].wql && scores.allSatisfy { $0.cross == 0 && $0.rows == 480 })
    }

    /// Levels 0.5 and 0.95 against actuals 10 and 20, forecast as [8, 12] and [8, 12]; worked by hand.
    @Test func scoresAreThoseOfTheirDefinition() {
        let history = [1.0, 2, 3, 5]
        let series = RegularSeries(
            start: Timestamp(secondsSinceEpoch: 0), step: 60, values: history + [10, 20, .nan])
        let task = ForecastTask(horizon: 3, levels: [0.5, 0.95], season: 2, isWeekly: false)
        let forecast = QuantileForecast(
            origin: series.grid.time(of: 4), step: 60, levels: task.levels, values: [8, 12, 8, 12, 8, 12])
        let scores = Scores(
            RollingForecasts(origins: [4], forecasts: [forecast]), of: series,
            under: EvaluationProtocol(task: task, origins: 1, stride: 1))
        #expect(scores.rows == 2)
        // At 0.5 the misses are 2 and 12, each halved and doubled; at 0.95 they are -2 and 8; the actuals sum to 30.
        let wql = 14.0 / 30, tail = 15.4 / 30
        #expect(abs(scores.wql - wql) < 1e-12)
        #expect(abs(scores.tail - tail) < 1e-12)
        #expect(abs(scores.mase - 7 / 2.5) < 1e-12)
        #expect(abs(scores.cover - (0.5 + 0.45) / 2) < 1e-12 && scores.cross == 0)
    }

    @Test func originsCountBackFromTheEnd() {
        let evaluation = EvaluationProtocol(
            task: ForecastTask(horizon: 10, season: 20, isWeekly: false), origins: 5, stride: 15)
        #expect(evaluation.originRows(count: 100) == [45, 60, 75, 90])
    }

    @Test func refitsFollowTheTimeAxis() {
        let series = noisyDays(rows: 24 * 30, seed: 9)
        var rolling = RollingForecaster(
            SeasonalNaive(), task: ForecastTask(horizon: 4, season: 24, isWeekly: false), refitEvery: 48)
        #expect(rolling.forecast(after: KnownDemand(series, count: 3)) == nil && rolling.failure != nil)
        #expect(rolling.forecast(after: KnownDemand(series, count: 200)) != nil)
        #expect(!rolling.needsRefit(KnownDemand(series, count: 247)))
        // A window that has moved on by two days is due although it holds no more rows.
        #expect(rolling.needsRefit(KnownDemand(series[48..<248])))
    }

    private func noisyDays(rows: Int, seed: UInt64) -> RegularSeries {
        var rng = SplitMix64(seed: seed)
        let values = (0..<rows).map { row in
            60 + 40 * cosineAndSine(turns: Double(row % 24) / 24).sine + 20 * (rng.uniform() - 0.5)
        }
        return RegularSeries(start: Timestamp(secondsSinceEpoch: 1_700_006_400), step: 3_600, values: values)
    }
}
