import ControlLoop
import Logging
import Ports
import Series
import Units

/// The day itself: requests, the demand they make, and the two control loops that see it, all at once.
struct LiveDay: Sendable {
    let settings: DemoSettings
    let ports: DemoPorts
    let fleets: FleetPair
    let clock: DayClock
    let logger: Logger
    let output: @Sendable (DemoMessage) -> Void

    /// Loops tick this long after a row has ended, when its count is in the store.
    private static let tickOffset = 0.2

    /// Plays the plan, and gives the requests that came in a row, a fleet each. Returns when every request has its outcome.
    func play(_ plan: LoadPlan, _ generator: LoadGenerator, _ scaling: FleetScaling) async throws -> [[Double]] {
        let workloads = try fleets.both.map { try scaling.workload($0) }
        return try await withThrowingTaskGroup(of: [[Double]]?.self) { group in
            group.addTask {
                try await generator.run(plan)
                return nil
            }
            group.addTask { try await recordDemand() }
            group.addTask {
                try await scale(workloads)
                return nil
            }
            group.addTask {
                try await tellStatus()
                return nil
            }
            var demand: [[Double]] = []
            for try await part in group { demand = part ?? demand }
            return demand
        }
    }

    /// Puts what arrived in each row into the store as soon as the row has ended, as a scraper would.
    private func recordDemand() async throws -> [[Double]] {
        var before = fleets.both.map { _ in 0 }
        var demand: [[Double]] = fleets.both.map { _ in [] }
        for row in 0..<settings.dayRows {
            try await clock.sleep(until: Double(row + 1))
            var batch = SampleBatch()
            for (index, fleet) in fleets.both.enumerated() {
                let total = fleet.queue.arrivals
                demand[index].append(Double(total - before[index]))
                batch.append(fleet.demand, clock.dayStart.advanced(bySeconds: row), Double(total - before[index]))
                before[index] = total
            }
            _ = try await ports.store.append(batch)
        }
        return demand
    }

    /// Runs both control loops until the day is over.
    private func scale(_ workloads: [Workload]) async throws {
        let loop = ControlLoop(
            workloads: workloads, store: ports.store, log: ports.decisionLog, tick: .seconds(1),
            clock: ContinuousClock(), now: { clock.now }, logger: logger)
        try await clock.sleep(until: Self.tickOffset)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loop.run() }
            group.addTask { try await clock.sleep(until: Double(settings.dayRows)) }
            try await group.next()
            group.cancelAll()
        }
    }

    private func tellStatus() async throws {
        var before = 0
        for row in 0..<settings.dayRows {
            try await clock.sleep(until: Double(row) + 0.99)
            let total = fleets.prewarmed.queue.arrivals
            output(.status(status(row: row, demand: total - before), isLast: row + 1 == settings.dayRows))
            before = total
        }
    }

    private func status(row: Int, demand: Int) -> String {
        let minutes = row * 1_440 / settings.dayRows
        let time = "\(minutes / 60 < 10 ? "0" : "")\(minutes / 60):\(minutes % 60 < 10 ? "0" : "")\(minutes % 60)"
        let (a, b) = (fleets.reactive, fleets.prewarmed)
        return """
            \(time)  \(demand) requests/s | ready: reactive \(a.capacity.readyNow), prewarmed \(b.capacity.readyNow) \
            | late so far: \(a.waits.late), \(b.waits.late)
            """
    }
}
