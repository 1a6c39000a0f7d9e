import Planning
import Series
import Testing
import Units

/// Worked by hand: an instance carries 10/s and is aimed at half of it, so 5/s each.
@Suite struct HorizontalPodAutoscalerTests {
    private func hpa(min: Int = 1, metricWindow: Int = 60, stabilisation: Int = 300) throws -> HorizontalPodAutoscaler {
        HorizontalPodAutoscaler(
            name: "hpa:0.5", service: try service(each: 10, min: min, max: 50), target: 0.5,
            metricWindowSeconds: metricWindow,
            stabilisationSeconds: stabilisation)
    }

    /// The counts at ticks of 15 s from `desired` on, with these rates seen.
    private func run(_ policy: HorizontalPodAutoscaler, from desired: Int, _ rates: [Double]) -> [Int] {
        var (policy, desired) = (policy, desired)
        return rates.enumerated().map { tick, rate in
            desired = policy.decide(observation(tick * 15, desired: desired, demand: [rate])).desired
            return desired
        }
    }

    @Test func raisesDoubleOrAddFour() throws {
        // 200/s asks for 40. The first tick only looks; then +4, then doubling.
        #expect(run(try hpa(), from: 2, [200, 200, 200, 200, 200, 200]) == [2, 6, 12, 24, 40, 40])
    }

    @Test func aTenthIsTolerated() throws {
        #expect(run(try hpa(), from: 8, [43, 43, 43.9, 37, 36.1]) == [8, 8, 8, 8, 8])
        #expect(run(try hpa(), from: 8, [45, 45]) == [8, 9])
        // Of none there is nothing to tolerate: 4.9/s needs the first instance.
        #expect(run(try hpa(min: 0), from: 0, [4.9, 4.9]) == [0, 1])
    }

    @Test func cutsWaitForTheWindow() throws {
        let low = Array(repeating: 10.0, count: 30)
        // 8 was recommended at 15 s, and counts until 300 s later, at 315 s: tick 21.
        let counts = run(try hpa(), from: 8, [40, 40] + low)
        #expect(counts.prefix(21).allSatisfy { $0 == 8 } && counts[21...].allSatisfy { $0 == 2 })
        let hurried = run(try hpa(stabilisation: 60), from: 8, [40, 40] + low)
        #expect(hurried.prefix(5).allSatisfy { $0 == 8 } && hurried[5...].allSatisfy { $0 == 2 })
    }

    @Test func theMetricIsTheMeanOfItsWindow() throws {
        // Rows of 15 s; the last minute has 10, 20, 30 and a gap: 20/s asks for 4. The last row alone has nothing to say.
        let rows = [500, 10, 20, 30, .nan]
        for (window, expected) in [(60, 4), (30, 6), (15, 2)] {
            var policy = try hpa(metricWindow: window)
            _ = policy.decide(observation(desired: 2, step: 15, demand: rows))
            let decision = policy.decide(observation(15, desired: 2, step: 15, demand: rows))
            #expect(decision.desired == expected, "\(window) s")
        }
    }

    @Test func withoutAMetricNothingChanges() throws {
        var policy = try hpa()
        _ = policy.decide(observation(desired: 7, demand: [35]))
        let decision = policy.decide(observation(15, desired: 7, demand: [.nan]))
        #expect(decision.desired == 7 && decision.binding == .demandUnknown)
    }
}

@Suite struct FixedPoliciesTests {
    @Test func peakCarriesTheHighestRate() throws {
        var peak = try PolicyCatalogue.policy(parsing: "peak", service: service(each: 2), peakRate: 9)
        #expect(peak.decide(observation(desired: 1, demand: [0])).desired == 5)
    }

    @Test func aScheduleIsFollowedAndHeldBeforeItStarts() throws {
        let entries = [(60, 4), (120, 9), (120, 6)].map {
            SchedulePolicy.Entry(time: start.advanced(bySeconds: $0.0), count: $0.1)
        }
        var policy = try PolicyCatalogue.policy(parsing: "clairvoyant", service: service(), schedule: entries)
        let counts = [0, 45, 60, 105, 120, 500].map {
            policy.decide(observation($0, desired: 3, demand: [0])).desired
        }
        #expect(counts == [3, 3, 4, 4, 6, 6])
    }
}
