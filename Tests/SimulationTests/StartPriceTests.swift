import Planning
import Series
import Simulation
import Testing
import Units

/// What starts cost, where they cost something.
@Suite struct StartPriceTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

    private func service(startCost: Int) throws -> ReplayService {
        var limits = PlanLimits.none
        limits.startCostSeconds = startCost
        return try ReplayService(
            perInstance: 10, startupSeconds: 30, sloWaitSeconds: 1, minInstances: 1, maxInstances: 40, idleCost: 2,
            lateCost: 0, limits: limits)
    }

    /// An instance that is stopped for the second half of each hour, and one that is kept.
    private func outcomes(_ service: ReplayService) throws -> (trace: ReplayTrace, [SettingOutcome]) {
        let series = RegularSeries(start: Self.start, step: 60, values: [Double](repeating: 60, count: 1_440))
        let trace = try ReplayTrace(series, service: service)
        let often = (0..<48).map { ReplayDecision(second: 1_800 * $0, desired: $0 % 2 == 0 ? 3 : 1) }
        let once = [ReplayDecision(second: 0, desired: 3)]
        return (
            trace,
            [("often", often), ("once", once)].map { name, decisions in
                SettingOutcome(
                    family: name, role: .predictive, policy: name, knob: 0, decisions: decisions, trace: trace,
                    service: service)
            }
        )
    }

    @Test func startsAreCountedAndPricedBesideWhatIsBilled() throws {
        let (_, outcomes) = try outcomes(service(startCost: 600))
        #expect(outcomes.map(\.figures.starts) == [48, 2])
        #expect(outcomes.map(\.figures.instanceHours) == [48, 72])
        let points = outcomes.map {
            $0.point(clairvoyantHours: 24, prices: Prices(idlePerInstanceHour: 2, latePerRequest: 0))
        }
        #expect(points.map(\.startHours) == [8, 2 * 600.0 / 3_600])
        #expect(points.map(\.cost) == [2, 3])
        #expect(points[0].money == 112.0)
        let (_, free) = try self.outcomes(service(startCost: 0))
        #expect(free.map { $0.point(clairvoyantHours: 24, prices: nil).startHours } == [nil, nil])
        #expect(free.map(\.figures) == outcomes.map(\.figures))
    }

    /// The least money is another setting's once starts are paid for.
    @Test func theLeastMoneyIsChosenWithStarts() throws {
        func recommended(startCost: Int) throws -> String? {
            let service = try service(startCost: startCost), prices = try #require(service.model.prices)
            let (trace, outcomes) = try outcomes(service)
            let (_, bound) = replayByCells(
                trace, service: service, decisions: clairvoyantDecisions(trace, service: service),
                cellSeconds: trace.frontierCellSeconds)
            var settings = FrontierAnalysis.Settings(goal: .prices(prices))
            settings.resamples = 10
            return FrontierAnalysis(outcomes, trace: trace, bound: bound, settings: settings).choice?.recommended.policy
        }
        // On the half day that is chosen on, keeping costs twelve hours of an instance and stopping 22 starts more.
        #expect(try recommended(startCost: 0) == "often" && recommended(startCost: 1_700) == "often")
        #expect(try recommended(startCost: 2_100) == "once")
    }
}
