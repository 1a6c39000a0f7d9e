import Planning
import Series
import Testing
import Units

@Suite struct LateLevelTests {
    @Test func aMissCostsTheRowsUntilAStartServes() {
        // The row itself, two of a start-up of two minutes, and one in which what waited is served.
        #expect(abs(lateLevel(dial: 0.96, leadSeconds: 120, step: 60) - 0.99) < 1e-12)
        #expect(abs(lateLevel(dial: 0.97, leadSeconds: 30, step: 60) - 0.99) < 1e-12)
        #expect(abs(lateLevel(dial: 0.9, leadSeconds: 0, step: 60) - 0.95) < 1e-12)
        #expect(abs(lateLevel(dial: 0.9, leadSeconds: 600, step: 3_600) - 0.95) < 1e-12)
    }
}

@Suite struct ShortfallMemoryTests {
    @Test func itRemembersTheWorstAndForgetsInTenMinutes() {
        var memory = ShortfallMemory()
        #expect(memory.factor == 1)
        memory.learn(actual: 20, planned: 10, seconds: 60)
        #expect(abs(memory.factor - 2) < 1e-12)
        memory.learn(actual: 9, planned: 10, seconds: 60)
        let faded = memory.factor
        #expect(faded < 2 && faded > 1.8)
        for _ in 0..<9 { memory.learn(actual: 9, planned: 10, seconds: 60) }
        // A tenth of the logarithm of 2 each minute: after ten minutes 2^(1/e).
        #expect(abs(memory.factor - 1.290_6) < 1e-3)
    }

    @Test func whatWasCoveredTeachesNothingAndNoJumpIsBelievedWhole() {
        var memory = ShortfallMemory()
        memory.learn(actual: 10, planned: 10, seconds: 60)
        memory.learn(actual: 5, planned: 0, seconds: 60)
        #expect(memory.factor == 1)
        memory.learn(actual: 1e300, planned: 1, seconds: 60)
        #expect(abs(memory.factor - ShortfallMemory.most) < 1e-9)
    }
}

@Suite struct BacklogEstimateTests {
    @Test func whatCouldNotBeServedWaits() {
        var backlog = BacklogEstimate()
        backlog.advance(to: 0, rowsEnd: 0, arrived: nil, perSecond: 10)
        for now in stride(from: Int64(15), through: 45, by: 15) {
            backlog.advance(to: now, rowsEnd: 0, arrived: nil, perSecond: 10)
        }
        // 900 came in a minute that could serve 600.
        backlog.advance(to: 60, rowsEnd: 60, arrived: 900, perSecond: 10)
        #expect(backlog.requests == 300)
        // Half a minute on, with 5/s coming in and 10/s served.
        backlog.advance(to: 90, rowsEnd: 60, arrived: nil, perSecond: 10)
        #expect(backlog.requests(at: 90, rate: 5) == 150)
        backlog.advance(to: 120, rowsEnd: 120, arrived: 300, perSecond: 10)
        #expect(backlog.requests == 0)
    }

    @Test func aMissingRowChangesNothingAndALateOneCountsItsOwnCapacity() {
        var backlog = BacklogEstimate()
        backlog.advance(to: 0, rowsEnd: 0, arrived: nil, perSecond: 1)
        backlog.advance(to: 60, rowsEnd: 60, arrived: 100, perSecond: 1)
        #expect(backlog.requests == 40)
        backlog.advance(to: 120, rowsEnd: 120, arrived: nil, perSecond: 1)
        #expect(backlog.requests == 40)
        // The row that ended at 180 is seen at 210: two thirds of the capacity since then are its own.
        backlog.advance(to: 210, rowsEnd: 180, arrived: 60, perSecond: 1)
        #expect(abs(backlog.requests - 40) < 1e-9)
    }
}

@Suite struct OutageHoldTests {
    /// Rows of a minute that end at `end`; a start and a tick take 135 s.
    private func learn(
        _ hold: inout OutageHold, _ actual: Double, low: Double, end: Int64, desired: Int = 9, dial: Double = 0.9
    ) { hold.learn(actual: actual, low: low, desired: desired, end: end, window: 135, dial: dial) }

    @Test func aDropIsHeldAsLongAsItsReturnIsLikelyEnough() {
        var hold = OutageHold(), safer = OutageHold()
        learn(&hold, 4, low: 8, end: 60)
        #expect(hold.count(at: 60) == nil, "half of what was likely is no drop")
        learn(&hold, 1, low: 8, end: 120)
        learn(&safer, 1, low: 8, end: 120, dial: 0.99)
        // 135 / (age + 135) is a tenth at an age of nine windows, a hundredth at 99.
        #expect(hold.count(at: 120) == 9 && hold.count(at: 120 + 9 * 135 - 2) == 9)
        #expect(hold.count(at: 120 + 9 * 135 + 1) == nil)
        #expect(safer.count(at: 120 + 99 * 135 - 2) == 9 && safer.count(at: 120 + 99 * 135 + 1) == nil)
    }

