import Kernels
import Planning
import Series
import Testing
import Units

/// Traces worked by hand from what the peers publish. An instance carries 10/s and is aimed at half of it, so 5/s each,
/// unless said otherwise.
@Suite struct ReactivePeerTests {
    /// The counts at `tick`s from `desired` on, each instance ready at once, with these rates seen.
    private func run(
        _ name: String, from desired: Int, tick: Int = 15, step: Int = 60, min: Int = 0, _ rates: [Double]
    ) throws -> [Int] {
        var policy = try PolicyCatalogue.policy(
            parsing: name, service: service(each: 10, min: min, max: 50), tick: tick)
        var desired = desired
        return rates.enumerated().map { index, rate in
            let seen = observation(index * tick, desired: desired, step: step, demand: [rate])
            desired = policy.decide(seen).desired
            return desired
        }
    }

    @Test func knativePanicsAndComesToZero() throws {
        let rates: [Double] = [10, 10, 50, 5, 5, 5, 5, 5, 5, 5, 0, 0, 0, 0, 5, 0, 0, 0, 0]
        // 0 s: 2 are needed of 1 that is ready, 200%: a panic, 2. 15 s: 2 of 2; in panic, so 2 stay.
        // 30 s: 10 needed of 2: the panic starts anew, 10. To 90 s: 1 needed, but a panic lasts for 60 s: 10.
        // 105 s: it is over; of 10 at most half may go: 5. Then 2, then 1.
        // 150 s: nothing needed; zero waits for 30 s: 1, 1, and 0 at 180 s. 195 s: 0.
        // 210 s: 1 is needed of at least 1. From 225 s on nothing is; active since 210 s, it stays for 60 s: 1, 1, 1, 0.
        let expected = [2, 2, 10, 10, 10, 10, 10, 5, 2, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0]
        #expect(try run("kpa:0.5", from: 1, rates) == expected)
    }

    @Test func knativeWindowsAreAMinuteAndSixSeconds() throws {
        // Rows of 2 s: over 60 s (27 · 5 + 3 · 50) / 30 = 9.5/s asks for 2, over 6 s 50/s asks for 10: 5 times the 2 ready.
        let rows = Array(repeating: 5.0, count: 27) + [50, 50, 50]
        var policy = try PolicyCatalogue.policy(parsing: "kpa:0.5", service: service(each: 10))
        _ = policy.decide(observation(desired: 1, step: 2, demand: [5]))
        #expect(policy.decide(observation(2, desired: 2, step: 2, demand: rows)).desired == 10)
        // Of the same rows without the last three 1 is needed, and half of 2 may go.
        var calm = try PolicyCatalogue.policy(parsing: "kpa:0.5", service: service(each: 10))
        _ = calm.decide(observation(desired: 1, step: 2, demand: [5]))
        #expect(calm.decide(observation(2, desired: 2, step: 2, demand: Array(rows.dropLast(3)))).desired == 1)
    }

    @Test func knativeRestartsInPanic() throws {
        // 4 are ready at the start: a panic at 4 until more than 60 s have passed, at 75 s; then half.
        #expect(try run("kpa:0.5", from: 4, [5, 5, 5, 5, 5, 5, 5]) == [4, 4, 4, 4, 4, 2, 1])
    }

    @Test func kedaStartsTheFirstAndStopsAll() throws {
        let rates = [0, 20, 20, 20, 20, 20] + Array(repeating: 0.0, count: 19)
        // Polled at 0 s: nothing. 15 s: not yet again. 30 s: active, 1. 45 s: the autoscaler's first look.
        // 60 s: 4 wanted; at most 1 + 4 allowed. From 90 s on inactive, last seen active at 60 s: the autoscaler holds its
        // highest of 300 s, and at 360 s all go at once.
        let expected = [0, 0, 1, 1, 4, 4] + Array(repeating: 4, count: 18) + [0]
        #expect(try run("keda:0.5", from: 0, rates) == expected)
    }

    @Test func kedaWithAMinimumIsTheAutoscaler() throws {
        for seed in UInt64(0)..<20 {
            var rng = SplitMix64(seed: seed)
            let rates = (0..<80).map { _ in rng.uniform() < 0.1 ? Double.nan : 300 * rng.uniform() * rng.uniform() }
            #expect(try run("keda:0.6", from: 3, min: 1, rates) == run("hpa:0.6", from: 3, min: 1, rates))
        }
    }

