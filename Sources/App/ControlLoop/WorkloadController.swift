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
    private var forecaster: RollingForecaster?
    private var policy: (any ScalingPolicy)?
    private var plannedLead = 0
    /// What a workload without an actuator would have by now.
    private var shadowDesired: Int?

    package init(workload: Workload, store: any SampleStore, log: any DecisionLog, logger: Logger) {
        (self.workload, self.store, self.log, self.logger) = (workload, store, log, logger)
        forecaster = workload.forecaster
    }

    /// One round. Never throws: what fails is logged, recorded where possible, and changes nothing.
    package mutating func tick(at now: Timestamp) async {
        do {
            guard let demand = try await knownDemand(at: now) else {
                logger.debug("no demand row has ended yet", metadata: ["workload": "\(workload.id)"])
                return
            }
            let report = try await observe()
            let record = await decideAndAct(at: now, demand: demand, report: report)
            try await log.record(record)
        } catch {
            logger.warning(
                "tick failed, capacity stays", metadata: ["workload": "\(workload.id)", "error": "\(error)"])
        }
    }

    private func knownDemand(at now: Timestamp) async throws -> KnownDemand? {
        let from = now.advanced(bySeconds: -workload.historyRows * workload.step)
        let samples = try await store.samples(of: workload.demand, in: from..<now)
        return RegularSeries(resampling: samples, kind: workload.kind, step: workload.step, endingBy: now)
            .map { KnownDemand($0) }
    }

    private func observe() async throws -> InstanceReport {
        guard let actuator = workload.actuator else {
            let service = workload.service(0)
            return InstanceReport(
                desired: shadowDesired ?? service.minInstances, instances: [], startupSeconds: [])
        }
        return try await actuator.observe(workload.id)
    }

    private mutating func decideAndAct(
        at now: Timestamp, demand: KnownDemand, report: InstanceReport
    ) async -> DecisionRecord {
        let lead = leadSeconds(measured: report.startupSeconds, assumed: workload.assumedLeadSeconds)
        let forecast = await forecast(after: demand)
        let observation = Observation(
            now: now, desired: report.desired, ready: report.count(.ready), starting: report.count(.starting),
            demand: demand, forecast: forecast)
        let decision = decide(observation, lead: lead)
        let outcome = await act(decision, report)
        let last = demand.count > 0 ? demand[demand.count - 1] : .nan
        return DecisionRecord(
            workload: workload.id, at: now, policy: policy?.name ?? "none", ready: observation.ready,
            starting: observation.starting, desiredBefore: report.desired,
            observedRate: workload.service(0).rate(ofRow: last, step: demand.step)?.perSecond,
            demandAgeSeconds: now.seconds(since: demand.end), model: forecaster?.model?.name, leadSeconds: lead,
            decision: decision, outcome: outcome)
    }

    /// The policy is made anew only when the lead time has moved by a whole second, so that it keeps its memory.
    private mutating func decide(_ observation: Observation, lead: Double) -> Decision {
        let seconds = Int(lead.rounded(.up))
        var current = policy ?? workload.makePolicy(seconds)
        if policy != nil, seconds != plannedLead { current = workload.makePolicy(seconds) }
        plannedLead = seconds
        let decision = current.decide(observation)
        policy = current
        return decision
    }

    private mutating func forecast(after demand: KnownDemand) async -> QuantileForecast? {
        guard var current = forecaster else { return nil }
        if current.needsRefit(demand) { current = await refitted(current, demand) }
        forecaster = current
        return current.model?.forecast(after: demand)
    }

    private mutating func act(_ decision: Decision, _ report: InstanceReport) async -> DecisionRecord.Outcome {
        guard let actuator = workload.actuator else {
            shadowDesired = decision.desired
            return .shadow
        }
        guard decision.desired != report.desired else { return .none }
        do throws(ActuatorError) {
            try await actuator.scale(workload.id, to: decision.desired)
            return .acted
        } catch {
            return .failed(error.description)
        }
    }
}

/// Learns off the caller's executor, so that a fit does not hold up the loop of another workload.
@concurrent
private func refitted(_ forecaster: RollingForecaster, _ demand: KnownDemand) async -> RollingForecaster {
    var next = forecaster
    next.refit(demand)
    return next
}
