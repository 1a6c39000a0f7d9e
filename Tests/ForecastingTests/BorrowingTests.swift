import ConformanceKit
import Forecasting
import Kernels
import Series
import Testing
import Units

/// What series that are too young for a model of their own have from others.
@Suite struct BorrowingTests {
    private static let season = 24
    private static let task = ForecastTask(horizon: 8, season: season, isWeekly: false)

    /// Hourly days of one shape, at heights from 10 to 10,000.
    private func histories(_ count: Int, rows: Int, seed: UInt64) -> [KnownDemand] {
        (0..<count).map { number in
            var random = SplitMix64(seed: seed &+ UInt64(number))
            let height = [10.0, 100, 1_000, 10_000][number % 4]
            let values = (0..<rows).map { row in
                let wave = cosineAndSine(turns: Double(row % Self.season) / Double(Self.season)).cosine
                return (height * (2 + wave + 0.4 * (random.uniform() - 0.5))).rounded()
            }
            return KnownDemand(
                RegularSeries(start: Timestamp(secondsSinceEpoch: 1_699_920_000), step: 3_600, values: values))
        }
    }

    private func shared(_ forecaster: any GlobalForecaster, horizon: Int = 8) throws -> any SharedModel {
        let task = ForecastTask(horizon: horizon, season: Self.season, isWeekly: false)
        return try forecaster.fit(histories(12, rows: 20 * Self.season, seed: 1), task: task).shared
    }

    private func loss(_ model: any FittedModel, _ history: KnownDemand, at origin: Int) -> Double {
        let forecast = model.forecast(after: history.prefix(origin))
        return HeldOutForecasts(origins: [origin], forecasts: [forecast]).losses(in: history)?.all ?? .infinity
    }

    @Test func autoIsHelpedWhileItIsYoung() throws {
        for forecaster in ModelCatalogue.globals {
            let helped = Borrowing(ModelCatalogue.auto, from: try shared(forecaster))
            var sums = (helped: 0.0, alone: 0.0)
            for history in histories(4, rows: 5 * Self.season, seed: 900) {
                let day = history.prefix(Self.season + 5)
                let model = try helped.fit(day, task: Self.task),
                    alone = try ModelCatalogue.auto.fit(day, task: Self.task)
                #expect(model.name.contains("borrowed(\(forecaster.name))"), "\(model.name)")
                sums.helped += loss(model, history, at: day.count)
                sums.alone += loss(alone, history, at: day.count)
                let again = try ModelCatalogue.decode(model.encoded())
                #expect(again.name == model.name && again.encoded() == model.encoded())
                #expect(again.forecast(after: day) == model.forecast(after: day))
                let later = history.prefix(3 * Self.season)
                #expect(model.updated(on: later).forecast(after: later).values.allSatisfy { $0.isFinite && $0 >= 0 })
            }
            #expect(sums.helped < sums.alone, "\(forecaster.name): \(sums)")
            // Two weeks on it needs nobody.
            let grown = histories(1, rows: 15 * Self.season, seed: 4)[0]
            let own = try ModelCatalogue.auto.fit(grown, task: Self.task)
            #expect(try helped.fit(grown, task: Self.task).encoded() == own.encoded())
        }
    }

    @Test func anyOtherMethodIsStoodInFor() throws {
        let helped = Borrowing(DirectRidge(), from: try shared(GlobalRidge()))
        let histories = histories(1, rows: 10 * Self.season, seed: 5), day = histories[0].prefix(20)
        #expect(throws: ForecastError.self) { _ = try DirectRidge().fit(day, task: Self.task) }
        let model = try helped.fit(day, task: Self.task)
        #expect(model.name == "borrowed(global-ridge)")
        let fit = try helped.fitHoldingOut(day, task: Self.task)
        #expect(fit.model.encoded() == model.encoded())
        #expect(try helped.fit(histories[0], task: Self.task).name == "ridge")
        // What is learnt of the series by then moves what is borrowed.
        #expect(model.updated(on: histories[0]).encoded() != model.encoded())
        // From nothing known nothing comes.
        let unknown = KnownDemand(RegularSeries(start: day.start, step: 3_600, values: [.nan, .nan]))
        #expect(throws: ForecastError.self) { _ = try helped.fit(unknown, task: Self.task) }
        // Nor for another task.
        let further = ForecastTask(horizon: 9, season: Self.season, isWeekly: false)
        #expect(throws: ForecastError.self) { _ = try helped.fit(day, task: further) }
    }

    /// Those who lend may see further than is asked.
    @Test func aLongerHorizonIsCut() throws {
        let shared = try shared(GlobalRidge(), horizon: 12), day = histories(1, rows: 30, seed: 6)[0]
        let model = try Borrowing(DirectRidge(), from: shared).fit(day, task: Self.task)
        let forecast = model.forecast(after: day), whole = shared.forecast(after: day)
        #expect(forecast.horizon == 8 && whole.horizon == 12)
        #expect(forecast.values == Array(whole.values.prefix(forecast.values.count)))
        #expect(try ModelCatalogue.decode(model.encoded()).forecast(after: day) == forecast)
    }

