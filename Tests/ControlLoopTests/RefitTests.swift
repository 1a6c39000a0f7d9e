import ConformanceKit
import ControlLoop
import Forecasting
import Logging
import Planning
import Ports
import Series
import Synchronization
import TestSupport
import Testing
import Units

@Suite struct RefitTests {
    private static let task = ForecastTask(horizon: 10, season: 60, isWeekly: false)
    /// Half an hour of much and half an hour of little.
    private static func rate(_ minute: Int) -> Double { minute / 30 % 2 == 0 ? 95 : 5 }

    private func minute(_ minute: Int) -> Timestamp { Scene.start.advanced(bySeconds: 60 * minute) }

    private func workload(_ scene: Scene, refitEvery: Int = 100_000) throws -> Workload {
        try scene.workload(
            FakeActuator(), forecaster: RollingForecaster(SeasonalNaive(), task: Self.task, refitEvery: refitEvery))
    }

    private func worker(
        _ desk: RefitDesk, _ registry: InMemoryModelRegistry, _ workload: Workload, clock: ManualClock = ManualClock()
    ) -> RefitWorker<ManualClock> {
        RefitWorker(
            desk: desk, registry: registry, watching: [workload], program: "9.9.9", clock: clock,
            now: { Scene.start }, learn: { $0() }, logger: Logger(label: "test"))
    }

