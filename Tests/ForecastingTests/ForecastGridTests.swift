import Forecasting
import Kernels
import Series
import Testing
import Units

/// The rows that forecasts are made on.
@Suite struct ForecastGridTests {
    @Test func aRowIsAMinuteAtLeastAndDividesADayWhereItCan() {
        let steps = [1, 5, 7, 10, 15, 25, 30, 32, 45, 59, 60, 61, 300, 3_600, 86_400]
        #expect(
            steps.map { ForecastGrid(seriesStep: $0).step } == [
                60, 60, 63, 60, 60, 75, 60, 64, 90, 118, 60, 61, 300, 3_600, 86_400,
            ])
        #expect(ForecastGrid(seriesStep: 1).task(horizon: 3).season == 1_440)
        #expect(ForecastGrid(seriesStep: 86_400).rowsPerDay == 2)
    }

    @Test func longRowsStayAsTheyAre() {
        let series = RegularSeries(start: Timestamp(secondsSinceEpoch: 13), step: 60, values: [1, .nan, 3])
        let grid = ForecastGrid(seriesStep: 60)
        let windows = grid.windows(of: series, kind: .count)
        #expect(windows.start == series.start && windows.values[2] == 3 && windows.values[1].isNaN)
        #expect(grid.windows(endedWith: 2, since: series.start) == 2)
    }

    @Test func windowsAreWholeAndGapsAreMadeUpFor() {
        // Begins 40 s into a minute.
        let start = Timestamp(secondsSinceEpoch: 6_000_000_040)
        var values = [Double](repeating: 2, count: 2 + 18)
        for row in [2, 3, 8, 9, 10, 11] { values[row] = .nan }
        let series = RegularSeries(start: start, step: 10, values: values)
        let grid = ForecastGrid(seriesStep: 10)
        let counts = grid.windows(of: series, kind: .count), rates = grid.windows(of: series, kind: .rate)
        #expect(counts.start == start.advanced(bySeconds: 20) && counts.step == 60 && counts.count == 3)
        #expect(counts.values[0] == 12 && counts.values[1].isNaN && counts.values[2] == 12)
        #expect(rates.values[0] == 2 && rates.values[1].isNaN && rates.values[2] == 2)
        #expect([0, 2, 7, 8, 13, 14, 20].map { grid.windows(endedWith: $0, since: start) } == [0, 0, 0, 1, 1, 2, 3])
    }

    /// However far back the rows reach, the windows that both hold are the same.
    @Test func windowsDoNotDependOnWhereTheHistoryBegins() {
        for seed in UInt64(0)..<200 {
            var rng = SplitMix64(seed: seed)
            let step = [1, 2, 7, 10, 25, 45][Int(rng.next() % 6)]
            let grid = ForecastGrid(seriesStep: step)
            let start = Timestamp(millisecondsSinceEpoch: 1_700_000_000_000 + Int64(rng.next() % 100_000))
            let values = (0..<1_000).map { _ in rng.uniform() < 0.2 ? Double.nan : Double(rng.next() % 50) }
            let series = RegularSeries(start: start, step: step, values: values)
            let late = series.suffix(400 + Int(rng.next() % 500))
            let all = grid.windows(of: series, kind: .count), some = grid.windows(of: late, kind: .count)
            let offset = all.grid.row(startingAt: some.start)
            #expect(offset != nil, "seed \(seed)")
            let shared = all.values.dropFirst(offset ?? 0)
            #expect(
                shared.count == some.count && zip(shared, some.values).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
        }
    }
}