    /// Told of events, stored and read.
    @Test func eventsGoAround() throws {
        let day = histories(1, rows: 40, seed: 7)[0]
        let sale = KnownEvents.Span(start: day.end, end: day.end.advanced(bySeconds: 7_200))
        let events = KnownEvents([.init(name: "sale", effect: 2, spans: [sale])])
        let base = Borrowing(ModelCatalogue.auto, from: try shared(GlobalRidge()))
        let told = try EventAware(base, events: events).fit(day, task: Self.task)
        let again = try ModelCatalogue.decode(told.encoded())
        #expect(again.name.contains("borrowed") && again.forecast(after: day) == told.forecast(after: day))
    }

    @Test func damagedModelsAreRefused() throws {
        let day = histories(1, rows: 30, seed: 8)[0]
        for forecaster in ModelCatalogue.globals {
            let shared = try shared(forecaster)
            let bytes = try Borrowing(DirectRidge(), from: shared).fit(day, task: Self.task).encoded()
            #expect(try ModelCatalogue.decodeShared(shared.encoded()).encoded() == shared.encoded())
            #expect(throws: ForecastError.self) { _ = try ModelCatalogue.decodeShared(bytes) }
            var random = SplitMix64(seed: 1)
            for _ in 0..<40 {
                var damaged = bytes
                damaged[Int(random.next() % UInt64(damaged.count))] ^= UInt8(1 + random.next() % 255)
                #expect(throws: ForecastError.self) { _ = try ModelCatalogue.decode(damaged) }
            }
        }
    }
}

/// One net for many series.
@Suite struct GlobalNetTests {
    private static let season = 24
    private static let task = ForecastTask(horizon: 6, season: season, isWeekly: false)

    private func histories(_ count: Int, rows: Int, seed: UInt64) -> [KnownDemand] {
        (0..<count).map { number in
            var random = SplitMix64(seed: seed &+ UInt64(number))
            let height = [3.0, 50, 700, 9_000][number % 4]
            let values = (0..<rows).map { row in
                let wave = cosineAndSine(turns: Double(row % Self.season) / Double(Self.season)).cosine
                return (height * (2 + wave + 0.6 * (random.uniform() - 0.5))).rounded()
            }
            return KnownDemand(
                RegularSeries(start: Timestamp(secondsSinceEpoch: 1_699_920_000), step: 3_600, values: values))
        }
    }

    @Test func beatsTheNaiveOnWhatItHasNotSeen() throws {
        let whole = histories(12, rows: 24 * Self.season, seed: 1), cut = 20 * Self.season
        let fit = try GlobalNet().fit(whole.map { $0.prefix(cut) }, task: Self.task)
        let origins = Array(stride(from: cut, through: 24 * Self.season - 6, by: 5))
        for (history, model) in zip(whole, fit.models) {
            let naive = try SeasonalNaive().fit(history.prefix(cut), task: Self.task)
            let losses = try [model, naive].map { model in
                let forecasts = HeldOutForecasts(origins: origins, forecasts: model.forecasts(of: history, at: origins))
                return try #require(forecasts.losses(in: history)?.all)
            }
            #expect(losses[0] < losses[1], "\(losses)")
            // What it holds out lies at the end, and is forecast by what has not seen it.
            let heldOut = fit.shared.heldOut(of: history.prefix(cut))
            #expect(heldOut.origins.count >= 10 && heldOut.origins.allSatisfy { $0 > cut / 2 && $0 <= cut - 6 })
            let again = try ModelCatalogue.decode(model.encoded())
            #expect(again.name == "global-net" && again.forecast(after: history) == model.forecast(after: history))
        }
    }

    /// The same bytes from the same histories; and other histories' ends change nothing of a series' unit.
    @Test func isDeterministicAndHoldsAgainstHostileSeries() throws {
        var histories = histories(6, rows: 12 * Self.season, seed: 3)
        histories += ForecasterConformance.hostile.map { KnownDemand($0.series) }
        let fit = try GlobalNet().fit(histories, task: Self.task)
        #expect(try GlobalNet().fit(histories, task: Self.task).shared.encoded() == fit.shared.encoded())
        for (model, history) in zip(fit.models, histories) {
            for other in histories {
                let forecast = model.forecast(after: other)
                #expect(forecast.horizon == 6 && forecast.values.allSatisfy { $0.isFinite && $0 >= 0 })
            }
            #expect(model.forecast(after: history).origin == history.end)
        }
        #expect(throws: ForecastError.self) { _ = try GlobalNet().fit([], task: Self.task) }
        #expect(throws: ForecastError.self) { _ = try GlobalNet().fit([histories[7]], task: Self.task) }
    }

    /// Rows at and after an origin change no forecast from it, of any series.
    @Test func nothingLeaksFromTheFuture() throws {
        let histories = histories(3, rows: 16 * Self.season, seed: 9)
        let series = histories.map {
            RegularSeries(start: $0.start, step: $0.step, values: Array($0.suffix()))
        }
        let evaluation = EvaluationProtocol(task: Self.task, origins: 12, stride: 7)
        for forecaster in ModelCatalogue.globals {
            let found = try evaluation.forecasts(of: series, by: forecaster)
            #expect(found.allSatisfy { $0.origins == evaluation.originRows(count: 16 * Self.season) })
            let first = try #require(found.first?.origins.first)
            let spoilt = series.map { each in
                RegularSeries(
                    start: each.start, step: each.step,
                    values: each.values.enumerated().map { $0 < first ? $1 : 1e6 * Double($0 % 3) })
            }
            let again = try evaluation.forecasts(of: spoilt, by: forecaster)
            #expect(zip(found, again).allSatisfy { $0.forecasts.first == $1.forecasts.first })
        }
    }
}