    @Test func appEngineKeepsABuffer() throws {
        // 20/s over 9.5 is 3, and 2 idle: 5. 5/s asks for 1 + 2; the other 2 go when idle for 900 s.
        #expect(try run("app-engine-like:2", from: 1, tick: 300, [20, 5, 5, 5, 5]) == [5, 5, 5, 3, 3])
    }

    @Test func lazyCapacityHoldsForAStartsCost() throws {
        // Needs 4, 1, 3, 1, ... every 300 s. At 600 s the 4th has been idle for as long as a start costs; at 1200 s the 2nd
        // and 3rd have.
        let counts = try run("lcp:600", from: 0, tick: 300, [40, 10, 30, 10, 10, 10, 10])
        #expect(counts == [4, 4, 3, 3, 1, 1, 1])
    }

    /// Clipped to the last entries of the optimal plans for every prefix, found by trying all plans: with starts charged for
    /// the lower one, with stops charged for the upper one. A tick costs 60 an instance and a start 150, so that nothing ties.
    @Test func lazyCapacityIsTheClipOfPrefixOptima() throws {
        for seed in UInt64(0)..<30 {
            var rng = SplitMix64(seed: seed)
            let needs = (0..<40).map { _ in Int(rng.next() % 6) }
            var (held, expected): (Int, [Int]) = (0, [])
            for end in 1...needs.count {
                let prefix = Array(needs.prefix(end))
                held = min(max(held, lastOptimum(prefix, up: 150, down: 0)), lastOptimum(prefix, up: 0, down: 150))
                expected.append(held)
            }
            let rates = needs.map { Double($0) * 10 }
            #expect(try run("lcp:150", from: 0, tick: 60, rates) == expected, "seed \(seed)")
        }
    }

    private func lastOptimum(_ needs: [Int], up: Int, down: Int) -> Int {
        var costs = (0...6).map { $0 == 0 ? 0 : 1_000_000 }
        for need in needs {
            costs = (0...6).map { count in
                guard count >= need else { return 1_000_000_000 }
                let moves = costs.indices.map { costs[$0] + max(count - $0, 0) * up + max($0 - count, 0) * down }
                return (moves.min() ?? 0) + 60 * count
            }
        }
        return costs.indices.min { costs[$0] < costs[$1] } ?? 0
    }
}

@Suite struct AutopilotTests {
    private func policy() throws -> any ScalingPolicy {
        try PolicyCatalogue.policy(parsing: "autopilot:0.5", service: service(each: 10, max: 50))
    }

    @Test func theNinetyFifthPercentileCounts() throws {
        // Twenty means of 5 minutes, nineteen of 10 and one of 100: the 95th percentile lies 0.05 of the way between, 14.5,
        // and 14.5 / 5 asks for 3.
        let rows = Array(repeating: 10.0, count: 12) + [100] + Array(repeating: 10.0, count: 7)
        var one = try self.policy()
        #expect(one.decide(observation(desired: 1, step: 300, demand: rows)).desired == 3)
        // In rows of a minute the same, the 100 spread as 300 and 50, 50, 50, 50.
        let minutes: [Double] = rows.flatMap { $0 == 100 ? [300, 50, 50, 50, 50] : Array(repeating: $0, count: 5) }
        var other = try self.policy()
        #expect(other.decide(observation(desired: 1, demand: minutes)).desired == 3)
    }

    @Test func cutsHalveInAnHourAndSmallChangesAreIgnored() throws {
        // 16 · 2^(-n/12), rounded up, for n from 1 to 12; one decision in 5 minutes.
        let expected = [16, 15, 14, 13, 12, 12, 11, 11, 10, 9, 9, 8]
        var (slow, desired) = (try self.policy(), 16)
        for (index, count) in expected.enumerated() {
            desired = slow.decide(observation(index * 300, desired: desired, step: 300, demand: [5])).desired
            #expect(desired == count, "\(index)")
            let between = observation(index * 300 + 150, desired: desired, step: 300, demand: [5])
            #expect(slow.decide(between).desired == count)
        }
        // 45/s asks for 9, a tenth less than 10, and 55/s for a tenth more.
        for rate in [45.0, 55] {
            var steady = try self.policy()
            #expect(steady.decide(observation(desired: 10, step: 300, demand: [rate])).desired == 10)
        }
    }

