import Forecasting
package import Logging
import Planning
package import Ports
import Series
import ServiceLifecycle
package import Units

/// Observe, forecast, plan, act, record: for every workload, at every tick, until cancelled.
///
/// Ticks stand on absolute deadlines, so that a slow one does not shift those after it. Workloads run beside each other:
/// one that is slow or failing never delays another.
package struct ControlLoop<C: Clock> where C.Duration == Duration {
    private let workloads: [Workload]
    private let store: any SampleStore
    private let log: any DecisionLog
    private let tick: Duration
    private let clock: C
    /// The wall-clock time, injected so that a compressed day or a replay can play its own.
    private let now: @Sendable () -> Timestamp
    private let desk: RefitDesk?
    private let logger: Logger

    /// With a `desk`, a `RefitWorker` learns the models; without one, a tick that needs one learns it.
    package init(
        workloads: [Workload], store: any SampleStore, log: any DecisionLog, tick: Duration, clock: C,
        now: @escaping @Sendable () -> Timestamp, desk: RefitDesk? = nil, logger: Logger
    ) {
        (self.workloads, self.store, self.log) = (workloads, store, log)
        (self.tick, self.clock, self.now, self.desk, self.logger) = (tick, clock, now, desk, logger)
    }

    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for workload in workloads {
                group.addTask { await cancelWhenGracefulShutdown { await self.run(workload) } }
            }
        }
    }

    private func run(_ workload: Workload) async {
        var controller = WorkloadController(workload: workload, store: store, log: log, desk: desk, logger: logger)
        var deadline = clock.now
        while !Task.isCancelled {
            await controller.tick(at: now())
            deadline = deadline.advanced(by: tick)
            // Ticks that a slow one has swallowed are not made up for: only the newest state matters.
            while deadline < clock.now { deadline = deadline.advanced(by: tick) }
            do { try await clock.sleep(until: deadline, tolerance: nil) } catch { return }
        }
    }
}
