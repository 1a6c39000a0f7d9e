package import Ports
package import Units

/// Runs instances as local processes. `run()` owns every one of them, and stops them all when it is cancelled.
package actor ProcessActuator: Actuator {
    private struct Record {
        let workload: WorkloadID
        var state = Instance.State.starting
        var port: UInt16?
        var restarts = 0
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
    private var nextNumber = 1
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    /// The most instances one workload may ask for.
    private let limit = 1000

    package init(_ specs: [WorkloadID: ProcessSpec]) {
        self.specs = specs
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func observe(_ workload: WorkloadID) async throws(ActuatorError) -> InstanceReport {
        try check(workload)
        let own = records.filter { $0.value.workload == workload }.sorted { $0.key < $1.key }
        let instances = own.map { number, record in
            Instance(
                id: "\(workload)-\(number)", state: record.state,
                endpoint: record.port.map { "127.0.0.1:\($0)" }, restarts: record.restarts)
        }
        return InstanceReport(
            desired: desired[workload, default: 0], instances: instances,
            startupSeconds: startups[workload, default: []])
    }

    package func scale(_ workload: WorkloadID, to count: Int) async throws(ActuatorError) {
        try check(workload)
        guard (0...limit).contains(count) else {
            throw ActuatorError(
                .invalidRequest, isRetryable: false, "\(workload): \(count) instances asked for; use 0 to \(limit).")
        }
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
        await withTaskGroup(of: Void.self) { group in
            for await _ in wakes {
                for number in takeUnlaunched() { group.addTask { await self.own(number) } }
            }
            group.cancelAll()
        }
        records = [:]
    }

    private func check(_ workload: WorkloadID) throws(ActuatorError) {
        guard specs[workload] == nil else { return }
        throw ActuatorError(
            .unknownWorkload, isRetryable: false, "No process is configured for workload \(workload); add one.")
    }

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

    private func takeUnlaunched() -> [Int] {
        let numbers = records.filter { !$0.value.isLaunched }.keys.sorted()
        for number in numbers { records[number]?.isLaunched = true }
        return numbers
    }

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
        var delay = spec.backOff.lowerBound
        while !Task.isCancelled {
            if await runOnce(number, spec) { delay = spec.backOff.lowerBound }
            guard !Task.isCancelled else { return }
            set(number, .backingOff)
            records[number]?.port = nil
            guard (try? await Task.sleep(for: .seconds(delay))) != nil else { return }
            delay = min(delay * 2, spec.backOff.upperBound)
            records[number]?.restarts += 1
            set(number, .starting)
        }
    }

    /// True when the instance became ready before it ended.
    private func runOnce(_ number: Int, _ spec: ProcessSpec) async -> Bool {
        let taken = Set(records.values.compactMap(\.port))
        guard let port = spec.ports.first(where: { !taken.contains($0) && isFree(port: $0) }) else { return false }
        records[number]?.port = port
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { await runWorker(spec, port: port) }
            group.addTask { await self.warm(number, spec, port: port) }
            let isWarm = await group.next() ?? false
            if isWarm { _ = await group.next() }
            group.cancelAll()
            return isWarm
        }
    }

    private func warm(_ number: Int, _ spec: ProcessSpec, port: UInt16) async -> Bool {
        let began = ContinuousClock.now
        while await !isReady(spec, port: port) {
            guard ContinuousClock.now - began < .seconds(spec.readyDeadline) else { return false }
            guard (try? await Task.sleep(for: .milliseconds(100))) != nil else { return false }
        }
        for path in spec.warmUpPaths { _ = await answers(path, port: port) }
        guard let record = records[number], record.state == .starting, !Task.isCancelled else { return false }
        set(number, .ready)
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        startups[record.workload] = startups[record.workload, default: []].suffix(63) + [seconds]
        return true
    }

    private func set(_ number: Int, _ state: Instance.State) {
        if let old = records[number]?.state, old != .stopping { records[number]?.state = state }
    }
}
