import AsyncHTTPClient
import Demo
import Kernels
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Units

@Suite struct ServerTests {
    private var quick: WorkerSettings {
        var settings = WorkerSettings()
        (settings.startupSeconds, settings.serviceMilliseconds) = (0, 5)
        return settings
    }

    @Test(.timeLimit(.minutes(1))) func aWorkerAnswersOnlyAfterItsStartUp() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let port = Shared(0)
        let isLoading = Shared(false)
        let worker = DemoWorker(
            port: 0, settings: quick,
            load: {
                isLoading.set(true)
                for await _ in gate {}
            }, onListening: { port.set($0) })
        try await with(background: { try await worker.run() }) {
            #expect(await eventually { isLoading.value })
            #expect(port.value == 0, "it listens while it loads")
            opener.finish()
            let url = "http://127.0.0.1:\(try await port.wait())"
            try await withDemoClient { client in
                #expect(await status(url + "/healthz", client) == 200)
                #expect(await status(url + "/work", client) == 200)
                #expect(await status(url + "/nothing", client) == 404)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aRequestWhoseInstanceVanishesIsAnsweredByAnother() async throws {
        let queue = SlotQueue(slots: 2, bound: 10)
        try await withDispatcher(queue) { url, client in
            let worker = Shared(0)
            let live = DemoWorker(port: 0, settings: quick, onListening: { worker.set($0) })
            try await with(background: { try await live.run() }) {
                // Nothing listens on these ports; they stand first, so they are tried first, as if a cut had taken three.
                let gone = (1...3).map { "127.0.0.1:\($0)" }
                queue.update(endpoints: gone + ["127.0.0.1:\(try await worker.wait())"])
                #expect(await status(url, client) == 200)
                #expect(queue.arrivals == 1)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aRequestThatFailsEverywhereIsABadGateway() async throws {
        let queue = SlotQueue(slots: 2, bound: 10)
        try await withDispatcher(queue) { url, client in
            queue.update(endpoints: (1...9).map { "127.0.0.1:\($0)" })
            #expect(await status(url, client) == 502)
            #expect(queue.arrivals == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func beyondTheBoundIsServiceUnavailable() async throws {
        try await withDispatcher(SlotQueue(slots: 1, bound: 0)) { url, client in
            #expect(await status(url, client) == 503)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aClientThatGoesAwayLeavesTheQueue() async throws {
        let queue = SlotQueue(slots: 1, bound: 10)
        try await withDispatcher(queue) { url, client in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = await status(url, client) }
                #expect(await eventually { queue.waiting == 1 })
                group.cancelAll()
            }
            #expect(await eventually { queue.waiting == 0 })
        }
    }

    @Test(.timeLimit(.minutes(1))) func everyRequestOfAPlanHasItsOutcome() async throws {
        let queue = SlotQueue(slots: 1, bound: 2)
        var rng = SplitMix64(seed: 7)
        let plan = LoadPlan(rows: 1, using: &rng)
        // No instance: two wait until they are given up, the others are refused.
        try await withDispatcher(queue) { url, client in
            let log = WaitLog(sloWaitSeconds: 0.5)
            let clock = DayClock(now: Timestamp(secondsSinceEpoch: 0), headroom: 0)
            let generator = LoadGenerator(
                client: client, targets: [.init(url: url, log: log)], clock: clock,
                serviceSeconds: 0, givingUpAt: 2)
            try await generator.run(plan)
            #expect(log.outcomes.count == plan.arrivals.count && log.late == plan.arrivals.count)
            #expect(log.outcomes.allSatisfy { !$0.isAnswered })
            #expect(log.outcomes.map(\.arrival).sorted() == plan.arrivals)
        }
    }

    @Test(.timeLimit(.minutes(1))) func requestsBeyondTheLimitInFlightCountAsLate() async throws {
        let queue = SlotQueue(slots: 1, bound: 100)
        var rng = SplitMix64(seed: 7)
        let plan = LoadPlan(rows: 1, using: &rng)
        try await withDispatcher(queue) { url, client in
            let log = WaitLog(sloWaitSeconds: 0.5)
            let clock = DayClock(now: Timestamp(secondsSinceEpoch: 0), headroom: 0)
            let generator = LoadGenerator(
                client: client, targets: [.init(url: url, log: log)], clock: clock,
                serviceSeconds: 0, givingUpAt: 8, inFlightLimit: 3)
            try await generator.run(plan)
            #expect(queue.arrivals == 3)
            #expect(log.late == plan.arrivals.count)
        }
    }
}

private func withDispatcher(
    _ queue: SlotQueue, _ body: @escaping @Sendable (_ url: String, HTTPClient) async throws -> Void
) async throws {
    try await withDemoClient { client in
        let port = Shared(0)
        let dispatcher = Dispatcher(queue: queue, client: client, logger: quiet)
        try await with(background: { try await dispatcher.run { port.set($0) } }) {
            try await body("http://127.0.0.1:\(try await port.wait())/work", client)
        }
    }
}

/// The status of the answer; nil where there was none.
private func status(_ url: String, _ client: HTTPClient) async -> Int? {
    guard let response = try? await client.execute(HTTPClientRequest(url: url), timeout: .seconds(20)),
        (try? await response.body.collect(upTo: 65_536)) != nil
    else { return nil }
    return Int(response.status.code)
}
