import Forecasting
import Kernels
import Series
import Testing
import Units

/// How a combination chooses among its members, at the level that is acted on and as outcomes come in.
@Suite struct CombinationTests {
    private static let season = 24
    private let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

    private func known(_ values: [Double]) -> KnownDemand {
        KnownDemand(RegularSeries(start: start, step: 3_600, values: values))
    }

    @Test func theLevelsAroundTheOperatingOneDecide() {
        func decisive(_ level: Double?, _ levels: [Double] = ForecastTask.standardLevels) -> [Double] {
            let task = ForecastTask(horizon: 1, levels: levels, season: 24, isWeekly: false, operatingLevel: level)
            return task.decisiveLevels.map { levels[$0] }
        }
        #expect(decisive(nil) == ForecastTask.standardLevels)
        #expect(decisive(0.99).contains(0.99) && !decisive(0.99).contains(0.5) && !decisive(0.99).contains(0.1))
        #expect(decisive(0.999, [0.1, 0.5]) == [0.5] && decisive(0.95) == ForecastTask.standardLevels)
        for seed in UInt64(0)..<200 {
            var rng = SplitMix64(seed: seed)
            let level = 0.001 + 0.998 * rng.uniform()
            let nearest = ForecastTask.standardLevels.min { abs($0 - level) < abs($1 - level) }
            let found = decisive(level)
            #expect(!found.isEmpty && found == found.sorted() && found.contains(nearest ?? 0), "\(level): \(found)")
        }
    }

    /// One knows the middle and not the tail, the other the tail and not the middle.
    @Test func whoForecastsTheOperatingLevelBestSpeaks() throws {
        let levels = [0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99]
        for seed in UInt64(0)..<8 {
            var rng = SplitMix64(seed: seed)
            let history = known((0..<1_200).map { _ in 100 + 20 * rng.uniform() })
            let middling = Constant(name: "middling", values: [102, 106, 110, 114, 118, 150, 200])
            let tailed = Constant(name: "tailed", values: [80, 82, 84, 114, 118, 119, 119.8])
            let combination = Combination(name: "two", of: [middling, tailed])
            func name(_ level: Double?) throws -> String {
                try combination.fit(
                    history,
                    task: ForecastTask(
                        horizon: 4, levels: levels, season: Self.season, isWeekly: false, operatingLevel: level)
                ).name
            }
            #expect(try name(nil) == "middling")
            #expect(try name(0.999) == "tailed")
        }
    }

    @Test func whatIsBeatenOfLateIsDemotedAndComesBack() throws {
        let task = ForecastTask(horizon: 4, levels: [0.1, 0.5, 0.9], season: Self.season, isWeekly: false)
        for seed in UInt64(0)..<8 {
            var rng = SplitMix64(seed: seed)
            let flat = { rng.uniform() * 20 + 90 }
            // A hundred flat days, ten with a wave, sixty flat ones again.
            var values = (0..<100 * Self.season).map { _ in flat() }
            values += (0..<10 * Self.season).map { row in
                flat() + 40 * cosineAndSine(turns: Double(row) / Double(Self.season)).0
            }
            values += (0..<60 * Self.season).map { _ in flat() }
            let whole = known(values)
            let level = Constant(name: "level", values: [92, 100, 108])
            var model = try Combination(name: "two", of: [level, SeasonalNaive()])
                .fit(whole.prefix(100 * Self.season), task: task)
            #expect(model.name == "level" && model.standings.map(\.weight) == [1, 0])
            var told: [MemberStanding] = []
            func follow(to day: Int, from first: Int) throws {
                for count in stride(from: first * Self.season, through: day * Self.season, by: 8) {
                    let next = model.updated(on: whole.prefix(count))
                    told += MemberStanding.changes(from: model.standings, to: next.standings)
                    model = next
                }
            }
            try follow(to: 106, from: 100)
            #expect(model.name == "seasonal-naive")
            let demotion = try #require(told.first { $0.name == "level" })
            let reason = try #require(demotion.reason)
            #expect(demotion.weight == 0 && reason.hasPrefix("of late worse than seasonal-naive by "), "\(reason)")
            try follow(to: 170, from: 106)
            #expect(model.name == "level", "\(model.standings)")
            #expect(told.last { $0.name == "level" }?.reason == nil)
        }
    }

