import Planning
import Series
import Testing
import Units

/// An instance carries 1/s and takes 120 s to start; rows are minutes, ticks 15 s.
@Suite struct PredictivePlannerTests {
    private func planner(min: Int = 1, max: Int = 100) throws -> PredictivePlanner {
        PredictivePlanner(
            name: "predictive:0.9", service: try service(min: min, max: max), tick: 15, aggressiveness: 0.9)
    }

    @Test func theHorizonReachesUntilAnInstanceCouldBeBack() throws {
        // Two starts and a tick are 255 s: five rows that they touch, and one for the part of a row that has passed.
        #expect(try planner().forecastHorizon(step: 60, tick: 15) == 6)
        #expect(try planner().forecastHorizon(step: 300, tick: 15) == 2)
    }

    @Test func aRampIsMetBeforeItStarts() throws {
        var planner = try planner()
        // From 180 s on 8/s. A start is decided at 60 s, ready at 180 s; one decided a tick earlier would only wait.
        let ramp = [2.0, 2, 2, 8, 8, 8]
        let counts = stride(from: 0, through: 60, by: 15).map { now in
            planner.decide(observation(now, desired: 2, demand: [2], forecast: ramp)).desired
        }
        #expect(counts == [2, 2, 2, 2, 8])
        let decision = planner.decide(observation(60, desired: 2, demand: [2], forecast: ramp))
        #expect(decision.binding == .forecastOverLeadTime)
        #expect(decision.candidates.contains(.init(.forecastOverLeadTime, 8)))
    }

    @Test func whatWouldSoonBeWantedBackIsKept() throws {
        var planner = try planner()
        // A dip of two minutes is shorter than a start; one of the whole horizon is not.
        let dip = planner.decide(observation(desired: 8, demand: [2], forecast: [2, 2, 2, 8, 8, 8]))
        #expect(dip.desired == 8 && dip.binding == .unchanged)
        let fall = planner.decide(observation(desired: 8, demand: [2], forecast: [2, 2, 2, 2, 2, 2]))
        #expect(fall.desired == 2 && fall.binding == .forecastUntilRestart)
        let slow = planner.decide(observation(desired: 8, demand: [2], forecast: [2, 5, 2, 2, 3, 2]))
        #expect(slow.desired == 5)
    }

    @Test func observedDemandIsAlwaysMet() throws {
        var planner = try planner()
        let surprised = planner.decide(observation(desired: 2, demand: [20], forecast: [2, 2, 2, 2, 2, 2]))
        #expect(surprised.desired == 20 && surprised.binding == .reactive)
        let alone = planner.decide(observation(desired: 2, demand: [20]))
        #expect(alone.desired == 20 && alone.binding == .reactive)
        // Not known, but forecast: the forecast decides.
        let guided = planner.decide(observation(desired: 2, demand: [.nan], forecast: [9, 9, 9, 9, 9, 9]))
        #expect(guided.desired == 9 && guided.binding == .forecastOverLeadTime)
    }

    @Test func limitsBindAndSaySo() throws {
        var planner = try planner(min: 3, max: 6)
        let high = planner.decide(observation(desired: 4, demand: [50], forecast: [50, 50, 50, 50, 50, 50]))
        #expect(high.desired == 6)
        let low = planner.decide(observation(desired: 4, demand: [0], forecast: [0, 0, 0, 0, 0, 0]))
        #expect(low.desired == 3)
        let outside = planner.decide(observation(desired: 9, demand: [.nan]))
        #expect(outside.desired == 6 && outside.binding == .maxInstances)
    }

    @Test func rowsPastTheHorizonAreLikeTheLast() throws {
        var planner = try planner()
        #expect(planner.decide(observation(desired: 1, demand: [1], forecast: [1, 5])).desired == 5)
        // A forecast that has been overtaken still speaks by its last row.
        #expect(planner.decide(observation(3_600, desired: 1, demand: [1], forecast: [1, 5])).desired == 5)
    }

    @Test func pricesSetTheQuantile() throws {
        // 3600 requests an hour and instance: late 0.36, idle 0.04; the ratio is 0.9.
        let prices = try #require(Prices(idlePerInstanceHour: 0.04, latePerRequest: 0.0001))
        let model = try service(startup: 0, prices: prices)
        var auto = try PolicyCatalogue.policy(parsing: "predictive:auto", service: model)
        let seen = observation(desired: 1, demand: [1])
        let forecast = QuantileForecast(origin: start, step: 60, levels: [0.8, 0.95, 0.99], values: [4, 7, 20])
        let decision = auto.decide(
            Observation(now: seen.now, desired: 1, ready: 1, starting: 0, demand: seen.demand, forecast: forecast))
        #expect(decision.desired == 7)
    }
}

@Suite struct FlooredPolicyTests {
    private func floored(base: Int) throws -> FlooredPolicy {
        let model = try service()
        return FlooredPolicy(
            name: "floor", base: FixedPolicy(name: "base", service: model, count: base),
            forecasting: PredictivePlanner(name: "p", service: model, tick: 15, aggressiveness: 0.9))
    }

    @Test func theForecastRaisesAndNeverCuts() throws {
        let seen = observation(desired: 4, demand: [2], forecast: [2, 2, 6, 6, 6, 6])
        var (low, high) = (try floored(base: 3), try floored(base: 9))
        let raised = low.decide(seen), based = high.decide(seen)
        #expect(raised.desired == 6 && raised.binding == .forecastOverLeadTime)
        #expect(based.desired == 9 && based.binding == .policyRule)
        #expect(
            based.candidates.map(\.reason) == [.policyRule, .forecastOverLeadTime, .forecastUntilRestart, .reactive])
        #expect(low.forecastHorizon(step: 60, tick: 15) == 6)
    }

    /// Above its floor it does what the base policy does, whatever is forecast.
    @Test func withoutAForecastTheBaseDecides() throws {
        let model = try service()
        func hpa() -> HorizontalPodAutoscaler { HorizontalPodAutoscaler(name: "hpa", service: model, target: 0.5) }
        var (alone, under) = (
            hpa(),
            FlooredPolicy(
                name: "floor", base: hpa(),
                forecasting: PredictivePlanner(name: "p", service: model, tick: 15, aggressiveness: 0.9))
        )
        var counts = (alone: 5, under: 5)
        for tick in 0..<60 {
            let demand = [Double(tick * 7 % 23)]
            counts.alone = alone.decide(observation(tick * 15, desired: counts.alone, demand: demand)).desired
            counts.under = under.decide(observation(tick * 15, desired: counts.under, demand: demand)).desired
            // Half the capacity is the target, so the reactive guard of the planner never asks for more.
            #expect(counts.alone == counts.under, "tick \(tick)")
        }
    }
}
