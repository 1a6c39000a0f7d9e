import Forecasting
import Kernels
import Series
import Testing
import Units

/// Models of whole days, and of spreads that depend on the hour.
@Suite struct DayTests {
    private let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

    /// Days whose level wanders while their shape stays.
    @Test func levelAndShapeSeeDaysAhead() throws {
        let task = ForecastTask(horizon: 48, season: 24, isWeekly: false)
        let evaluation = EvaluationProtocol(task: task, origins: 30, stride: 11)
        var ratios: [Double] = []
        for seed in UInt64(0)..<4 {
            var random = SplitMix64(seed: seed)
            var level = 100.0
            let values = (0..<24 * 50).map { row -> Double in
                level *= 1 + 0.03 * (random.uniform() - 0.5)
                let shape = 1 + 0.8 * cosineAndSine(turns: Double(row % 24) / 24).sine
                return level * shape * (1 + 0.3 * (random.uniform() - 0.5))
            }
            let series = RegularSeries(start: start, step: 3_600, values: values)
            let scores = try [ShapeModel(), SeasonalNaive()].map { (model: any Forecaster) in
                Scores(try evaluation.forecasts(of: series, by: model), of: series, under: evaluation)
            }
            ratios.append(scores[0].wql / scores[1].wql)
            #expect(scores[0].cross == 0 && scores[0].rows == 30 * 48)
        }
        #expect(ratios.allSatisfy { $0 < 0.95 }, "\(ratios)")
    }

    /// Nights that are calm and days that are not. The descent is short, because a longer one costs the far tail, so the hours
    /// differ less than they might; what is promised of all is kept.
    @Test func linearQuantilesAreWideWhereTheHourIs() throws {
        let task = ForecastTask(horizon: 6, levels: [0.1, 0.5, 0.9], season: 24, isWeekly: false)
        var random = SplitMix64(seed: 5)
        let values = (0..<24 * 120).map { row -> Double in
            100 + (row % 24 < 12 ? 4 : 60) * (random.uniform() - 0.5)
        }
        let series = RegularSeries(start: start, step: 3_600, values: values)
        let model = try LinearQuantile().fit(KnownDemand(series, count: 24 * 90), task: task)
        var widths = [0.0, 0], inside = 0.0, count = 0.0
        for origin in stride(from: 24 * 90, through: series.count - 6, by: 5) {
            let forecast = model.forecast(after: KnownDemand(series, count: origin))
            for step in 0..<6 {
                let low = forecast.values[step * 3], high = forecast.values[step * 3 + 2]
                widths[(origin + step) % 24 < 12 ? 0 : 1] += high - low
                inside += low <= values[origin + step] && values[origin + step] <= high ? 1 : 0
                count += 1
            }
        }
        #expect(widths[1] > 1.03 * widths[0], "\(widths)")
        #expect(abs(inside / count - 0.8) < 0.06, "\(inside / count)")
    }
}
