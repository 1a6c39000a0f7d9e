import Forecasting
import Kernels
import Series
import Testing
import Units

/// Joint paths: the quantile of the highest row of a window.
@Suite struct PathsTests {
    /// Levels with the standard normal distribution's quantiles.
    private let normal: [(level: Double, value: Double)] = [
        (0.01, -2.3263479), (0.05, -1.6448536), (0.1, -1.2815516), (0.25, -0.6744898), (0.5, 0), (0.75, 0.6744898),
        (0.9, 1.2815516), (0.95, 1.6448536), (0.99, 2.3263479), (0.995, 2.5758293), (0.999, 3.0902323),
    ]
    private let horizon = 12
    private let start = Timestamp(secondsSinceEpoch: 0)

    /// An autoregression of order 1 around a daily cycle, far above 0.
    private func rows(_ count: Int, memory: Double, _ random: inout SplitMix64) -> [Double] {
        var state = 0.0
        return (0..<count).map { row in
            let radius = (-2 * logarithm(1 - random.uniform())).squareRoot()
            state = memory * state + radius * cosineAndSine(turns: random.uniform()).cosine
            return state + cycle(row)
        }
    }

    private func cycle(_ row: Int) -> Double { 100 + 10 * cosineAndSine(turns: Double(row % 24) / 24).sine }

    /// The forecast that knows how the rows are made.
    private func forecast(_ rows: [Double], at origin: Int, memory: Double) -> QuantileForecast {
        var values: [Double] = []
        var (factor, variance) = (1.0, 0.0)
        for step in 0..<horizon {
            variance += factor * factor
            factor *= memory
            let mean = (rows[origin - 1] - cycle(origin - 1)) * factor + cycle(origin + step)
            values += normal.map { mean + variance.squareRoot() * $0.value }
        }
        let at = start.advanced(bySeconds: 60 * origin)
        return QuantileForecast(origin: at, step: 60, levels: normal.map(\.level), values: values)
    }

    /// 600 held-out forecasts, then as many windows to be covered, over ten seeds for each memory.
    @Test(arguments: [0.0, 0.8, 0.98])
    func theHighestRowOfAWindowIsCovered(memory: Double) {
        var covered = [0.0, 0.0], naive = 0.0, windows = 0.0
        for seed in UInt64(1)...10 {
            var random = SplitMix64(seed: seed)
            let rows = rows(1 + 1_200 * horizon, memory: memory, &random)
            let all = stride(from: 1, to: rows.count, by: horizon).map { $0 }
            let past = Array(all.prefix(600))
            let heldOut = HeldOutForecasts(
                origins: past, forecasts: past.map { forecast(rows, at: $0, memory: memory) })
            let known = KnownDemand(RegularSeries(start: start, step: 60, values: rows))
            let ranks = StepRanks(heldOut, of: known, horizon: horizon)
            #expect(ranks.count == 600)
            for origin in all.dropFirst(600) {
                let forecast = forecast(rows, at: origin, memory: memory), paths = ForecastPaths(forecast, ranks: ranks)
                let highest = rows[origin..<origin + horizon].max() ?? 0
                for (index, level) in [0.9, 0.99].enumerated()
                where highest <= paths.maximumQuantile(steps: 0..<horizon, level: level) {
                    covered[index] += 1
                }
                if highest <= (0..<horizon).map({ forecast.value(row: $0, level: 0.9) }).max() ?? 0 { naive += 1 }
                windows += 1
            }
        }
        // Four binomial deviations of the windows and of the paths together.
        for (share, level) in zip(covered, [0.9, 0.99]) {
            let bound = 4 * (2 * level * (1 - level) / windows).squareRoot()
            #expect(abs(share / windows - level) < bound + 0.001, "\(level): \(share / windows)")
        }
        // What the rows' own quantiles promise together is less.
        #expect(naive / windows < 0.892, "\(naive / windows)")
    }

    /// For every level, on forecasts made at random: each row keeps its quantiles, and the highest lies within the bounds that
    /// hold whatever goes with what.
    @Test func rowsStayAsTheyWereAndTheHighestKeepsItsBounds() {
        for seed in UInt64(0)..<40 {
            var random = SplitMix64(seed: seed)
            let levels = normal.map(\.level), count = 200
            let values = (0..<horizon).flatMap { _ in (0..<levels.count).map { _ in 50 * random.uniform() }.sorted() }
            let forecast = QuantileForecast(origin: start, step: 60, levels: levels, values: values)
            let memory = random.uniform()
            let positions = (0..<count).flatMap { _ in rows(horizon, memory: memory, &random) }
            let paths = ForecastPaths(forecast, ranks: StepRanks(positions: positions, horizon: horizon))
            for level in [0.5, 0.8, 0.9, 0.95, 0.99] {
                for step in 0..<horizon {
                    let sorted = (0..<count).map { paths.value(path: $0, step: step) }.sorted()
                    let rank = Int((level * Double(count + 1)).rounded(.down))
                    let own = forecast.value(row: step, level: Double(rank) / Double(count + 1))
                    #expect(abs(sorted[rank - 1] - own) < 1e-9)
                }
                let found = paths.maximumQuantile(steps: 2..<9, level: level)
                let least = (2..<9).map { paths.marginal(step: $0, level: level) }.max() ?? 0
                let most = (2..<9).map { paths.marginal(step: $0, level: 1 - (1 - level) / 7) }.max() ?? 0
                // The grid of ranks is one in 201 wide.
                let slack =
                    (2..<9).map { step in
                        paths.marginal(step: step, level: min(level + 1 / 201.0, 0.9999))
                            - paths.marginal(step: step, level: level - 1 / 201.0)
                    }.max() ?? 0
                #expect(
                    found >= least - slack && found <= most + slack, "seed \(seed), \(level): \(least) \(found) \(most)"
                )
            }
        }
    }

    @Test func withoutAPastTheBoundAboveIsTaken() {
        let forecast = QuantileForecast(
            origin: start, step: 60, levels: [0.5, 0.9, 0.99], values: [1, 2, 3, 4, 5, 6])
        let paths = ForecastPaths(forecast, ranks: StepRanks(positions: [], horizon: 2))
        #expect(abs(paths.maximumQuantile(steps: 0..<2, level: 0.8) - 5) < 1e-9)
        #expect(paths.maximumQuantile(steps: 0..<1, level: 0.5) == 1)
        #expect(paths.maximumQuantile(steps: 5..<9, level: 0.5) == 0)
        // One tail level further: 0.999 is as far from 0.99 as that is from 0.9.
        #expect(abs(paths.marginal(step: 0, level: 0.999) - 4) < 1e-9)
    }

    @Test func equalPositionsMakeNoDependence() {
        let ranks = StepRanks(positions: Array(repeating: 0.5, count: 2 * 500), horizon: 2)
        var agreement = 0.0
        for path in 0..<500 {
            agreement += (ranks.ranks[2 * path] - 0.5) * (ranks.ranks[2 * path + 1] - 0.5) * 12 / 500
        }
        #expect(abs(agreement) < 0.15)
        let gappy = StepRanks(positions: [1, 2, .nan, 1, 3, 0], horizon: 2)
        #expect(gappy.count == 2 && gappy.ranks == [1 / 3.0, 2 / 3.0, 2 / 3.0, 1 / 3.0])
    }
}