    @Test func cutsAreDeferredByTwoDays() throws {
        var (deferred, desired) = (try self.policy(), 1)
        for hour in 0...48 {
            let rate = hour == 0 ? 100.0 : 5
            desired = deferred.decide(observation(hour * 3_600, desired: desired, step: 300, demand: [rate])).desired
            // 100/s asks for 20, which counts for 48 h; then 20 · 2^(-1/12) = 18.9.
            #expect(desired == (hour < 48 ? 20 : 19), "hour \(hour)")
        }
    }
}

@Suite struct PredictingPeerTests {
    private func policy(_ name: String, startup: Int = 120) throws -> any ScalingPolicy {
        try PolicyCatalogue.policy(parsing: name, service: service(each: 10, startup: startup, max: 50))
    }

    @Test func awsTracksTheTarget() throws {
        var (policy, desired) = (try self.policy("aws-like:0.5"), 2)
        // Minutes: 20/s on 2 instances is 1.0 of a target of 0.5; the third point scales to 20 / 5 = 4. There it is 0.5.
        // Then 8/s on 4 is 0.2, below 0.45: the fifteenth such point, at 18 min, scales to 2.
        // Then 3/s on 2 is 0.15; 300 s after the last change, at 23 min, to 1.
        let rates = Array(repeating: 20.0, count: 4) + Array(repeating: 8, count: 15) + Array(repeating: 3, count: 6)
        let expected = [2, 2, 4, 4] + Array(repeating: 4, count: 14) + [2] + [2, 2, 2, 2, 1, 1]
        for (minute, count) in expected.enumerated() {
            desired = policy.decide(observation(minute * 60, desired: desired, demand: [rates[minute]])).desired
            #expect(desired == count, "minute \(minute)")
            let between = observation(minute * 60 + 30, desired: desired, demand: [rates[minute]])
            #expect(policy.decide(between).desired == count)
        }
    }

    @Test func awsReachesAnHoursForecastBeforeItAndNeverFallsWithIt() throws {
        var policy = try self.policy("aws-like:0.5")
        // An hour of 10/s, 2 instances, an hour of 40/s, 8, and one of nothing. The buffer is 300 s.
        let hours = (0..<180).map { [10.0, 40, 0][$0 / 60] }
        let cases = [(0, 2), (3_299, 2), (3_300, 8), (3_600, 8), (7_199, 8), (7_200, 8)]
        var desired = 2
        for (second, count) in cases {
            let seen = observation(second, desired: desired, demand: [Double(5 * desired)], forecast: hours)
            desired = policy.decide(seen).desired
            #expect(desired == count, "\(second) s")
        }
        // A start of 600 s needs a buffer as long.
        var slow = try self.policy("aws-like:0.5", startup: 600)
        #expect(slow.decide(observation(3_000, desired: 2, demand: [10], forecast: hours)).desired == 8)
        #expect(slow.forecastSource == .peer("hourly-means") && slow.forecastHorizon(step: 60, tick: 15) == 12)
    }

    @Test func craneAddsTheHighestOfTheNextHour() throws {
        var policy = try self.policy("crane-like:0.5")
        #expect(policy.forecastSource == .peer("crane-dsp") && policy.forecastHorizon(step: 60, tick: 15) == 62)
        // 20/s asks for 4, and 45/s in an hour for 9: the first look changes nothing, then at most double, then 9.
        let forecast = Array(repeating: 20.0, count: 60) + [45]
        let counts = [(0, 4), (15, 4), (30, 8)].map { second, desired in
            policy.decide(observation(second, desired: desired, demand: [20], forecast: forecast)).desired
        }
        #expect(counts == [4, 8, 9])
        // Without the metric the forecast cuts nothing; without a forecast it is the autoscaler.
        let blind = policy.decide(observation(45, desired: 12, demand: [.nan], forecast: forecast))
        #expect(blind.desired == 12 && blind.binding == .demandUnknown)
        #expect(policy.decide(observation(45, desired: 8, demand: [.nan], forecast: forecast)).desired == 9)
        #expect(policy.decide(observation(60, desired: 9, demand: [60])).desired == 12)
    }

