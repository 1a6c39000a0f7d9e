import ConformanceKit
import Demo
import Ports
import Reports
import Series
import TestSupport
import Testing
import Units

@Suite(.serialized) struct WholeDemoTests {
    private var short: DemoSettings {
        var settings = DemoSettings()
        (settings.dayRows, settings.historyDays, settings.headroomSeconds) = (8, 80, 8)
        (settings.worker.startupSeconds, settings.worker.serviceMilliseconds) = (1, 100)
        settings.instances = 1...6
        return settings
    }
    private let now = Timestamp(secondsSinceEpoch: 1_790_000_000)

    @Test(.timeLimit(.minutes(2))) func aShortDayIsPlayedWholeAndLeavesNothingBehind() async throws {
        let (store, log) = (InMemorySampleStore(), InMemoryDecisionLog())
        let actuator = InProcessActuator(settings: short.worker)
        let told = Shared<[String]>([])
        let ports = DemoPorts(store: store, decisionLog: log, actuator: actuator) { try await actuator.run() }
        let result = try await Demo(settings: short, ports: ports, logger: quiet) { message in
            if case .line(let text) = message { told.update { $0.append(text) } }
        }.run(now: now)

        #expect(actuator.running == 0)
        #expect(told.value.map { String($0.prefix(3)) } == ["1/4", "2/4", "3/4"])
        let plan = DemoLoad(seed: short.seed, rows: short.dayRows, historyDays: short.historyDays).day
        for fleet in [result.reactive, result.prewarmed] {
            #expect(fleet.requests == plan.arrivals.count)
            #expect(fleet.demand.count == 8 && fleet.capacity.count == 8)
            #expect(fleet.demand.reduce(0, +) > 0 && fleet.demand.reduce(0, +) <= Double(plan.arrivals.count))
            #expect(fleet.unanswered < fleet.requests, "no request was answered")
            // One instance is the least there may be.
            #expect(fleet.instanceSeconds >= 8)
        }
        try await expectRecords(store, log)
        #expect(result.report.rendered().contains("<svg"))
    }

    /// History and day of either fleet are stored, and every decision of either loop is on record.
    private func expectRecords(_ store: InMemorySampleStore, _ log: InMemoryDecisionLog) async throws {
        let stored = try await store.series(matching: nil)
        #expect(stored.map(\.samples) == [8 * 81, 8 * 81] && stored.allSatisfy { $0.gaps == 0 })
        for (name, policy, hasModel) in [("reactive", "hpa:0.7", false), ("prewarmed", "predictive:0.95", true)] {
            let id = try #require(WorkloadID(name))
            let records = try await log.decisions(of: id, upTo: now.advanced(bySeconds: 3_600), limit: 100)
            #expect(!records.isEmpty && records.allSatisfy { $0.policy == policy && ($0.model != nil) == hasModel })
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCancelledRunEndsItsWorkers() async throws {
        let actuator = InProcessActuator(settings: short.worker)
        let ports = DemoPorts(
            store: InMemorySampleStore(), decisionLog: InMemoryDecisionLog(), actuator: actuator
        ) { try await actuator.run() }
        let isLive = Shared(false)
        let demo = Demo(settings: short, ports: ports, logger: quiet) { message in
            if case .status = message { isLive.set(true) }
        }
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { [now] in
                do {
                    _ = try await demo.run(now: now)
                    return false
                } catch { return true }
            }
            #expect(await eventually { isLive.value })
            #expect(actuator.running > 0)
            group.cancelAll()
            for await hasThrown in group { #expect(hasThrown, "a cancelled run gave a result") }
        }
        #expect(actuator.running == 0)
    }

    @Test(.timeLimit(.minutes(1))) func workersThatNeverStartAreAnErrorThatSaysSo() async throws {
        var settings = short
        (settings.worker.startupSeconds, settings.headroomSeconds) = (0, 1)
        let actuator = InProcessActuator(settings: settings.worker)
        // Nobody runs the actuator's workers.
        let ports = DemoPorts(
            store: InMemorySampleStore(), decisionLog: InMemoryDecisionLog(), actuator: actuator
        ) { try await Task.sleep(for: .seconds(60)) }
        let error = await #expect(throws: DemoError.self) {
            _ = try await Demo(settings: settings, ports: ports, logger: quiet, output: { _ in }).run(now: now)
        }
        #expect(error?.description.contains("no reactive worker became ready") == true)
    }

    @Test func theStoreTwinCountsAsAStoreDoes() async throws {
        let store = InMemorySampleStore()
        let key = try SeriesKey(metric: "m")
        var batch = SampleBatch()
        for second in [3, 1, 2] { batch.append(key, Timestamp(secondsSinceEpoch: second), Double(second)) }
        #expect(try await store.append(batch) == AppendOutcome(added: 3))
        batch.append(key, Timestamp(secondsSinceEpoch: 9), 9)
        batch.append(key, Timestamp(secondsSinceEpoch: 1), 5)
        #expect(try await store.append(batch) == AppendOutcome(added: 1, replaced: 1, unchanged: 3))
        let range = Timestamp(secondsSinceEpoch: 1)..<Timestamp(secondsSinceEpoch: 3)
        #expect(try await store.samples(of: key, in: range).values == [5, 2])
        let summary = try #require(try await store.series(matching: SeriesSelector(metric: "m")).first)
        #expect(summary.samples == 4 && summary.gaps == 1 && summary.stepMilliseconds == 1_000)
        #expect(try await store.series(matching: SeriesSelector(metric: "other")).isEmpty)
    }
}
