import Hummingbird
import ServiceLifecycle

/// A server that takes its time to become useful, as model servers do: `/healthz`, and `/work` that takes a while.
///
/// Nothing burns processor time: a machine with two cores can play a fleet.
package struct DemoWorker: Service {
    private let port: Int
    private let settings: WorkerSettings
    private let load: @Sendable () async throws -> Void
    private let onListening: @Sendable (Int) -> Void

    /// `load` is what comes before it listens, by default a sleep as long as the start-up; `onListening` is told the port.
    package init(
        port: Int, settings: WorkerSettings, load: (@Sendable () async throws -> Void)? = nil,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        (self.port, self.settings, self.onListening) = (port, settings, onListening)
        self.load = load ?? { try await ContinuousClock().sleep(for: .seconds(settings.startupSeconds)) }
    }

    /// Loads, then serves until cancelled or shut down gracefully, when requests in work are finished.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await load() }
        } catch is CancellationError {
            return
        }
        // Callers that respect the slots never wait here; others do, a bounded number of them.
        let slots = SlotQueue(slots: settings.concurrency, bound: 100)
        slots.update(endpoints: ["self"])
        let time = Duration.milliseconds(settings.serviceMilliseconds)
        let routes: [String: LoopbackServer.Handler] = [
            "/healthz": { _ in .json(#"{"ready":true}"#) },
            "/work": { _ in try await Self.work(slots, for: time) },
        ]
        try await LoopbackServer(port: port, routes: routes, onListening: onListening).run()
    }

    private static func work(_ slots: SlotQueue, for time: Duration) async throws -> Response {
        let slot: String
        do {
            slot = try await slots.acquire()
        } catch is SlotQueue.Full {
            return .json(#"{"error":"too many requests wait here"}"#, status: .serviceUnavailable)
        }
        defer { slots.release(slot) }
        try await ContinuousClock().sleep(for: time)
        return .json(#"{"done":true}"#)
    }
}
