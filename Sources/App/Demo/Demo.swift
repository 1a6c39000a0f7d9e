import AsyncHTTPClient
import ControlLoop
import Forecasting
package import Logging
package import Ports
package import Units

/// What a demo run stands on.
package struct DemoPorts: Sendable {
    package let store: any SampleStore
    package let decisionLog: any DecisionLog
    package let actuator: any Actuator
    /// Keeps the actuator's instances until cancelled, and returns once none is left.
    package let runActuator: @Sendable () async throws -> Void

    package init(
        store: any SampleStore, decisionLog: any DecisionLog, actuator: any Actuator,
        runActuator: @escaping @Sendable () async throws -> Void
    ) {
        (self.store, self.decisionLog, self.actuator, self.runActuator) = (store, decisionLog, actuator, runActuator)
    }
}

/// A compressed day against live workers, under reactive scaling and under prewarming at once.
///
/// Both fleets get the same requests at the same instants on the same machine, so that its noise hits both alike.
package struct Demo: Sendable {
    private let settings: DemoSettings
    private let ports: DemoPorts
    private let logger: Logger
    private let output: @Sendable (DemoMessage) -> Void

    package init(
        settings: DemoSettings, ports: DemoPorts, logger: Logger, output: @escaping @Sendable (DemoMessage) -> Void
    ) {
        (self.settings, self.ports, self.logger, self.output) = (settings, ports, logger, output)
    }

    /// Plays the demo from `now`, the wall-clock time of the call. Everything it started has ended when it returns, however
    /// it does.
    ///
    /// - Throws: `DemoError` where the machine does not let it be played; `CancellationError` where it was cancelled.
    package func run(now: Timestamp) async throws -> DemoResult {
        let clock = DayClock(now: now, headroom: settings.worker.startupSeconds + settings.headroomSeconds)
        let fleets = FleetPair(
            reactive: try Fleet(.reactive, settings: settings), prewarmed: try Fleet(.prewarmed, settings: settings))
        return try await withDemoClient { client in
            try await withThrowingTaskGroup(of: DemoResult?.self) { group in
                let urls = startServing(fleets, client, clock, in: &group)
                group.addTask { try await play(fleets, client, clock, urls: urls) }
                for try await finished in group {
                    if let finished {
                        group.cancelAll()
                        return finished
                    }
                    try Task.checkCancellation()
                    throw DemoError("the workers or a dispatcher ended before the day did; run it again with --verbose")
                }
                throw CancellationError()
            }
        }
    }

    /// Starts what runs in the background; gives where each fleet's dispatcher will be found.
    private func startServing(
        _ fleets: FleetPair, _ client: HTTPClient, _ clock: DayClock,
        in group: inout ThrowingTaskGroup<DemoResult?, any Error>
    ) -> [AsyncStream<Int>] {
        group.addTask {
            try await ports.runActuator()
            return nil
        }
        return fleets.both.map { fleet in
            let (listening, told) = AsyncStream<Int>.makeStream(bufferingPolicy: .bufferingNewest(1))
            group.addTask {
                defer { told.finish() }
                try await Dispatcher(queue: fleet.queue, client: client, logger: logger).run { told.yield($0) }
                return nil
            }
            group.addTask {
                try await fleet.watch(ports.actuator, clock: clock, logger: logger)
                return nil
            }
            return listening
        }
    }

    private func play(
        _ fleets: FleetPair, _ client: HTTPClient, _ clock: DayClock, urls: [AsyncStream<Int>]
    ) async throws -> DemoResult {
        for fleet in fleets.both { try await ports.actuator.scale(fleet.workload, to: settings.firstInstances) }
        var targets: [LoadGenerator.Target] = []
        for (fleet, listening) in zip(fleets.both, urls) {
            guard let port = await listening.first(where: { $0 > 0 }) else { throw DemoError("no dispatcher listens") }
            targets.append(.init(url: "http://127.0.0.1:\(port)/work", log: fleet.waits))
        }
        let load = DemoLoad(seed: settings.seed, rows: settings.dayRows, historyDays: settings.historyDays)
        let past = DemoPast(settings: settings, store: ports.store, output: output)
        try await past.ingest(load.history, for: fleets, before: clock.dayStart)
        let (forecaster, forecast) = try await past.learn(from: fleets.prewarmed.demand, before: clock.dayStart)
        try await waitForMorning(fleets, clock)

        let scaling = FleetScaling(settings: settings, actuator: ports.actuator, forecaster: forecaster)
        let generator = LoadGenerator(
            client: client, targets: targets, clock: clock, serviceSeconds: settings.worker.serviceSeconds,
            givingUpAt: Double(settings.dayRows) + settings.drainSeconds)
        let day = LiveDay(
            settings: settings, ports: ports, fleets: fleets, clock: clock, logger: logger, output: output)
        output(
            .line("3/4 the day, live: \(settings.dayRows) seconds, \(load.day.arrivals.count) requests to each fleet"))
        let demand = try await day.play(load.day, generator, scaling)
        return DemoResult(
            settings: settings, reactive: result(fleets.reactive, demand[0]),
            prewarmed: result(fleets.prewarmed, demand[1]), forecast: forecast)
    }

    private func waitForMorning(_ fleets: FleetPair, _ clock: DayClock) async throws {
        guard clock.elapsed < 0 else {
            throw DemoError("the machine is too busy: the day began before the history was learnt; run it again")
        }
        try await clock.sleep(until: 0)
        for fleet in fleets.both where fleet.capacity.readyNow == 0 {
            let instances = try await ports.actuator.observe(fleet.workload).instances
            let reason = instances.compactMap(\.lastFailure).first.map { ": \($0)" } ?? "; is the machine very busy?"
            throw DemoError("no \(fleet.workload) worker became ready in time\(reason)")
        }
    }

    private func result(_ fleet: Fleet, _ demand: [Double]) -> FleetResult {
        let capacity = fleet.capacity
        let isReactive = fleet.kind == .reactive
        return FleetResult(
            name: fleet.kind.rawValue,
            policy: isReactive ? "hpa:\(settings.reactiveTarget)" : "predictive:\(settings.aggressiveness)",
            outcomes: fleet.waits.outcomes, sloWaitSeconds: settings.sloWaitSeconds,
            instanceSeconds: capacity.instanceSeconds, starts: capacity.starts, demand: demand,
            capacity: capacity.readyPerRow.map { $0 * settings.worker.ratePerSecond })
    }
}

/// Both fleets, in the order of the figures.
struct FleetPair: Sendable {
    let reactive: Fleet, prewarmed: Fleet
    var both: [Fleet] { [reactive, prewarmed] }
}
