import ControlLoop
import Forecasting
import Logging
import Planning
import Ports
import Series
import TestSupport
import Testing
import Units

@Suite struct WorkloadControllerTests {
    private func controller(_ scene: Scene, _ workload: Workload) -> WorkloadController {
        WorkloadController(workload: workload, store: scene.store, log: scene.log, logger: Logger(label: "test"))
    }

    private func minute(_ minute: Int) -> Timestamp { Scene.start.advanced(bySeconds: 60 * minute) }

    @Test func startsTheLeastBeforeAnythingIsKnown() async throws {
        let scene = try Scene(), actuator = FakeActuator()
        var controller = controller(scene, try scene.workload(actuator))
        await controller.tick(at: minute(0))
        await controller.tick(at: minute(1))
        #expect(await actuator.calls == [1])
        let records = try await scene.decisions()
        #expect(records.map(\.decision.binding) == [.demandUnknown, .minInstances])
        #expect(records.map(\.outcome) == [.none, .acted] && records[0].demandAgeSeconds == nil)
    }

    @Test func followsDemandAndSaysWhy() async throws {
        let scene = try Scene(), actuator = FakeActuator(startupSeconds: [30, 40, 50])
        try await scene.push([45, 45])
        var controller = controller(scene, try scene.workload(actuator))
        await controller.tick(at: minute(2).advanced(bySeconds: 7))
        let record = try #require(try await scene.decisions().first)
        #expect(record.decision.desired == 5 && record.decision.binding == .reactive && record.outcome == .acted)
        #expect(record.observedRate == 45 && record.demandAgeSeconds == 7 && record.leadSeconds == 50)
        #expect(record.desiredBefore == 0 && record.model == nil)
    }

    /// Demand that goes missing is not demand that is gone.
    @Test func neverScalesDownOnMissingDemand() async throws {
        let scene = try Scene(), actuator = FakeActuator()
        try await scene.push([95])
        var controller = controller(scene, try scene.workload(actuator))
        for tick in 1...200 { await controller.tick(at: minute(tick)) }
        #expect(await actuator.calls == [10])
        #expect(try await scene.decisions().first?.decision.binding == .demandUnknown)
    }

    @Test func neverScalesDownOnMissingDemandWithAForecast() async throws {
        let scene = try Scene(), actuator = FakeActuator()
        // Two days that are quiet in every second half hour, then nothing more.
        let rates = (0..<2_880).map { $0 / 30 % 2 == 0 ? 95.0 : 5 }
        try await scene.push(rates)
        let task = ForecastTask(horizon: 8, season: 60, isWeekly: false)
        let forecaster = RollingForecaster(SeasonalNaive(), task: task, refitEvery: 100_000)
        var controller = controller(scene, try scene.workload(actuator, forecaster: forecaster))
        await controller.tick(at: minute(2_850 + 5))
        #expect(await actuator.calls.last ?? 0 < 10)
        for tick in 2_880..<3_000 { await controller.tick(at: minute(tick)) }
        let calls = await actuator.calls
        #expect(calls.contains { $0 >= 10 }, "the forecast alone can raise")
        #expect(zip(calls, calls.dropFirst()).allSatisfy { $0 <= $1 }, "\(calls)")
    }

    @Test func aRefusalIsRecordedAndTriedAgain() async throws {
        let scene = try Scene(), actuator = FakeActuator()
        try await scene.push([25, 25, 25])
        await actuator.refuse(ActuatorError(.unreachable, isRetryable: true, "no engine"))
        var controller = controller(scene, try scene.workload(actuator))
        await controller.tick(at: minute(2))
        await actuator.refuse(nil)
        await controller.tick(at: minute(3))
        #expect(try await scene.decisions().map(\.outcome) == [.acted, .failed("no engine")])
        #expect(await actuator.calls == [3, 3])
    }

    @Test func aFailingStoreChangesNothing() async throws {
        let scene = try Scene(), actuator = FakeActuator()
        try await scene.push([55, 55])
        var controller = controller(scene, try scene.workload(actuator))
        await scene.store.fail(true)
        await controller.tick(at: minute(2))
        #expect(await actuator.calls == [])
        await scene.store.fail(false)
        await controller.tick(at: minute(2))
        #expect(await actuator.calls == [6])
    }

    @Test func shadowDecidesAndDoesNothing() async throws {
        let scene = try Scene(), actuator = FakeActuator()
        try await scene.push([55, 55, 35])
        var controller = controller(scene, try scene.workload(actuator, isCarriedOut: false))
        await controller.tick(at: minute(2))
        await controller.tick(at: minute(3))
        #expect(await actuator.calls == [])
        let records = try await scene.decisions()
        #expect(records.map(\.outcome) == [.shadow, .shadow])
        // It goes on from what it would have had.
        #expect(records.map(\.desiredBefore) == [6, 1] && records.map(\.decision.desired) == [4, 6])
    }

