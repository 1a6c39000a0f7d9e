import Forecasting
package import Logging
import Planning
package import Ports
import Series
package import Units

/// The state of one workload between ticks.
package struct WorkloadController: Sendable {
    private let workload: Workload
    private let store: any SampleStore
    private let log: any DecisionLog
    private let logger: Logger
    private let metrics: LoopMetrics
    private var demand: DemandWindow
    private var forecaster: RollingForecaster?
    private var policy: (any ScalingPolicy)?
    /// What a workload that is only watched would have by now.
    private var shadowDesired: Int?
    private var refits: WorkloadRefits?
    private var floors: FloorCalendar
    /// Seconds beyond the lead time that floors are looked up for: no tick is longer.
    private static let longestTick = 3_600

    /// With a `desk`, models are learnt elsewhere; without one, within the tick that needs them.
    package init(
        workload: Workload, store: any SampleStore, log: any DecisionLog, desk: RefitDesk? = nil, logger: Logger
    ) {
        (self.workload, self.store, self.log) = (workload, store, log)
        var logger = logger
        logger[metadataKey: "workload"] = "\(workload.id)"
        self.logger = logger
        metrics = LoopMetrics(workload.id)
        demand = DemandWindow(
            key: workload.demand, kind: workload.kind, grid: workload.forecastGrid, limit: workload.historyRows)
        forecaster = workload.forecaster
        floors = FloorCalendar(workload.service(0).limits.schedules)
        refits = desk.map { WorkloadRefits(workload, desk: $0, logger: self.logger) }
    }

    /// One round. Never throws: what fails is logged, recorded where possible, and changes nothing.
    package mutating func tick(at now: Timestamp) async {
        do {
            let known = try await demand.refresh(
                from: store, now: now.advanced(bySeconds: -workload.delaySeconds))
            let report = try await observe()
            let record = await decideAndAct(at: now, demand: known, report: report)
            try await log.record(record)
        } catch {
            metrics.failed()
            logger.warning("tick failed, capacity stays", metadata: ["error": "\(error)"])
        }
    }

    private func observe() async throws -> InstanceReport {
        let actual = try await workload.actuator?.observe(workload.id)
        guard !workload.isCarriedOut else {
            return actual ?? InstanceReport(desired: 0, instances: [], startupSeconds: [])
        }
        return InstanceReport(
            desired: shadowDesired ?? workload.service(0).minInstances, instances: actual?.instances ?? [],
            startupSeconds: actual?.startupSeconds ?? [])
    }

    private mutating func decideAndAct(
        at now: Timestamp, demand known: DemandWindow.Known, report: InstanceReport
    ) async -> DecisionRecord {
        let measured = LeadTime(measured: report.startupSeconds, assumed: workload.assumedLeadSeconds)
        let lead = Double(measured.seconds)
        let forecast = await forecast(after: known.windows)
        let demand = known.rows
        let observation = Observation(
            now: now, desired: report.desired, ready: report.count(.ready), starting: report.count(.starting),
            demand: demand, forecast: forecast, lead: measured,
            floors: floors.floors(at: now, ahead: measured.seconds + Self.longestTick))
        let decision = decide(observation)
        let outcome = await act(decision, report)
        let last = demand.count > 0 ? demand[demand.count - 1] : .nan
        let rate = workload.service(0).rate(ofRow: last, step: demand.step)?.perSecond
        metrics.decided(
            decision, ready: observation.ready, starting: observation.starting, rate: rate,
            forecastRate: forecast.flatMap { median($0, at: now, in: lead) }, lead: lead)
        return DecisionRecord(
            workload: workload.id, at: now, policy: policy?.name ?? "none", ready: observation.ready,
            starting: observation.starting, desiredBefore: report.desired, observedRate: rate,
            demandAgeSeconds: demand.newestKnownEnd.map { now.seconds(since: $0) }, model: forecaster?.model?.name,
            leadSeconds: lead, decision: decision, outcome: outcome)
    }

    /// The median of what is expected when an instance started now would serve, per second.
    private func median(_ forecast: QuantileForecast, at now: Timestamp, in lead: Double) -> Double? {
        guard forecast.horizon > 0 else { return nil }
        let row = forecast.grid.row(holding: now.advanced(bySeconds: Int(lead)))
        let value = forecast.value(row: min(max(row, 0), forecast.horizon - 1), level: 0.5)
        return workload.service(0).rate(ofRow: value, step: forecast.step)?.perSecond
    }

    /// The policy is made once and keeps its memory; how long starts take is told to it at every tick.
    private mutating func decide(_ observation: Observation) -> Decision {
        var current = policy ?? workload.makePolicy(observation.lead?.seconds ?? 0)
        let decision = current.decide(observation)
        policy = current
        return decision
    }

    private mutating func forecast(after demand: KnownDemand) async -> QuantileForecast? {
        guard var current = forecaster, demand.count > 0 else { return nil }
        if var refits {
            await refits.follow(&current, demand)
            self.refits = refits
        } else if current.needsRefit(demand) {
            current = await refitted(current, demand)
            if let failure = current.failure {
                logger.info("no new model yet", metadata: ["reason": "\(failure)"])
            }
        }
        if current.needsUpdate(demand) { follow(&current, demand) }
        forecaster = current
        return current.model?.forecast(after: demand)
    }

    /// Lets the model follow what has matured, and tells which of the models within now count and which no longer do.
    private func follow(_ forecaster: inout RollingForecaster, _ demand: KnownDemand) {
        let before = forecaster.model?.standings ?? []
        forecaster.update(demand)
        for change in MemberStanding.changes(from: before, to: forecaster.model?.standings ?? []) {
            logger.notice(
                change.weight > 0 ? "a model counts again" : "a model no longer counts",
                metadata: ["model": "\(change.name)", "reason": "\(change.reason ?? "it forecasts well again")"])
        }
    }

    private mutating func act(_ decision: Decision, _ report: InstanceReport) async -> DecisionRecord.Outcome {
        guard let actuator = workload.actuator, workload.isCarriedOut else {
            shadowDesired = decision.desired
            return .shadow
        }
        guard decision.desired != report.desired else { return .none }
        do throws(ActuatorError) {
            try await actuator.scale(workload.id, to: decision.desired)
            logger.info(
                "scaled",
                metadata: [
                    "from": "\(report.desired)", "to": "\(decision.desired)", "reason": "\(decision.binding.rawValue)",
                ])
            return .acted
        } catch {
            metrics.actuatorFailed()
            logger.warning("the actuator refused, capacity stays", metadata: ["error": "\(error)"])
            return .failed(error.description)
        }
    }
}

extension KnownDemand {
    /// Where the newest row that is not missing ends; nil where all are.
    fileprivate var newestKnownEnd: Timestamp? {
        suffix().lastIndex { $0.isFinite }.map { start.advanced(bySeconds: ($0 + 1) * step) }
    }
}

/// Learns off the caller's executor, so that a fit does not hold up the loop of another workload.
@concurrent
private func refitted(_ forecaster: RollingForecaster, _ demand: KnownDemand) async -> RollingForecaster {
    var next = forecaster
    next.refit(demand)
    return next
}
