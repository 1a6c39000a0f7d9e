import ConformanceKit
import Forecasting
import Kernels
import Series
import Testing
import Units

/// The forecasting methods of peers.
@Suite struct PeerForecasterTests {
    private let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

    private func hours(_ values: [Double]) -> KnownDemand {
        KnownDemand(RegularSeries(start: start, step: 3_600, values: values))
    }

    private func task(horizon: Int, season: Int = 24) -> ForecastTask {
        ForecastTask(horizon: horizon, levels: [0.5], season: season, isWeekly: true)
    }

    @Test(arguments: ["crane-dsp", "hourly-means", "holt-winters"])
    func conforms(name: String) throws {
        let rolling = try PeerForecasters.rolling(named: name, horizon: 12, step: 3_600)
        #expect(try ForecasterConformance(rolling.forecaster, isStored: false).findings() == [])
        #expect(PeerForecasters.names.contains(name) && PeerForecasters.names.count == 3)
        #expect(throws: ForecastError.unknownModel("x", known: PeerForecasters.names)) {
            _ = try PeerForecasters.rolling(named: "x", horizon: 1, step: 60)
        }
    }

    /// α = β = γ = 0.5, two rows a season, worked by hand.
    @Test func holtWintersFollowsItsFormulas() {
        let weights = SmoothingWeights(level: 0.5, trend: 0.5, season: 0.5)
        let model = FittedHoltWinters(task: task(horizon: 3, season: 2), weights: weights)
        // Seasons of means 15 and 22: trend 7/2 = 3.5, level 15 + 3.5/2 = 16.75, offsets 10 - 13.25 = -3.25 and 3.25.
        // 14: level (14 + 3.25)/2 + 20.25/2 = 18.75, trend 2/2 + 1.75 = 2.75, offset -6.25/2 - 1.625 = -4.75.
        // 30: level (30 - 3.25)/2 + 21.5/2 = 24.125, trend 5.375/2 + 1.375 = 4.0625, offset 8.5/2 + 1.625 = 5.875.
        let forecast = model.forecast(after: hours([10, 20, 14, 30]))
        // 24.125 + 4.0625 - 4.75, 24.125 + 8.125 + 5.875, 24.125 + 12.1875 - 4.75.
        #expect(forecast.values == [23.4375, 38.125, 31.5625])
    }

    @Test func holtWintersIsExactOnALineAndASeason() throws {
        // A trend and a season without noise are forecast exactly by whatever weights.
        let rows = (0..<240).map { 100 + Double($0) + [0.0, 30, -20, 5][$0 % 4] }
        let model = try HoltWinters().fit(hours(rows), task: task(horizon: 4, season: 4))
        let expected = (240..<244).map { 100 + Double($0) + [0.0, 30, -20, 5][$0 % 4] }
        for (value, wanted) in zip(model.forecast(after: hours(rows)).values, expected) {
            #expect(abs(value - wanted) < 1e-6)
        }
    }

    @Test func hourlyMeansAreOfTheHourAndLaterOfTheWeekday() throws {
        // Hour h of the first day has h, of the second h + 10: h + 5.
        let two = hours((0..<48).map { Double($0 % 24 + ($0 < 24 ? 0 : 10)) })
        let model = try HourlyMeans().fit(two, task: task(horizon: 30))
        #expect(model.forecast(after: two).values == (0..<30).map { Double($0 % 24) + 5 })
        // Sixteen days valued by their number: of the last fourteen, 2 to 15, day 16 shares its weekday with 2 and 9.
        let more = hours((0..<16 * 24).map { Double($0 / 24) })
        let weekly = try HourlyMeans().fit(more, task: task(horizon: 25))
        #expect(weekly.forecast(after: more).values == Array(repeating: 5.5, count: 24) + [6.5])
    }

    private func wave(_ row: Int) -> Double { 50 + 40 * cosineAndSine(turns: Double(row % 24) / 24).sine }

    /// A cycle that repeats without noise comes again, with the smallest of the margins.
    @Test func craneRepeatsADayOrAWeek() throws {
        let daily = (0..<24 * 10).map(wave)
        let model = try CraneSignal().fit(hours(daily), task: task(horizon: 48))
        for (row, value) in model.forecast(after: hours(daily)).values.enumerated() {
            #expect(abs(value - 1.01 * wave(row)) < 1e-9)
        }
        // Asked five hours later it has moved on.
        let later = model.forecast(after: hours(daily + daily.prefix(5))).values
        #expect(abs(later[0] - 1.01 * wave(5)) < 1e-9)
        // Fifteen days hold two weeks; days 5 and 6 of each are quiet.
        let weekly = (0..<24 * 15).map { wave($0) + ($0 / 24 % 7 >= 5 ? 0 : 30) }
        let week = try CraneSignal().fit(hours(weekly), task: task(horizon: 168))
        for (row, value) in week.forecast(after: hours(weekly)).values.enumerated() {
            #expect(abs(value - 1.01 * weekly[row + 24 * 8]) < 1e-6, "row \(row)")
        }
    }

    @Test func craneSeesNoPeriodInNoise() throws {
        for seed in UInt64(0)..<20 {
            var rng = SplitMix64(seed: seed)
            let noise = hours((0..<24 * 14).map { _ in rng.uniform() })
            #expect(throws: ForecastError.numericalFailure("no period of a week or a day stands out")) {
                _ = try CraneSignal().fit(noise, task: task(horizon: 1))
            }
        }
        // What lies before a gap of over an hour does not count: a day is not enough.
        let cut = (0..<24 * 10).map(wave) + [.nan, .nan] + (0..<24).map(wave)
        #expect(throws: ForecastError.historyTooShort(rows: cut.count, needed: 48)) {
            _ = try CraneSignal().fit(hours(cut), task: task(horizon: 1))
        }
    }

    @Test func transformsAreThoseOfTheDefinition() {
        for count in [1, 2, 3, 4, 12, 30, 49, 97, 360] {
            var rng = SplitMix64(seed: UInt64(count))
            let values = (0..<count).map { _ in rng.uniform() - 0.5 }
            let transform = FourierTransform(count: count), spectrum = transform.forward(values)
            for k in [0, 1, count / 3, count - 1] where k < count {
                let terms = values.enumerated().map { row, value in
                    let (cosine, sine) = cosineAndSine(turns: Double(row * k % count) / Double(count))
                    return Complex(real: value * cosine, imaginary: -value * sine)
                }
                let sum = terms.reduce(Complex(real: 0, imaginary: 0), +)
                #expect(abs(sum.real - spectrum[k].real) + abs(sum.imaginary - spectrum[k].imaginary) < 1e-11)
            }
            let again = transform.inverseReal(spectrum)
            #expect(zip(again, values).allSatisfy { abs($0 - $1) < 1e-13 * Double(count) + 1e-15 })
        }
    }
}