    /// A floor of a schedule is there a lead time before, and is what the record names.
    @Test func scheduledFloorsAreHeld() async throws {
        let scene = try Scene(), actuator = FakeActuator(startupSeconds: [90])
        try await scene.push((0..<120).map { _ in 15 })
        let base = try scene.workload(actuator)
        var limits = PlanLimits.none
        limits.schedules = [
            FloorSchedule(
                cron: try CronExpression(parsing: "0 * * * *"), zone: "UTC", rules: .utc, seconds: 600, floor: 6)
        ]
        let floored = limits
        let service = { @Sendable (startup: Int) in
            let plain = base.service(startup)
            return ServiceModel(
                perInstance: plain.perInstance, startupSeconds: startup, sloWaitSeconds: 1, minInstances: 1,
                maxInstances: 20, kind: .rate, limits: floored)
        }
        let workload = Workload(
            id: scene.id, demand: scene.key, kind: .rate, step: 60, historyRows: 2_000, actuator: actuator,
            assumedLeadSeconds: 90,
            makePolicy: {
                let planner = PredictivePlanner(name: "predictive", service: service($0), tick: 15, aggressiveness: 0.9)
                return LimitedPolicy(planner, service: service($0), tick: 15)
            }, forecaster: nil, service: service)
        var controller = controller(scene, workload)
        for quarter in 40 * 4..<80 * 4 { await controller.tick(at: minute(0).advanced(bySeconds: 15 * quarter)) }
        #expect(await actuator.calls == [2, 6, 2])
        let held = try await scene.decisions().reversed().filter { $0.decision.desired == 6 }
        #expect(held.allSatisfy { $0.decision.binding == .scheduledFloor })
        // From the last tick that leaves a start of 90 s its time, to the last of the ten minutes.
        #expect(
            held.first?.at == minute(58).advanced(bySeconds: 30) && held.last?.at == minute(69).advanced(bySeconds: 45))
    }

    /// A clock that went back must not show rows that are yet to come, nor stop anything.
    @Test func aClockThatGoesBackHarmsNothing() async throws {
        let scene = try Scene(), actuator = FakeActuator()
        try await scene.push([85, 85, 85, 15, 15])
        var controller = controller(scene, try scene.workload(actuator))
        await controller.tick(at: minute(3))
        await controller.tick(at: minute(2))
        #expect(try await scene.decisions().allSatisfy { $0.observedRate == 85 })
        #expect(await actuator.calls == [9])
    }

    /// After the first tick only what may have changed is read, and late samples still count.
    @Test func readsOnlyWhatMayHaveChanged() async throws {
        let scene = try Scene(), actuator = FakeActuator()
        try await scene.push((0..<600).map { _ in 15 })
        var controller = controller(scene, try scene.workload(actuator))
        await controller.tick(at: minute(601))
        #expect(try await scene.decisions().first?.observedRate == nil)
        try await scene.push([65], minute: 600)
        await controller.tick(at: minute(601).advanced(bySeconds: 15))
        #expect(try await scene.decisions().first?.observedRate == 65)
        let spans = await scene.store.reads.map { $0.upperBound.seconds(since: $0.lowerBound) }
        #expect(spans[0] > 600 * 60 && spans[1] <= 1_000)
    }

    @Test func countersBecomeIncreasesAcrossTicks() async throws {
        let scene = try Scene(), actuator = FakeActuator()
        // 1,200 more a minute is 20 a second; a restart from zero gives what has come since.
        var totals = (0..<40).map { Double($0) * 1_200 }
        totals += [600, 1_800]
        try await scene.push(totals)
        var controller = controller(scene, try scene.workload(actuator, kind: .counter))
        for tick in 2...42 { await controller.tick(at: minute(tick)) }
        let rates = try await scene.decisions().reversed().map(\.observedRate)
        #expect(rates.count == 41)
        #expect(rates.prefix(39).allSatisfy { $0 == 20 }, "\(rates)")
        #expect(rates.suffix(2) == [10, 20])
    }
}

@Suite struct ControlLoopTests {
    /// An actuator that answers only when let go.
    private actor StuckActuator: Actuator {
        nonisolated let name = "stuck"
        func observe(_ workload: WorkloadID) async throws(ActuatorError) -> InstanceReport {
            do { try await Task.sleep(for: .seconds(3_600)) } catch {
                throw ActuatorError(.cancelled, isRetryable: true, "cancelled")
            }
            return InstanceReport(desired: 0, instances: [], startupSeconds: [])
        }
        func scale(_ workload: WorkloadID, to count: Int) async throws(ActuatorError) {}
    }

    @Test(.timeLimit(.minutes(1)))
    func aStuckWorkloadDelaysNoOther() async throws {
        let scene = try Scene(), stuck = try Scene("stuck"), clock = ManualClock(), actuator = FakeActuator()
        try await scene.push([45])
        let loop = ControlLoop(
            workloads: [try stuck.workload(StuckActuator()), try scene.workload(actuator)], store: scene.store,
            log: scene.log, tick: .seconds(15), clock: clock,
            now: { Scene.start.advanced(bySeconds: 60 + Int(clock.now.offset / .seconds(1))) },
            logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loop.run() }
            for tick in 1...3 {
                #expect(await clock.waitForSleepers(1), "tick \(tick)")
                let count = try await scene.decisions().count
                #expect(count == tick)
                clock.advance(by: .seconds(15))
            }
            group.cancelAll()
        }
        #expect(await actuator.calls == [5])
    }
}
