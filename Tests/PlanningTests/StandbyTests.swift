import Kernels
import Planning
import Series
import Testing
import Units

@Suite struct StandbyPlanTests {
    /// Chances that fall with instances and rise with seconds, drawn from `random`.
    private func chances(_ random: inout SplitMix64, instances: Int, seconds: [Int]) -> [Int: [Double]] {
        var table: [Int: [Double]] = [:], before = [Double](repeating: 0, count: instances)
        for second in seconds {
            var row = (0..<instances).map { _ in random.uniform() * random.uniform() }.sorted(by: >)
            row = zip(row, before).map { max($0, $1) }
            table[second] = row
            before = row
        }
        return table
    }

    private func cost(
        _ counts: [Int], _ rungs: [StandbyRung], cold: Int, late: Double, _ table: [Int: [Double]], most: Int
    ) -> Double {
        let ends = counts.reduce(into: [Int]()) { $0.append(($0.last ?? 0) + $1) }
        return (0..<most).reduce(0) { sum, instance in
            let rung = ends.firstIndex { instance < $0 } ?? rungs.count + 1
            if rung == 0 { return sum + 1 }
            let seconds = rung <= rungs.count ? rungs[rung - 1].promotionSeconds : cold
            return sum + (rung <= rungs.count ? rungs[rung - 1].holding : 0) + late * (table[seconds]?[instance] ?? 0)
        }
    }

    @Test func noNestedCountsCostLess() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<150 {
            let most = 7, level = 0.5 + 0.49 * random.uniform()
            let rungs = [
                StandbyRung(.paused, holding: 0.2 + 0.6 * random.uniform(), promotionSeconds: 2),
                StandbyRung(.created, holding: 0.2 * random.uniform(), promotionSeconds: 10),
            ]
            let table = chances(&random, instances: most, seconds: [2, 10, 60])
            let counts = standbyPlan(rungs: rungs, coldSeconds: 60, level: level, most: most) {
                table[$0]?[$1 - 1] ?? 0
            }
            let own = cost(counts, rungs, cold: 60, late: 1 / (1 - level), table, most: most)
            for serving in 0...most {
                for paused in 0...most - serving {
                    for created in 0...most - serving - paused {
                        let other = cost(
                            [serving, paused, created], rungs, cold: 60, late: 1 / (1 - level), table, most: most)
                        #expect(own <= other + 1e-9, "\(counts) against \([serving, paused, created])")
                    }
                }
            }
        }
    }

    /// Without rungs it is the newsvendor's quantile.
    @Test func withoutRungsItIsTheQuantile() {
        // Uniform on 0…100: j or more with a chance of 1 - j/100.
        let counts = standbyPlan(rungs: [], coldSeconds: 60, level: 0.9, most: 1_000) { _, j in
            max(0, 1 - Double(j) / 100)
        }
        #expect(counts == [89] || counts == [90])
    }

    @Test func eachRungCoversWhatItsPriceJustifies() {
        // Within 2 s demand is uniform on 0…20, within 60 s on 0…100.
        let paused = StandbyRung(.paused, holding: 0.5, promotionSeconds: 2)
        let counts = standbyPlan(rungs: [paused], coldSeconds: 60, level: 0.9, most: 1_000) { seconds, j in
            max(0, 1 - Double(j) / (seconds == 2 ? 20 : 100))
        }
        // Serving: a chance of more than (1 - 0.5)/10 within 2 s, 19 of 20. Paused: more than 0.5/10 within 60 s, 95 of 100.
        #expect(abs(counts[0] - 19) <= 1 && abs(counts[0] + counts[1] - 95) <= 1)
        // What costs as much as serving, or saves no time, holds nothing.
        let useless = StandbyRung(.created, holding: 0.5, promotionSeconds: 60)
        let plain = standbyPlan(rungs: [useless], coldSeconds: 60, level: 0.9, most: 1_000) { _, j in
            max(0, 1 - Double(j) / 100)
        }
        #expect(plain[1] == 0)
        #expect(standbyPlan(rungs: [paused], coldSeconds: 60, level: 0.9, most: 0) { _, _ in 1 } == [0, 0])
    }
}

/// An instance carries 1/s; a start takes 120 s, a paused one serves at once.
@Suite struct StandbyPlannerTests {
    private func planner(_ rungs: [StandbyRung], max: Int = 100) throws -> PredictivePlanner {
        let model = ServiceModel(
            perInstance: try #require(DemandRate(perSecond: 1)), startupSeconds: 120, sloWaitSeconds: 1,
            minInstances: 1,
            maxInstances: max, kind: .rate, rungs: rungs)
        return PredictivePlanner(name: "p", service: model, tick: 15, aggressiveness: 0.9)
    }

    @Test func whatCanBePromotedInTimeWaitsOnItsRung() throws {
        let rung = StandbyRung(.paused, holding: 0.1, promotionSeconds: 1)
        var (with, without) = (try planner([rung]), try planner([]))
        // Demand rises within the time of a start, not within that of a promotion.
        let seen = observation(desired: 2, demand: [2], forecast: [2, 2, 9, 9, 9, 9])
        let plain = without.decide(seen), nested = with.decide(seen)
        #expect(plain.desired == 9 && plain.standby.isEmpty)
        #expect(nested.desired == 2 && nested.standby == [StandbyCount(.paused, 7)])
        #expect(nested.binding == .unchanged && nested.candidates.first == .init(.standbyRungs, 2))
        // When the rise is there, what waited serves; what was observed is met in any case.
        let risen = with.decide(observation(120, desired: 2, demand: [2], forecast: [2, 2, 9, 9, 9, 9]))
        #expect(risen.desired == 9 && risen.binding == .standbyRungs && risen.standby == [StandbyCount(.paused, 0)])
        let surprised = with.decide(observation(135, desired: 9, demand: [20], forecast: [2, 2, 9, 9, 9, 9]))
        #expect(surprised.desired >= 20 && surprised.candidates.contains(.init(.reactive, 20)))
        var low = try planner([rung], max: 5)
        let bounded = low.decide(observation(desired: 2, demand: [2], forecast: [2, 2, 9, 9, 9, 9]))
        #expect(bounded.desired == 2 && bounded.standby == [StandbyCount(.paused, 3)])
    }
}
