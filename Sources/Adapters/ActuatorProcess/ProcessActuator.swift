package import Ports
package import Units

/// Runs instances as local processes. `run()` owns every one of them, and stops them all when it is cancelled.
package actor ProcessActuator: Actuator {
    private struct Record {
        let workload: WorkloadID
        var state = Instance.State.starting
        var port: UInt16?
        var restarts = 0
        var lastFailure: String?
        /// When the start under way was decided, by a scale or at a restart.
        var decided = ContinuousClock.now
        /// Whether the start under way has come to ready.
        var wasReady = false
        var isLaunched = false
        let stop: AsyncStream<Void>
        let stopper: AsyncStream<Void>.Continuation
    }
    package nonisolated let name = "process"
    private let specs: [WorkloadID: ProcessSpec]
    private var desired: [WorkloadID: Int] = [:]
    /// By start number, so a higher key is a younger instance.
    private var records: [Int: Record] = [:]
    private var startups: [WorkloadID: [Double]] = [:]
    private var ports = PortPool()
    private var nextNumber = 1
    private var isStopped = false
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    /// The most instances one workload may ask for.
    private let limit = 1000

    package init(_ specs: [WorkloadID: ProcessSpec]) {
        self.specs = specs
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func observe(_ workload: WorkloadID) async throws(ActuatorError) -> InstanceReport {
        _ = try spec(workload)
        let own = records.filter { $0.value.workload == workload }.sorted { $0.key < $1.key }
        let instances = own.map { number, record in
            Instance(
                id: "\(workload)-\(number)", state: record.state, endpoint: record.port.map { "127.0.0.1:\($0)" },
                restarts: record.restarts, lastFailure: record.lastFailure)
        }
        return InstanceReport(
            desired: desired[workload, default: 0], instances: instances,
            startupSeconds: startups[workload, default: []])
    }

    package func scale(_ workload: WorkloadID, to count: Int) async throws(ActuatorError) {
        try checkRequest(workload, count)
        desired[workload] = count
        let live = records.filter { $0.value.workload == workload && $0.value.state != .stopping }
        for _ in 0..<max(0, count - live.count) { add(workload) }
        let order = live.sorted { a, b in
            let (aReady, bReady) = (a.value.state == .ready, b.value.state == .ready)
            return aReady == bReady ? a.key > b.key : bReady
        }
        for (number, _) in order.prefix(max(0, live.count - count)) { stop(number) }
        waker.yield()
    }

    /// Starts and keeps instances until cancelled; returns once every process has ended. Call once.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            for await _ in wakes {
                for number in takeUnlaunched() { group.addTask { await self.own(number) } }
            }
            stopEverything()
            group.cancelAll()
        }
        records = [:]
    }

    private func spec(_ workload: WorkloadID) throws(ActuatorError) -> ProcessSpec {
        if let spec = specs[workload] { return spec }
        throw ActuatorError(
            .unknownWorkload, isRetryable: false, "No process is configured for workload \(workload); add one.")
    }

    private func checkRequest(_ workload: WorkloadID, _ count: Int) throws(ActuatorError) {
        let spec = try spec(workload)
        guard (0...limit).contains(count) else {
            throw ActuatorError(
                .invalidRequest, isRetryable: false, "\(workload): \(count) instances asked for; use 0 to \(limit).")
        }
        guard !spec.guardCommand.isEmpty, !spec.argv.isEmpty else {
            let missing = spec.argv.isEmpty ? "command" : "guard command"
            throw ActuatorError(.invalidRequest, isRetryable: false, "\(workload): its \(missing) is empty; set it.")
        }
        guard !isStopped else {
            throw ActuatorError(
                .cancelled, isRetryable: false, "\(workload): the process actuator has been stopped; start it anew.")
        }
    }
}

// MARK: One instance

extension ProcessActuator {
    private func add(_ workload: WorkloadID) {
        let (stop, stopper) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        records[nextNumber] = Record(workload: workload, stop: stop, stopper: stopper)
        nextNumber += 1
    }

    private func stop(_ number: Int) {
        guard let record = records[number] else { return }
        record.stopper.finish()
        if record.isLaunched { records[number]?.state = .stopping } else { records[number] = nil }
    }

    private func stopEverything() {
        isStopped = true
        desired = [:]
        for number in records.keys { stop(number) }
    }

    private func takeUnlaunched() -> [Int] {
        let numbers = records.filter { !$0.value.isLaunched }.keys.sorted()
        for number in numbers { records[number]?.isLaunched = true }
        return numbers
    }

    /// Keeps one instance running until it is told to stop.
    private func own(_ number: Int) async {
        guard let record = records[number], let spec = specs[record.workload] else { return }
        let stop = record.stop
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepRunning(number, spec) }
            group.addTask { for await _ in stop {} }
            await group.next()
            group.cancelAll()
        }
        records[number] = nil
    }

    private func keepRunning(_ number: Int, _ spec: ProcessSpec) async {
        var backOff = BackOff(spec.backOff)
        while !Task.isCancelled {
            await runOnce(number, spec)
            if records[number]?.wasReady == true { backOff.reset() }
            guard (try? await Task.sleep(for: .seconds(backOff.next()))) != nil else { return }
            beginRestart(number)
        }
    }

    private func beginRestart(_ number: Int) {
        guard records[number]?.state == .backingOff else { return }
        records[number]?.state = .starting
        records[number]?.restarts += 1
        records[number]?.decided = .now
        records[number]?.wasReady = false
    }

    /// From a port to the end of every process of this start; leaves the instance backing off, with the reason.
    private func runOnce(_ number: Int, _ spec: ProcessSpec) async {
        guard let port = ports.take(from: spec.ports) else {
            let (low, high) = (spec.ports.lowerBound, spec.ports.upperBound)
            return fail(number, "no port from \(low) to \(high) is free; widen the range or free one")
        }
        records[number]?.port = port
        let reason = await runInstance(
            spec, port: port, start: { await self.start(number, spec, port: port) },
            ended: { await self.backOff(number) })
        ports.release(port)
        fail(number, reason)
    }

    /// Why the instance is to be stopped, when it has not become ready and warm in time.
    private func start(_ number: Int, _ spec: ProcessSpec, port: UInt16) async -> String? {
        guard let decided = records[number]?.decided else { return nil }
        let check = StartCheck(spec: spec, port: port, deadline: decided + .seconds(spec.readyDeadline))
        let problem = await check.problem { self.isStarting(number) }
        guard isStarting(number), !Task.isCancelled else { return nil }
        if problem == nil { setReady(number, after: ContinuousClock.now - decided) }
        return problem
    }

    private func isStarting(_ number: Int) -> Bool { records[number]?.state == .starting }

    private func setReady(_ number: Int, after duration: Duration) {
        guard let workload = records[number]?.workload else { return }
        records[number]?.state = .ready
        records[number]?.wasReady = true
        startups[workload] = startups[workload, default: []].suffix(63) + [duration / .seconds(1)]
    }

    /// From the moment that the worker has ended: it serves no longer, whatever it started may still be ending.
    private func backOff(_ number: Int) {
        if let state = records[number]?.state, state != .stopping { records[number]?.state = .backingOff }
    }

    private func fail(_ number: Int, _ reason: String) {
        records[number]?.port = nil
        records[number]?.lastFailure = reason
        backOff(number)
    }
}
