import Kernels
import Planning
import Series
import Testing
import Units

@Suite struct LeadTimeTests {
    @Test func untilSomethingIsMeasuredItIsAssumed() {
        #expect(LeadTime(assumed: 61.2).seconds == 62)
        let lead = LeadTime(measured: [.nan, -1, .infinity], assumed: 90)
        #expect(lead.seconds == 90 && lead.starts == 0)
        #expect(LeadTime(assumed: .nan).seconds == 0 && LeadTime(assumed: 1e300).seconds == 86_400)
    }

    @Test func itIsAHighQuantileOfWhatWasMeasured() {
        #expect(LeadTime(measured: [30, 40, 50], assumed: 90).seconds == 50)
        // Of twenty like starts and one that was somewhat longer long ago, the one counts for less than a tenth.
        #expect(LeadTime(measured: [40] + [Double](repeating: 30, count: 20), assumed: 90).seconds == 30)
        #expect(LeadTime(measured: [Double](repeating: 30, count: 20) + [1e300], assumed: 90).seconds == 86_400)
    }

    @Test func newStartsOutweighOldOnes() {
        let old = [Double](repeating: 60, count: 60)
        let (few, many) = (old + [Double](repeating: 20, count: 10), old + [Double](repeating: 20, count: 70))
        #expect(LeadTime(measured: few, assumed: 0).seconds == 60)
        // Of the weight, 2^(-70/20) ≈ 0.088 is left to the old ones together.
        #expect(LeadTime(measured: many, assumed: 0).seconds == 20)
    }

    @Test func oneThatIsOutOfTheOrdinaryCountsAtOnceAndNotForLong() {
        let usual = [Double](repeating: 30, count: 40)
        #expect(LeadTime(measured: usual + [44], assumed: 0).seconds == 30)
        #expect(LeadTime(measured: usual + [120], assumed: 0).seconds == 120)
        #expect(LeadTime(measured: usual + [120, 30, 30], assumed: 0).seconds == 120)
        #expect(LeadTime(measured: usual + [120, 30, 30, 30], assumed: 0).seconds == 30)
    }

    /// The same planner, told of a longer start, plans further ahead and forgets nothing.
    @Test func aPlannerFollowsTheLeadItIsTold() throws {
        var told = PredictivePlanner(name: "p", service: try service(startup: 30), tick: 15, aggressiveness: 0.9)
        var made = PredictivePlanner(name: "p", service: try service(startup: 180), tick: 15, aggressiveness: 0.9)
        let ramp: [Double] = [2, 2, 2, 8, 8, 8, 8, 8]
        let seen = observation(desired: 2, demand: [2], forecast: ramp)
        let short = told.decide(seen)
        #expect(short.desired == 2)
        let long = Observation(
            now: seen.now, desired: 2, ready: 2, starting: 0, demand: seen.demand, forecast: seen.forecast,
            lead: LeadTime(measured: [170, 180], assumed: 30))
        #expect(told.decide(long).desired == 8)
        #expect(made.decide(seen).desired == 8)
    }
}

@Suite struct MetricWindowTests {
    private func decision(step: Int, _ rows: [Double]) throws -> Decision {
        var planner = PredictivePlanner(name: "p", service: try service(startup: 0), tick: 15, aggressiveness: 0.9)
        return planner.decide(observation(600, desired: 1, step: step, demand: rows))
    }

    /// Ten-second rows are as noisy as six of them are steady: the guard reads the mean of the last minute.
    @Test func shortRowsAreReadOverAMinute() throws {
        let rows: [Double] = [50, 50, 0, 0, 0, 12, 0, 36]
        #expect(try decision(step: 10, rows).desired == 8)
        // A missing row is left out of the mean, and only where all are missing nothing is known.
        #expect(try decision(step: 10, [50, 50, 0, .nan, 0, 12, .nan, 36]).desired == 12)
        #expect(try decision(step: 10, [50] + [Double](repeating: .nan, count: 6)).binding == .demandUnknown)
        #expect(try decision(step: 60, rows).desired == 36)
        #expect(try decision(step: 60, rows + [.nan]).binding == .demandUnknown)
    }
}