    @Test func phpaRaisesOnceAMinute() throws {
        var (policy, desired) = (try self.policy("phpa-like:0.5"), 2)
        #expect(policy.forecastSource == .peer("holt-winters"))
        // 200/s asks for 40. The first tick only looks; 2 + 4 at 15 s, and not before 75 s again, then doubled.
        let expected = [2, 6, 6, 6, 6, 12, 12, 12, 12, 24]
        for (tick, count) in expected.enumerated() {
            desired = policy.decide(observation(tick * 15, desired: desired, demand: [200])).desired
            #expect(desired == count, "tick \(tick)")
        }
        // The forecast counts up to the end of a start of 120 s: the row from 120 s on, of 60/s, and not the next.
        var ahead = try self.policy("phpa-like:0.5")
        _ = ahead.decide(observation(desired: 9, demand: [45], forecast: [45, 45, 60, 500]))
        #expect(ahead.decide(observation(desired: 9, demand: [45], forecast: [45, 45, 60, 500])).desired == 12)
    }

    @Test func tortoiseKeepsHalfOfTheHoursPast() throws {
        // Hours of 10/s, 2 instances, but 100/s, 20 instances, a week ago and 60/s two weeks ago: at least 10 now. An hour
        // later the past asks for 1, and the autoscaler for 2.
        var rows = Array(repeating: 10.0, count: 337)
        (rows[0], rows[168]) = (60, 100)
        var policy = try self.policy("tortoise-like:0.5")
        let first = policy.decide(observation(desired: 2, step: 3_600, demand: Array(rows.prefix(336))))
        #expect(first.desired == 10)
        #expect(policy.decide(observation(3_600, desired: 10, step: 3_600, demand: rows)).desired == 2)
    }
}

@Suite struct SeasonalScheduleTests {
    /// The count at `second` with `rows` of `step` seconds before `start`, an instance carrying 10/s.
    private func count(_ name: String, at second: Int = 0, step: Int, _ rows: [Double]) throws -> Int {
        var policy = try PolicyCatalogue.policy(parsing: name, service: service(each: 10))
        let series = RegularSeries(start: start.advanced(bySeconds: -rows.count * step), step: step, values: rows)
        let seen = Observation(
            now: start.advanced(bySeconds: second), desired: 7, ready: 7, starting: 0, demand: KnownDemand(series),
            forecast: nil)
        return policy.decide(seen).desired
    }

    @Test func aWeekBeforeElseADayElseNow() throws {
        // Hours valued by their number; 192 of them. A week ago: 24/s, half more is 36, 4 instances.
        var rows = (0..<192).map(Double.init)
        #expect(try count("seasonal-naive:0.5", step: 3_600, rows) == 4)
        // Where that is missing a day ago: 168/s, 252, 26.
        rows[24] = .nan
        #expect(try count("seasonal-naive:0.5", step: 3_600, rows) == 26)
        // Of five hours the newest: 4/s, 6, 1.
        #expect(try count("seasonal-naive:0.5", step: 3_600, [90, 90, 90, 90, 4]) == 1)
        #expect(try count("seasonal-naive:0.5", step: 3_600, [.nan]) == 7)
    }

    @Test func cronHasOneCountAnHour() throws {
        // A day ago in half hours: 10 and 30, then 50 and 20. A fifth more: 2 and 4, then 6. A decision holds to the end of the
        // last second before the one after it can be served, 134 s on.
        let rows = [10, 30, 50, 20] + Array(repeating: 0.0, count: 44)
        for (second, byRow, byHour) in [(0, 2, 4), (1_665, 2, 4), (1_680, 4, 4), (3_465, 4, 4), (3_480, 6, 6)] {
            #expect(try count("seasonal-naive:0.2", at: second, step: 1_800, rows) == byRow, "\(second) s")
            #expect(try count("cron:0.2", at: second, step: 1_800, rows) == byHour, "\(second) s")
        }
    }
}
