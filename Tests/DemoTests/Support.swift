import Demo
import Logging
import Ports
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import Units

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Runs `body` beside a server, which is shut down in order afterwards: cancelled, a server whose connection is accepted in
/// that very moment would end the process.
func with<Result: Sendable>(
    background: @escaping @Sendable () async throws -> Void, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let services = serviceGroup(running: background)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await services.run() }
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        await services.triggerGracefulShutdown()
        _ = await group.nextResult()
        return try outcome.get()
    }
}

/// A group of one service, that gives its handlers some seconds to end.
func serviceGroup(running run: @escaping @Sendable () async throws -> Void) -> ServiceGroup {
    struct Running: Service {
        let body: @Sendable () async throws -> Void
        func run() async throws { try await body() }
    }
    let service = ServiceGroupConfiguration.ServiceConfiguration(
        service: Running(body: run), successTerminationBehavior: .gracefullyShutdownGroup,
        failureTerminationBehavior: .gracefullyShutdownGroup)
    var configuration = ServiceGroupConfiguration(services: [service], logger: quiet)
    configuration.maximumGracefulShutdownDuration = .seconds(5)
    return ServiceGroup(configuration: configuration)
}

/// A value that several tasks share.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value { state.withLock { $0 } }
    func set(_ value: Value) { state.withLock { $0 = value } }

    func update<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
        state.withLock { body(&$0) }
    }
}

extension Shared<Int> {
    /// The port a server tells of.
    func wait() async throws -> Int {
        guard await eventually({ value > 0 }) else { throw DemoError("no server listens") }
        return value
    }
}

/// An actuator whose instances are demo workers in this process.
final class InProcessActuator: Actuator {
    private struct Entry {
        let workload: WorkloadID
        var state = Instance.State.starting
        var port: Int?
        let stop: AsyncStream<Void>
        let stopper: AsyncStream<Void>.Continuation
    }
    private struct State {
        var desired: [WorkloadID: Int] = [:]
        var entries: [Int: Entry] = [:]
        var started = 0
    }
    let name = "in-process"
    private let settings: WorkerSettings
    private let state = Mutex(State())
    private let starts: AsyncStream<Int>
    private let starter: AsyncStream<Int>.Continuation

    init(settings: WorkerSettings) {
        self.settings = settings
        (starts, starter) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1_000))
    }

    var running: Int { state.withLock { $0.entries.count } }

    func observe(_ workload: WorkloadID) async throws(ActuatorError) -> InstanceReport {
        state.withLock { state in
            let own = state.entries.filter { $0.value.workload == workload }.sorted { $0.key < $1.key }
            return InstanceReport(
                desired: state.desired[workload, default: 0],
                instances: own.map { number, entry in
                    let endpoint = entry.port.map { "127.0.0.1:\($0)" }
                    return Instance(id: "\(workload)-\(number)", state: entry.state, endpoint: endpoint, restarts: 0)
                }, startupSeconds: own.isEmpty ? [] : [settings.startupSeconds])
        }
    }

    func scale(_ workload: WorkloadID, to desired: Int) async throws(ActuatorError) {
        state.withLock { state in
            state.desired[workload] = desired
            let live = state.entries.filter { $0.value.workload == workload && $0.value.state != .stopping }.keys
            for _ in 0..<max(0, desired - live.count) { start(workload, &state) }
            for number in live.sorted(by: >).prefix(max(0, live.count - desired)) {
                state.entries[number]?.state = .stopping
                state.entries[number]?.stopper.finish()
            }
        }
    }

    /// Keeps the workers until cancelled.
    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for await number in starts { group.addTask { await self.own(number) } }
            group.cancelAll()
        }
    }

    private func start(_ workload: WorkloadID, _ state: inout State) {
        let (stop, stopper) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.started += 1
        state.entries[state.started] = Entry(workload: workload, stop: stop, stopper: stopper)
        starter.yield(state.started)
    }

    private func own(_ number: Int) async {
        guard let stop = state.withLock({ $0.entries[number]?.stop }) else { return }
        await withTaskGroup(of: Void.self) { group in
            let services = serviceGroup {
                let worker = DemoWorker(
                    port: 0, settings: self.settings, onListening: { self.ready(number, at: $0) })
                try await worker.run()
            }
            group.addTask { try? await services.run() }
            group.addTask {
                for await _ in stop {}
                await services.triggerGracefulShutdown()
            }
            await group.next()
            state.withLock { $0.entries[number]?.stopper.finish() }
        }
        state.withLock { $0.entries[number] = nil }
    }

    private func ready(_ number: Int, at port: Int) {
        state.withLock { state in
            guard state.entries[number]?.state == .starting else { return }
            state.entries[number]?.port = port
            state.entries[number]?.state = .ready
        }
    }
}