    @Test func afterTheReturnItLastsUntilForecastsHaveFollowed() {
        var hold = OutageHold()
        learn(&hold, 0, low: 8, end: 60)
        learn(&hold, 7, low: 1, end: 180)
        #expect(hold.count(at: 180 + 734) == 9)
        #expect(hold.count(at: 180 + 735) == nil)
    }

    /// Demand that has stayed low is what demand is now; a further drop is seen from there.
    @Test func whatLastsIsNoOutageAnyMore() {
        var hold = OutageHold()
        learn(&hold, 2, low: 8, end: 60)
        // Given up after nine windows; as long as forecasts expect more it is no other drop.
        learn(&hold, 2, low: 6, end: 1_800, desired: 3)
        #expect(hold.count(at: 1_800) == nil)
        learn(&hold, 2, low: 1.8, end: 1_860, desired: 3)
        #expect(hold.count(at: 1_860) == nil)
        learn(&hold, 0.5, low: 1.8, end: 1_920, desired: 3)
        #expect(hold.count(at: 1_920) == 3)
    }
}

/// The planner on minutes of demand, an instance carrying 1/s and starting in 120 s; forecasts know nothing and repeat `level`.
@Suite struct PlannerMemoryTests {
    /// Desired counts at the end of each row, from `desired` on, where ready follows desired at once.
    private func counts(
        _ rows: [Double], level: Double, dial: Double = 0.9, from desired: Int
    ) throws -> [Int] {
        var planner = PredictivePlanner(name: "p", service: try service(), tick: 15, aggressiveness: dial)
        var (desired, counts) = (desired, [Int]())
        let series = RegularSeries(start: start, step: 60, values: rows)
        for second in stride(from: 0, through: rows.count * 60, by: 15) {
            let now = start.advanced(bySeconds: second), known = KnownDemand(series, count: second / 60)
            let forecast = QuantileForecast(
                origin: known.end, step: 60, levels: [0.1, 0.9],
                values: (0..<6).flatMap { _ in [level * 0.9, level] })
            let decision = planner.decide(
                Observation(
                    now: now, desired: desired, ready: desired, starting: 0, demand: known, forecast: forecast))
            desired = decision.desired
            if second % 60 == 0 { counts.append(desired) }
        }
        return counts
    }

    @Test func afterAJumpThePlanIsRaisedByWhatItFellShortBy() throws {
        let calm = try counts([10, 10, 10, 10], level: 10, from: 12)
        let jumped = try counts([10, 10, 10, 24, 10, 10], level: 10, from: 12)
        let planned = try #require(calm.last)
        #expect(jumped[3] == planned)
        #expect(Double(jumped[4]) >= 2 * Double(planned), "\(jumped)")
        #expect(jumped[6] > planned && jumped[6] <= jumped[4])
    }

    @Test func aDropThatNobodyExpectedIsNoReasonToStop() throws {
        let dropped = try counts([10, 10, 0, 0, 10, 10], level: 10, from: 12)
        #expect(dropped.dropFirst(3).allSatisfy { $0 >= dropped[2] }, "\(dropped)")
        // Expected, it is one: the forecast says so, and what was observed does not ask for more.
        var planner = PredictivePlanner(name: "p", service: try service(), tick: 15, aggressiveness: 0.9)
        let night = planner.decide(observation(desired: 12, demand: [1], forecast: [1, 1, 1, 1, 1, 1]))
        #expect(night.desired == 1)
    }

    @Test func moreIsStartedWhileRequestsWait() throws {
        var planner = PredictivePlanner(name: "p", service: try service(), tick: 15, aggressiveness: 0.9)
        let series = RegularSeries(start: start, step: 60, values: [10, 40, 10, 10])
        var last: Decision?
        for second in stride(from: 0, through: 120, by: 15) {
            let known = KnownDemand(series, count: second / 60)
            let forecast = QuantileForecast(
                origin: known.end, step: 60, levels: [0.9], values: [10, 10, 10, 10, 10, 10])
            last = planner.decide(
                Observation(
                    now: start.advanced(bySeconds: second), desired: 10, ready: 10, starting: 0, demand: known,
                    forecast: forecast))
        }
        let decision = try #require(last)
        // 1,800 requests wait, and the row before asks for 40 on its own.
        #expect(decision.desired > 40 && decision.binding == .backlog)
        #expect(decision.candidates.contains { $0.reason == .backlog && $0.instances == decision.desired })
    }
}
