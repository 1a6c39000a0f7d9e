import ControlLoop
import Forecasting
package import Logging
import Planning
package import Ports
package import Series
import Synchronization
package import Units

/// One of the two fleets: the queue before it, and what is measured of it.
package final class Fleet: Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable { case reactive, prewarmed }

    package let kind: Kind
    package let workload: WorkloadID
    package let demand: SeriesKey
    package let queue: SlotQueue
    package let waits: WaitLog
    private let account: Mutex<CapacityAccount>

    package init(_ kind: Kind, settings: DemoSettings) throws {
        guard let workload = WorkloadID(kind.rawValue) else { throw DemoError("\(kind) cannot name a workload") }
        (self.kind, self.workload) = (kind, workload)
        demand = try SeriesKey(metric: "demo_requests", labels: [.init(name: "fleet", value: kind.rawValue)])
        queue = SlotQueue(slots: settings.worker.concurrency, bound: 5_000)
        waits = WaitLog(sloWaitSeconds: settings.sloWaitSeconds)
        account = Mutex(CapacityAccount(rows: settings.dayRows))
    }

    package var capacity: CapacityAccount { account.withLock { $0 } }

    /// Tells the queue which instances are ready and keeps the account, many times a second, until cancelled.
    package func watch(_ actuator: any Actuator, clock: DayClock, logger: Logger) async throws {
        while true {
            do throws(ActuatorError) {
                let report = try await actuator.observe(workload)
                queue.update(endpoints: report.instances.filter { $0.state == .ready }.compactMap(\.endpoint))
                account.withLock { $0.note(report, at: clock.elapsed) }
            } catch {
                logger.warning("fleet not observed", metadata: ["fleet": "\(workload)", "error": "\(error)"])
            }
            try await ContinuousClock().sleep(for: .milliseconds(75))
        }
    }
}

/// How the fleets are scaled: the only thing in which they differ.
struct FleetScaling: Sendable {
    let settings: DemoSettings
    let actuator: any Actuator
    /// Trained before the day, for the prewarmed fleet alone.
    let forecaster: RollingForecaster

    func workload(_ fleet: Fleet) throws -> Workload {
        guard let rate = DemandRate(perSecond: settings.worker.ratePerSecond), rate.perSecond > 0 else {
            throw DemoError("a worker that serves nothing cannot be scaled")
        }
        let settings = settings
        let service = { @Sendable (lead: Int) in
            ServiceModel(
                perInstance: rate, startupSeconds: lead, sloWaitSeconds: settings.sloWaitSeconds,
                minInstances: settings.instances.lowerBound, maxInstances: settings.instances.upperBound, kind: .count)
        }
        let isReactive = fleet.kind == .reactive
        return Workload(
            id: fleet.workload, demand: fleet.demand, kind: .count, step: 1, forecastGrid: ForecastGrid(rowsOf: 1),
            historyRows: historyRows, actuator: actuator, assumedLeadSeconds: settings.assumedLeadSeconds,
            makePolicy: { policy(isReactive: isReactive, service: service($0)) },
            forecaster: isReactive ? nil : forecaster, service: service)
    }

    /// Enough for the ridge's longest feature and the days it averages.
    private var historyRows: Int { 160 + 10 * settings.dayRows }

    private func policy(isReactive: Bool, service: ServiceModel) -> any ScalingPolicy {
        if isReactive {
            return HorizontalPodAutoscaler(
                name: "hpa:\(settings.reactiveTarget)", service: service, target: settings.reactiveTarget,
                metricWindowSeconds: settings.reactiveMetricWindowSeconds,
                stabilisationSeconds: settings.reactiveStabilisationSeconds)
        }
        return PredictivePlanner(
            name: "predictive:\(settings.aggressiveness)", service: service, tick: 1,
            aggressiveness: settings.aggressiveness, metricWindowSeconds: 1)
    }
}
