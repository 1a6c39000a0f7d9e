import Series
import Testing
import Units

@Suite struct SeriesTests {
    private func samples(_ pairs: [(Int, Double)]) -> SampleColumns {
        SampleColumns(timestamps: pairs.map { Timestamp(secondsSinceEpoch: $0.0) }, values: pairs.map(\.1))
    }

    @Test func theCommonestGapIsTheStepAndAbsentRowsAreMissing() throws {
        let series = try RegularSeries(inferringGridOf: samples([(0, 1), (60, 2), (240, 5), (300, 6)]))
        #expect(series.step == 60 && series.count == 6 && series.missingCount == 2 && series.values[4] == 5)
        #expect(series.fillingGapsWithZero().values[2] == 0)
    }

    @Test func gridsThatMakeNoSenseAreRefused() {
        let cases: [([(Int, Double)], GridError)] = [
            ([(0, 1)], .tooFewSamples(1)),
            ([(60, 1), (0, 2)], .notAscending(index: 1, time: Timestamp(secondsSinceEpoch: 0))),
            ([(0, 1), (60, .infinity)], .infinite(time: Timestamp(secondsSinceEpoch: 60))),
        ]
        for (pairs, expected) in cases {
            #expect(throws: expected) { _ = try RegularSeries(inferringGridOf: samples(pairs)) }
        }
    }

    @Test func countersGiveIncreasesAndSurviveAReset() throws {
        let columns = samples([(0, 100), (60, 130), (120, 10), (180, 15)])
        let end = Timestamp(secondsSinceEpoch: 240)
        let series = try #require(RegularSeries(resampling: columns, kind: .counter, step: 60, endingBy: end))
        #expect(series.values[0].isNaN && Array(series.values[1...]) == [30, 10, 5])
    }

    @Test func rowsThatHaveNotEndedAreLeftOut() throws {
        let columns = samples([(0, 1), (10, 2), (60, 4)])
        let now = Timestamp(secondsSinceEpoch: 119)
        let counts = try #require(RegularSeries(resampling: columns, kind: .count, step: 60, endingBy: now))
        let rates = try #require(RegularSeries(resampling: columns, kind: .rate, step: 60, endingBy: now))
        #expect(counts.values == [3] && rates.values == [1.5])
    }

    @Test func selectorsReadBackWhatKeysPrint() throws {
        let key = try SeriesKey(
            metric: "m", labels: [.init(name: "b", value: "x\"y\\z"), .init(name: "a", value: "1")])
        #expect(try SeriesSelector(parsing: key.description) == SeriesSelector(key))
        #expect(try SeriesSelector(parsing: "m").matches(key))
        for bad in ["", "m{", "m{a}", "m{a=\"1\"", "m{a=\"1\"}x", "1m", "m{a=\"1\",a=\"2\"}"] {
            #expect(throws: SelectorError.self) { _ = try SeriesSelector(parsing: bad) }
        }
    }

    @Test func forecastsAreRepairedAndInterpolated() {
        let forecast = QuantileForecast(
            origin: Timestamp(secondsSinceEpoch: 0), step: 60, levels: [0.5, 0.9], values: [9, 5, .nan, -3])
        #expect(forecast.values == [5, 9, 0, 0])
        #expect(abs(forecast.value(row: 0, level: 0.7) - 7) < 1e-12)
        #expect(forecast.value(row: 0, level: 0.1) == 5)
        // Beyond 0.9 exponential: 9 + 4·ln 10 / ln 5.
        #expect(abs(forecast.value(row: 0, level: 0.99) - 14.722_706_232_293_572) < 1e-9)
        let single = QuantileForecast(origin: forecast.origin, step: 60, levels: [0.9], values: [7])
        #expect(single.value(row: 0, level: 0.999) == 7)
    }
}