    /// Runs `body` beside a worker, and ends that afterwards.
    private func beside(
        _ worker: RefitWorker<ManualClock>, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await worker.run() }
            try await body()
            group.cancelAll()
        }
    }

    /// A tick asks and goes on without a forecast; once the worker is done, a later tick has one.
    @Test(.timeLimit(.minutes(1))) func aTickWaitsForNoFit() async throws {
        let scene = try Scene(), desk = RefitDesk(), registry = InMemoryModelRegistry()
        try await scene.push((0..<1_000).map(Self.rate))
        let workload = try workload(scene)
        var controller = WorkloadController(
            workload: workload, store: scene.store, log: scene.log, desk: desk, logger: Logger(label: "test"))
        for tick in 900..<905 { await controller.tick(at: minute(tick)) }
        #expect(try await scene.decisions().allSatisfy { $0.model == nil })
        #expect(await desk.isBusy(workload.id))
        #expect(await desk.count == 1, "asked once")
        try await beside(worker(desk, registry, workload)) {
            #expect(await eventually { await !desk.isBusy(workload.id) })
        }
        await controller.tick(at: minute(905))
        #expect(try await scene.decisions().first?.model == "seasonal-naive")
        let stored = try #require(try await registry.latestModel(for: workload.demand))
        #expect(stored.version == 1 && stored.record.lineage.reason == .start)
        #expect(stored.record.lineage.program == "9.9.9" && stored.record.lineage.options["asked"] == "seasonal-naive")
        #expect(stored.record.trainedTo == minute(900) && stored.record.scores["LOSS"] != nil)
        #expect(try ModelCatalogue.decode(stored.record.bytes).name == "seasonal-naive")
    }

    @Test(.timeLimit(.minutes(1))) func theCadenceAndDriftAsk() async throws {
        let scene = try Scene(), desk = RefitDesk(), registry = InMemoryModelRegistry()
        // From minute 1,300 on the halves of the hour are not what they were.
        try await scene.push((0..<1_600).map { $0 < 1_300 ? Self.rate($0) : Self.rate($0 + 17) })
        let workload = try workload(scene, refitEvery: 200)
        try await beside(worker(desk, registry, workload)) {
            var controller = WorkloadController(
                workload: workload, store: scene.store, log: scene.log, desk: desk, logger: Logger(label: "test"))
            for tick in 1_000..<1_400 {
                await controller.tick(at: minute(tick))
                #expect(await eventually { await !desk.isBusy(workload.id) })
            }
        }
        let reasons = try await registry.modelVersions().reversed().map(\.record.lineage)
        #expect(reasons.map(\.reason).prefix(2) == [.start, .schedule], "\(reasons.map(\.reason))")
        #expect(reasons.contains { $0.reason == .drift && $0.options["cause"]?.contains("it loses") == true })
        #expect(reasons.dropFirst().map(\.parent) == (1..<reasons.count).map { $0 })
    }

    /// A workload that is too young for a model of its own is forecast by what others of its kind have taught, and its model
    /// says from where; events are read anew for every fit, and a file of them that is wrong costs the events alone.
    @Test(.timeLimit(.minutes(1))) func aYoungWorkloadBorrows() async throws {
        let scene = try Scene(), desk = RefitDesk(), registry = InMemoryModelRegistry()
        try await scene.push((0..<50).map(Self.rate))
        let reads = Mutex(0)
        let workload = try scene.workload(
            FakeActuator(), forecaster: RollingForecaster(SeasonalNaive(), task: Self.task, refitEvery: 100_000),
            events: { end in
                let count = reads.withLock { count in
                    count += 1
                    return count
                }
                guard count > 1 else { throw SettingsProblem(description: "the file is gone") }
                return KnownEvents([
                    .init(name: "sale", spans: [.init(start: end, end: end.advanced(bySeconds: 600))])
                ])
            })
        let histories = (0..<6).map { number in
            KnownDemand(
                RegularSeries(
                    start: Scene.start, step: 60, values: (0..<900).map { Double(number + 1) * 60 * Self.rate($0) }))
        }
        let shared = try GlobalRidge().fit(histories, task: Self.task).shared
        let name = try SharedModelName(SeriesSelector(metric: workload.demand.metric), kind: workload.kind, step: 60)
        _ = try await registry.publish(
            ModelRecord(
                series: name.key, model: shared.name, step: 60, kind: workload.kind, trainedFrom: Scene.start,
                trainedTo: Scene.start, createdAt: Scene.start, scores: [:], bytes: shared.encoded()))
        var controller = WorkloadController(
            workload: workload, store: scene.store, log: scene.log, desk: desk, logger: Logger(label: "test"))
        await controller.tick(at: minute(40))
        try await beside(worker(desk, registry, workload)) {
            #expect(await eventually { await !desk.isBusy(workload.id) })
        }
        await controller.tick(at: minute(41))
        #expect(try await scene.decisions().first?.model == "borrowed(global-ridge)")
        let stored = try #require(try await registry.latestModel(for: workload.demand))
        #expect(stored.record.lineage.options["borrowed from"] == "\(name.key) version 1")
        #expect(stored.record.lineage.options["asked"] == "seasonal-naive" && reads.withLock { $0 } == 1)
    }

    /// A registry that fails costs the record, and not the model.
    @Test(.timeLimit(.minutes(1))) func aFullDiskCostsTheRecordOnly() async throws {
        let scene = try Scene(), desk = RefitDesk(), registry = InMemoryModelRegistry()
        try await scene.push((0..<1_000).map(Self.rate))
        await registry.fail(StoreError(.full, "full"))
        let workload = try workload(scene)
        try await beside(worker(desk, registry, workload)) {
            var controller = WorkloadController(
                workload: workload, store: scene.store, log: scene.log, desk: desk, logger: Logger(label: "test"))
            await controller.tick(at: minute(900))
            #expect(await eventually { await !desk.isBusy(workload.id) })
            await controller.tick(at: minute(901))
        }
        #expect(try await scene.decisions().first?.model == "seasonal-naive")
        #expect(try await registry.modelVersions().isEmpty)
    }

    /// A young history is asked about again only when it has grown.
    @Test(.timeLimit(.minutes(1))) func aFailureIsNotTriedAtEveryTick() async throws {
        let scene = try Scene(), desk = RefitDesk(), registry = InMemoryModelRegistry()
        try await scene.push((0..<60).map(Self.rate))
        let workload = try workload(scene)
        try await beside(worker(desk, registry, workload)) {
            var controller = WorkloadController(
                workload: workload, store: scene.store, log: scene.log, desk: desk, logger: Logger(label: "test"))
            await controller.tick(at: minute(40))
            #expect(await eventually { await !desk.isBusy(workload.id) })
            for tick in 41..<48 { await controller.tick(at: minute(tick)) }
            #expect(await !desk.isBusy(workload.id))
        }
        #expect(try await registry.modelVersions().isEmpty)
        #expect(try await scene.decisions().allSatisfy { $0.model == nil })
    }

    /// What is rolled back to by hand is served without a restart.
    @Test(.timeLimit(.minutes(1))) func aRollbackIsTakenOver() async throws {
        let scene = try Scene(), desk = RefitDesk(), registry = InMemoryModelRegistry(), clock = ManualClock()
        try await scene.push((0..<1_000).map(Self.rate))
        let workload = try workload(scene)
        try await beside(worker(desk, registry, workload, clock: clock)) {
            var controller = WorkloadController(
                workload: workload, store: scene.store, log: scene.log, desk: desk, logger: Logger(label: "test"))
            await controller.tick(at: minute(900))
            #expect(await eventually { await !desk.isBusy(workload.id) })
            await controller.tick(at: minute(901))
            let first = try #require(try await registry.model(1, for: workload.demand)).record
            let flat = try LastValue().fit(KnownDemand(Self.series), task: Self.task)
            _ = try await registry.publish(
                ModelRecord(
                    series: workload.demand, model: flat.name, step: 60, kind: .rate, trainedFrom: first.trainedFrom,
                    trainedTo: first.trainedTo, createdAt: Scene.start, scores: [:], bytes: flat.encoded()))
            #expect(try await takesOver("last-value", &controller, scene, clock))
            let version = try await registry.rollBack(workload.demand, to: 1, at: Scene.start, program: "9.9.9")
            #expect(version == 3)
            #expect(try await takesOver("seasonal-naive", &controller, scene, clock))
        }
    }

    /// Neither the cadence nor drift replaces what was rolled back to, until it is released.
    @Test(.timeLimit(.minutes(1))) func aRollbackIsHeld() async throws {
        let scene = try Scene(), desk = RefitDesk(), registry = InMemoryModelRegistry(), clock = ManualClock()
        // From minute 1,300 on the halves of the hour are not what they were.
        try await scene.push((0..<1_900).map { $0 < 1_300 ? Self.rate($0) : Self.rate($0 + 17) })
        let workload = try workload(scene, refitEvery: 200)
        try await beside(worker(desk, registry, workload, clock: clock)) {
            var controller = WorkloadController(
                workload: workload, store: scene.store, log: scene.log, desk: desk, logger: Logger(label: "test"))
            for tick in [1_000, 1_001] {
                await controller.tick(at: minute(tick))
                #expect(await eventually { await !desk.isBusy(workload.id) })
            }
            let flat = try LastValue().fit(KnownDemand(Self.series), task: Self.task)
            let record = try #require(try await registry.model(1, for: workload.demand)).record
            _ = try await registry.publish(
                ModelRecord(
                    series: workload.demand, model: flat.name, step: 60, kind: .rate, trainedFrom: record.trainedFrom,
                    trainedTo: record.trainedTo, createdAt: Scene.start, scores: ["LOSS": 1e-9], bytes: flat.encoded()))
            #expect(try await registry.rollBack(workload.demand, to: 2, at: Scene.start, program: "9.9.9") == 3)
            #expect(try await takesOver("last-value", &controller, scene, clock, ticks: 1_002..<1_052))
            for tick in 1_052..<1_800 { await controller.tick(at: minute(tick)) }
            #expect(await !desk.isBusy(workload.id))
            #expect(try await registry.newestModelVersion(for: workload.demand) == 3)
            #expect(try await scene.decisions().first?.model == "last-value")

            #expect(try await registry.release(workload.demand, at: Scene.start, program: "9.9.9") == 4)
            #expect(try await registry.release(workload.demand, at: Scene.start, program: "9.9.9") == nil)
            #expect(try await takesOver("seasonal-naive", &controller, scene, clock, ticks: 1_800..<1_850))
        }
        let newest = try #require(try await registry.latestModel(for: workload.demand))
        #expect(newest.version == 5 && newest.record.lineage.reason == .schedule)
    }

    /// An operator who rolls back while a fit runs is not overruled by it.
    @Test(.timeLimit(.minutes(1))) func aRollbackDuringAFitStands() async throws {
        let scene = try Scene(), desk = RefitDesk(), registry = InMemoryModelRegistry()
        try await scene.push((0..<1_000).map(Self.rate))
        let workload = try workload(scene)
        let flat = try LastValue().fit(KnownDemand(Self.series), task: Self.task)
        let record = ModelRecord(
            series: workload.demand, model: flat.name, step: 60, kind: .rate, trainedFrom: Scene.start,
            trainedTo: minute(900), createdAt: Scene.start, scores: [:], bytes: flat.encoded(),
            lineage: ModelLineage(.rollback))
        let worker = RefitWorker(
            desk: desk, registry: registry, watching: [workload], program: "9.9.9", clock: ManualClock(),
            now: { Scene.start },
            learn: { fit in
                _ = try? await registry.publish(record)
                return fit()
            }, logger: Logger(label: "test"))
        try await beside(worker) {
            var controller = WorkloadController(
                workload: workload, store: scene.store, log: scene.log, desk: desk, logger: Logger(label: "test"))
            await controller.tick(at: minute(900))
            #expect(await eventually { await !desk.isBusy(workload.id) })
            await controller.tick(at: minute(901))
        }
        #expect(try await scene.decisions().first?.model == "last-value")
        #expect(try await registry.newestModelVersion(for: workload.demand) == 1)
    }

    private static let series = RegularSeries(start: Scene.start, step: 60, values: (0..<1_000).map(rate))

    private func takesOver(
        _ model: String, _ controller: inout WorkloadController, _ scene: Scene, _ clock: ManualClock,
        ticks: Range<Int> = 902..<952
    ) async throws -> Bool {
        for tick in ticks {
            #expect(await clock.waitForSleepers(1))
            clock.advance(by: .seconds(30))
            try? await Task.sleep(for: .milliseconds(10))
            await controller.tick(at: minute(tick))
            if try await scene.decisions().first?.model == model { return true }
        }
        return false
    }
}

private struct SettingsProblem: Error { let description: String }
