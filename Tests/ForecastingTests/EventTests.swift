import ConformanceKit
import Forecasting
import Kernels
import Series
import Testing
import Units

/// Forecasters that are told of events.
@Suite struct EventTests {
    private let start = Timestamp(secondsSinceEpoch: 1_700_006_400)
    private let task = ForecastTask(horizon: 24, season: 24, isWeekly: true)
    private let step = 3_600

    private func span(_ first: Int, _ count: Int) -> KnownEvents.Span {
        KnownEvents.Span(
            start: start.advanced(bySeconds: first * step), end: start.advanced(bySeconds: (first + count) * step))
    }

    /// Hourly days with noise, three times as high in the rows of `sales`.
    private func days(_ rows: Int, sales: [Range<Int>], seed: UInt64) -> RegularSeries {
        var random = SplitMix64(seed: seed)
        let values = (0..<rows).map { row -> Double in
            let usual = 600 + 400 * cosineAndSine(turns: Double(row % 24) / 24).sine + 60 * (random.uniform() - 0.5)
            return (sales.contains { $0.contains(row) } ? 3 * usual : usual).rounded()
        }
        return RegularSeries(start: start, step: step, values: values)
    }

    private func medians(_ forecast: QuantileForecast) -> [Double] {
        (0..<forecast.horizon).map { forecast.value(row: $0, level: 0.5) }
    }

    @Test(arguments: ["seasonal-naive", "ridge"])
    func aSaleToComeIsForeseen(name: String) throws {
        let sales = [300..<312, 500..<512, 700..<712, 968..<980]
        let series = days(984, sales: sales, seed: 1)
        let events = KnownEvents([.init(name: "sale", spans: sales.map { span($0.lowerBound, $0.count) })])
        let base = try ModelCatalogue.forecaster(named: name), known = KnownDemand(series, count: 960)
        let told = try EventAware(base, events: events).fit(known, task: task)
        let untold = try base.fit(known, task: task)
        func miss(_ forecast: QuantileForecast) -> Double {
            zip(medians(forecast), series.values[960...]).reduce(0) { $0 + abs($1.0 - $1.1) }
        }
        let (with, without) = (miss(told.forecast(after: known)), miss(untold.forecast(after: known)))
        #expect(with < 0.7 * without, "\(with) \(without)")
        // Stored and read, and asked for many origins, it says the same.
        let again = try ModelCatalogue.decode(told.encoded())
        #expect(again.forecast(after: known) == told.forecast(after: known) && again.encoded() == told.encoded())
        let origins = [900, 930, 960]
        #expect(told.forecasts(of: known, at: origins) == origins.map { told.forecast(after: known.prefix($0)) })
    }

    @Test func eventsThatDoNothingChangeLittle() throws {
        let series = days(984, sales: [], seed: 2), known = KnownDemand(series, count: 960)
        let events = KnownEvents([
            .init(name: "nothing", spans: [span(310, 5), span(520, 5), span(730, 5), span(965, 10)])
        ])
        let told = try EventAware(SeasonalNaive(), events: events).fit(known, task: task).forecast(after: known)
        let untold = try SeasonalNaive().fit(known, task: task).forecast(after: known)
        #expect(zip(medians(told), medians(untold)).allSatisfy { abs($0 - $1) < 0.05 * $1 })
        let none = try EventAware(SeasonalNaive(), events: KnownEvents()).fit(known, task: task).forecast(after: known)
        #expect(none == untold)
    }

    /// Of a kind that has not taken place yet nothing is known but what is given.
    @Test func aFirstSaleHasTheEffectThatIsGiven() throws {
        let series = days(984, sales: [968..<980], seed: 3), known = KnownDemand(series, count: 960)
        let untold = medians(try SeasonalNaive().fit(known, task: task).forecast(after: known))
        for (effect, least, most) in [(nil, 0.999, 1.001), (3.0, 2.999, 3.001)] {
            let events = KnownEvents([.init(name: "sale", effect: effect, spans: [span(968, 12)])])
            let told = medians(
                try EventAware(SeasonalNaive(), events: events).fit(known, task: task).forecast(after: known))
            for row in 8..<20 { #expect(told[row] > least * untold[row] && told[row] < most * untold[row]) }
            #expect(told[..<8] == untold[..<8] && told[20...] == untold[20...])
        }
    }

    /// The same overlapping kinds, told apart.
    @Test func kindsThatOverlapAreToldApart() throws {
        let sales = [300..<312, 500..<512, 700..<712, 850..<862]
        let series = days(984, sales: sales, seed: 4), known = KnownDemand(series)
        let events = KnownEvents([
            .init(name: "mail", spans: [span(306, 12), span(400, 12), span(610, 12), span(990, 12)]),
            .init(name: "sale", spans: sales.map { span($0.lowerBound, $0.count) }),
        ])
        let told = medians(
            try EventAware(SeasonalNaive(), events: events).fit(known, task: task).forecast(after: known))
        let untold = medians(try SeasonalNaive().fit(known, task: task).forecast(after: known))
        // The mail does nothing by itself: what is high in it is the sale.
        #expect((6..<18).allSatisfy { abs(told[$0] / untold[$0] - 1) < 0.15 }, "\(told) \(untold)")
    }

    @Test func itConformsAsItsForecasterDoes() throws {
        let start = Timestamp(secondsSinceEpoch: 0)
        let spans = (0..<400).map { day in
            let first = start.advanced(bySeconds: 1_700_006_400 / 86_400 * 86_400 + day * 5 * 86_400)
            return KnownEvents.Span(start: first, end: first.advanced(bySeconds: 20_000))
        }
        let early = (0..<5).map { day in
            KnownEvents.Span(
                start: start.advanced(bySeconds: day * 400_000), end: start.advanced(bySeconds: day * 400_000 + 50_000))
        }
        let events = KnownEvents([.init(name: "a", spans: spans + early), .init(name: "b", effect: 2, spans: spans)])
        for name in ["seasonal-naive", "ridge", "auto"] {
            let told = EventAware(try ModelCatalogue.forecaster(named: name), events: events)
            #expect(try ForecasterConformance(told, refused: [1]).findings() == [], "\(name)")
        }
    }

    @Test func sharesAreWhatIsCoveredOfARow() {
        func time(_ seconds: Int) -> Timestamp { Timestamp(secondsSinceEpoch: seconds) }
        let kind = KnownEvents.Kind(
            name: "x",
            spans: [
                .init(start: time(90), end: time(150)), .init(start: time(140), end: time(180)),
                .init(start: time(195), end: time(200)), .init(start: time(7), end: time(7)),
                .init(start: time(-50), end: time(6)), .init(start: time(290), end: time(999)),
            ])
        let rows = KnownEvents([kind]).rows(of: TimeGrid(start: time(0), step: 60, count: 5))
        #expect(rows[0].map(\.row) == [0, 1, 2, 3, 4])
        let expected = [0.1, 0.5, 1, 5.0 / 60, 10.0 / 60]
        #expect(zip(rows[0].map(\.share), expected).allSatisfy { abs($0 - $1) < 1e-12 })
        let many = KnownEvents(
            (0..<40).map { .init(name: "k\($0)", spans: [.init(start: time(0), end: time(1))]) })
        #expect(
            many.kinds.count == KnownEvents.most && many.kinds.contains { $0.name == "other" && $0.spans.count == 1 })
    }
}
