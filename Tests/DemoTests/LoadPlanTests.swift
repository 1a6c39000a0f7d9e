import Demo
import Kernels
import Testing

@Suite struct LoadPlanTests {
    @Test func theSameSeedGivesTheSameLoad() {
        let load = DemoLoad(seed: 3, rows: 48, historyDays: 5)
        #expect(load == DemoLoad(seed: 3, rows: 48, historyDays: 5))
        #expect(load != DemoLoad(seed: 4, rows: 48, historyDays: 5))
        #expect(load.history.count == 5 * 48)
    }

    @Test func arrivalsAscendWithinTheDay() {
        for seed in UInt64(0)..<50 {
            var rng = SplitMix64(seed: seed)
            let plan = LoadPlan(rows: 24, using: &rng)
            #expect(zip(plan.arrivals, plan.arrivals.dropFirst()).allSatisfy(<=), "seed \(seed)")
            #expect(plan.arrivals.allSatisfy { (0..<24).contains($0) }, "seed \(seed)")
            #expect(plan.counts.reduce(0, +) == Double(plan.arrivals.count), "seed \(seed)")
        }
    }

    /// Over many days the counts of a row have the mean of the shape, and a variance near it, as Poisson counts have.
    @Test func countsHaveTheMeanAsked() {
        let days = 2_000
        var rng = SplitMix64(seed: 1)
        var (sums, squares) = ([Double](repeating: 0, count: 48), [Double](repeating: 0, count: 48))
        for _ in 0..<days {
            for (row, count) in LoadPlan(rows: 48, using: &rng).counts.enumerated() {
                sums[row] += count
                squares[row] += count * count
            }
        }
        for row in 0..<48 {
            let asked = DayShape.rate(at: (Double(row) + 0.5) / 48)
            let mean = sums[row] / Double(days)
            let variance = squares[row] / Double(days) - mean * mean
            let error = (asked / Double(days)).squareRoot()
            #expect(abs(mean - asked) < 5 * error + 0.002 * asked, "row \(row)")
            // The day's height adds (4%)²/3 of the squared mean.
            #expect(abs(variance / (asked + asked * asked * 0.0016 / 3) - 1) < 0.2, "row \(row)")
        }
    }

    @Test func theMorningIsSteepAndTheNightIsQuiet() {
        #expect(DayShape.rate(at: 0) == 8 && DayShape.rate(at: 1) == 8)
        #expect(DayShape.rate(at: 0.25) == 8)
        #expect(DayShape.rate(at: 0.38) == 60)
        #expect(DayShape.rate(at: 0.56) < DayShape.rate(at: 0.5))
        #expect(DayShape.rate(at: 0.8) > 60)
    }
}
