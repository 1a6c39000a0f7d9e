import Forecasting
import Kernels
import Series
import Testing
import Units

@Suite struct AccuracyTests {
    private static let task = ForecastTask(horizon: 2, levels: [0.1, 0.5, 0.95], season: 24, isWeekly: false)

    private func forecasts(of series: RegularSeries, at origins: [Int], _ rng: inout SplitMix64) -> RollingForecasts {
        RollingForecasts(
            origins: origins,
            forecasts: origins.map { origin in
                let values = (0..<6).map { _ in (rng.uniform() * 20).rounded() }
                return QuantileForecast(
                    origin: series.grid.time(of: origin), step: 3_600, levels: Self.task.levels, values: values)
            })
    }

    /// Steps, hours and the whole are cuts of the same rows, and the whole says what the scores say.
    @Test func cutsAddUp() {
        for seed in UInt64(0)..<20 {
            var rng = SplitMix64(seed: seed)
            let values = (0..<200).map { _ in rng.uniform() < 0.1 ? Double.nan : (rng.uniform() * 20).rounded() }
            let series = RegularSeries(start: Timestamp(secondsSinceEpoch: -7_200), step: 3_600, values: values)
            let result = forecasts(of: series, at: Array(100..<190), &rng)
            var shape = AccuracyShape(task: Self.task)
            shape.add(result, of: series, number: 0)
            let evaluation = EvaluationProtocol(task: Self.task, origins: 90, stride: 1)
            let scores = Scores(result, of: series, under: evaluation)
            #expect(shape.all.rows == scores.rows)
            #expect(shape.steps.map(\.rows).reduce(0, +) == scores.rows)
            #expect(shape.hours.map(\.rows).reduce(0, +) == scores.rows)
            #expect(abs(shape.all.middleLoss - scores.wql) < 1e-12 && abs(shape.all.tailLoss - scores.tail) < 1e-12)
            let cover = zip(shape.all.covered, Self.task.levels).map { max($0.below - $1, $1 - $0.atOrBelow, 0) }
            #expect(abs(cover.reduce(0, +) / 3 - scores.cover) < 1e-12)
        }
    }

    @Test func bestMedianAndWorstAreRankedByLoss() {
        let series = RegularSeries(
            start: Timestamp(secondsSinceEpoch: 0), step: 3_600, values: [5, 5, 5, 5, 5, 9, 5, 5])
        let forecasts = (0..<7).map { origin in
            QuantileForecast(
                origin: series.grid.time(of: origin), step: 3_600, levels: [0.5], values: [origin == 2 ? 5 : 6])
        }
        var shape = AccuracyShape(task: ForecastTask(horizon: 1, levels: [0.5], season: 2, isWeekly: false))
        shape.add(RollingForecasts(origins: Array(0..<7), forecasts: forecasts), of: series, number: 3)
        #expect(shape.bestMedianWorst.map(\.number) == [2, 3, 5] && shape.bestMedianWorst[0].series == 3)
    }
}