    @Test func standingsOutliveStorage() throws {
        let task = ForecastTask(
            horizon: 4, levels: [0.1, 0.5, 0.9, 0.99], season: Self.season, isWeekly: false, operatingLevel: 0.9)
        var rng = SplitMix64(seed: 5)
        let history = known((0..<40 * Self.season).map { Double($0 % Self.season) + 10 * rng.uniform() })
        let model = try Combination(name: "three", of: [DecayedHistogram(), SeasonalNaive(), LastValue()])
            .fit(history.prefix(30 * Self.season), task: task)
        let read = try ModelCatalogue.decode(model.encoded())
        #expect(read.task == task && read.standings == model.standings && !model.standings.isEmpty)
        let (later, readLater) = (model.updated(on: history), read.updated(on: history))
        #expect(later.standings == readLater.standings && later.encoded() == readLater.encoded())
        #expect(later.forecast(after: history) == readLater.forecast(after: history))
    }

    @Test func bytesOfAnotherFormatAreRefused() throws {
        let task = ForecastTask(horizon: 2, season: Self.season, isWeekly: false, operatingLevel: 0.95)
        let history = known((0..<200).map { Double($0 % 24) })
        var bytes = try SeasonalNaive().fit(history, task: task).encoded()
        #expect(try ModelCatalogue.decode(bytes).task.operatingLevel == 0.95)
        bytes[4] = 2
        #expect(throws: ForecastError.unsupportedModelVersion(found: 2, supported: 3)) {
            _ = try ModelCatalogue.decode(bytes)
        }
    }

    /// Bursts between long stretches of nothing: the correction of levels must not make a busy hour's forecast absurd.
    @Test func sparseCountsStayWithinReason() throws {
        let task = ForecastTask(horizon: 6, levels: [0.1, 0.5, 0.9, 0.95, 0.99], season: Self.season, isWeekly: false)
        let auto = Combination(
            name: "few", of: [DirectRidge(), Intermittent(), DecayedHistogram(), SeasonalNaive(), LastValue()])
        var own = 0.0, histogram = 0.0
        for seed in UInt64(0)..<8 {
            var rng = SplitMix64(seed: seed), busy = false
            let values = (0..<60 * Self.season).map { _ -> Double in
                busy = rng.uniform() < (busy ? 0.9 : 0.03)
                return busy ? (2_000 * rng.uniform()).rounded() : 0
            }
            let whole = known(values), first = 40 * Self.season
            var model = try auto.fit(whole.prefix(first), task: task)
            let plain = try DecayedHistogram().fit(whole.prefix(first), task: task)
            for origin in stride(from: first, through: values.count - task.horizon, by: 5) {
                let history = whole.prefix(origin)
                model = model.updated(on: history)
                let forecast = model.forecast(after: history)
                #expect(forecast.values.allSatisfy { $0 <= 4_000 }, "seed \(seed), row \(origin)")
                own += Self.loss(forecast, values, origin)
                histogram += Self.loss(plain.forecast(after: history), values, origin)
            }
        }
        #expect(own < histogram, "\(own / histogram)")
    }

    private static func loss(_ forecast: QuantileForecast, _ values: [Double], _ origin: Int) -> Double {
        var tally = AccuracyTally(levels: forecast.levels)
        for step in 0..<forecast.horizon {
            let columns = forecast.levels.count
            tally.add(
                actual: values[origin + step], forecast: forecast.values[step * columns..<(step + 1) * columns])
        }
        let sum = values[origin..<origin + forecast.horizon].reduce(0, +)
        return tally.rows == 0 ? 0 : tally.loss * max(sum, 1e-12)
    }
}

/// Says the same whatever has been.
private struct Constant: Forecaster, FittedModel {
    let name: String
    let values: [Double]
    var task = ForecastTask(horizon: 1, season: 2, isWeekly: false)

    func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        Constant(name: name, values: values, task: task)
    }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        QuantileForecast(
            origin: history.end, step: history.step, levels: task.levels,
            values: (0..<task.horizon).flatMap { _ in values })
    }

    func encoded() -> [UInt8] { [] }
}
