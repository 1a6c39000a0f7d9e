import Forecasting
import Kernels
import Series
import Testing
import Units

/// What a forecast may depend on, and what there is where history is short.
@Suite struct HistoryTests {
    private let start = Timestamp(secondsSinceEpoch: 1_700_006_400)
    private let task = ForecastTask(horizon: 12, season: 24, isWeekly: true)

    /// Hourly days with noise, single missing rows and runs of them.
    private func gappy(rows: Int, seed: UInt64) -> RegularSeries {
        var rng = SplitMix64(seed: seed)
        var gap = 0
        let values = (0..<rows).map { row in
            gap = gap > 0 ? gap - 1 : rng.uniform() < 0.004 ? Int(rng.next() % 60) : 0
            let value = 60 + 40 * cosineAndSine(turns: Double(row % 24) / 24).sine + 20 * (rng.uniform() - 0.5)
            return gap > 0 || rng.uniform() < 0.02 ? .nan : value
        }
        return RegularSeries(start: start, step: 3_600, values: values)
    }

    /// The last `rows` rows, each gap filled from a season before, else from the row before, else with 0.
    private func filled(_ known: KnownDemand, rows: Int) -> KnownDemand {
        var values = Array(known.suffix(rows)), last = 0.0
        for row in values.indices {
            if values[row].isNaN { values[row] = row >= task.season ? values[row - task.season] : last }
            if !known.suffix(rows)[known.count - values.count + row].isNaN { last = values[row] }
        }
        let start = known.end.advanced(bySeconds: -values.count * known.step)
        return KnownDemand(RegularSeries(start: start, step: known.step, values: values))
    }

    /// Reading a few rows and filling them one by one is the same, to the last bit, as filling the whole window first; and no
    /// forecast depends on those asked for before it.
    @Test(arguments: [("ridge", 8 * 24 + 3), ("seasonal-naive", 8 * 24)])
    func rowsFilledWhenReadAreRowsFilledBefore(name: String, window: Int) throws {
        for seed in UInt64(0)..<20 {
            let series = gappy(rows: 24 * 40, seed: seed)
            let model = try ModelCatalogue.forecaster(named: name).fit(KnownDemand(series, count: 24 * 25), task: task)
            var rng = SplitMix64(seed: seed)
            let origins = (0..<40).map { _ in Int(rng.next() % UInt64(series.count + 1)) }
            let forecasts = origins.map { model.forecast(after: KnownDemand(series, count: $0)) }
            for (origin, forecast) in zip(origins, forecasts).reversed() {
                let known = KnownDemand(series, count: origin)
                #expect(model.forecast(after: filled(known, rows: window)) == forecast, "seed \(seed), \(origin)")
                #expect(model.forecast(after: known) == forecast)
            }
        }
    }

    @Test func theBestModelThatCanLearnSpeaks() throws {
        let series = gappy(rows: 24 * 30, seed: 4)
        func speaker(_ rows: Int) throws -> String {
            try ModelCatalogue.auto.fit(KnownDemand(series, count: rows), task: task).name
        }
        #expect(try [8, 31].map(speaker) == ["last-value", "last-value"])
        #expect(try !speaker(60).contains("ridge"))
        #expect(try speaker(24 * 20).contains("ridge"))
        #expect(throws: ForecastError.historyTooShort(rows: 0, needed: 2)) { _ = try speaker(0) }
        let missing = RegularSeries(start: start, step: 3_600, values: Array(repeating: .nan, count: 500))
        #expect(throws: ForecastError.nothingKnown(rows: 500)) {
            _ = try ModelCatalogue.auto.fit(KnownDemand(missing), task: task)
        }
    }

    /// A young series is not left with its first model until the next refit.
    @Test func aGrowingHistoryEarnsABetterModel() {
        let series = gappy(rows: 24 * 30, seed: 5)
        var rolling = RollingForecaster(ModelCatalogue.auto, task: task, refitEvery: 24 * 28)
        var names: [String] = []
        for count in 2...series.count {
            #expect(rolling.forecast(after: KnownDemand(series, count: count)) != nil)
            if let name = rolling.model?.name, name != names.last { names.append(name) }
        }
        #expect(names.starts(with: ["last-value", "seasonal-naive", "ridge"]))
    }

    @Test func theLastValueSpreadsByItsMoves() throws {
        let series = RegularSeries(start: start, step: 60, values: [9, .nan, 10, 12])
        let two = ForecastTask(horizon: 2, levels: [0.1, 0.5, 0.9], season: 1_440, isWeekly: false)
        let values = try LastValue().fit(KnownDemand(series), task: two).forecast(after: KnownDemand(series)).values
        // Moves of 1 and 2, both ways: -2, -1, 1, 2. At 0.9 that is 1 + 0.7; two steps ahead, √2 of it.
        let wide = 1.7 * 2.0.squareRoot()
        let expected = [10.3, 12, 13.7, 12 - wide, 12, 12 + wide]
        #expect(zip(values, expected).allSatisfy { abs($0 - $1) < 1e-9 }, "\(values)")
    }

    /// With more features than an eighth of the origins, the errors on rows learnt from would promise far too little spread.
    @Test func levelsHoldOnNoiseThatCannotBeLearnt() throws {
        let levels = [0.1, 0.5, 0.9]
        let task = ForecastTask(horizon: 12, levels: levels, season: 24, isWeekly: true)
        var (below, count) = ([0.0, 0, 0], 0.0)
        for seed in UInt64(0)..<12 {
            var rng = SplitMix64(seed: seed)
            let values = (0..<24 * 60).map { _ in 100 + 80 * (rng.uniform() - 0.5) }
            let series = RegularSeries(start: start, step: 3_600, values: values)
            let model = try DirectRidge().fit(KnownDemand(series, count: 24 * 40), task: task)
            for origin in stride(from: 24 * 40, to: series.count - 12, by: 12) {
                let forecast = model.forecast(after: KnownDemand(series, count: origin))
                for step in 0..<12 {
                    count += 1
                    for level in 0..<3 where values[origin + step] <= forecast.values[step * 3 + level] {
                        below[level] += 1
                    }
                }
            }
        }
        for (level, hits) in zip(levels, below) {
            #expect(abs(hits / count - level) < 0.03, "\(level): \(hits / count)")
        }
    }
}
