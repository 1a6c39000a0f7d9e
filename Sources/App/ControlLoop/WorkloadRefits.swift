import CoreMetrics
import Forecasting
import Logging
import Ports
import Series
import Units

/// When one workload asks for a new model: before the first, on the cadence, and when what is served has drifted.
struct WorkloadRefits: Sendable {
    private let workload: Workload
    private let desk: RefitDesk
    private let logger: Logger
    private let drift: Recorder
    private let rule = DriftRule()
    private var learntBefore: Timestamp?
    private var heldOut: Double?
    /// An operator went back to what is served: nothing is asked for until that is released.
    private var isHeld: Bool
    /// When drift is looked for again: once a horizon, as fewer outcomes would hardly be others.
    private var nextLook: Timestamp?

    init(_ workload: Workload, desk: RefitDesk, logger: Logger) {
        (self.workload, self.desk, self.logger) = (workload, desk, logger)
        (learntBefore, heldOut) = (workload.begins?.learntBefore, workload.begins?.heldOut)
        isHeld = workload.begins?.isHeld ?? false
        drift = Recorder(
            label: "prewarm_drift_ratio", dimensions: [("workload", workload.id.name)], aggregate: false)
    }

    /// Takes over a model that is ready, or asks for one where that is due. Waits for no fit.
    mutating func follow(_ forecaster: inout RollingForecaster, _ demand: KnownDemand) async {
        if let answer = await desk.take(workload.id) {
            forecaster = answer.forecaster
            if answer.forecaster.failure == nil {
                (learntBefore, heldOut, isHeld) = (answer.learntBefore, answer.heldOut, answer.isHeld)
            }
            return
        }
        if isHeld {
            if let cause = drifted(forecaster, demand) {
                logger.notice(
                    "the model has drifted, and stays: it was rolled back to, until `forecast models release`",
                    metadata: ["cause": "\(cause)"])
            }
            return
        }
        guard await !desk.isBusy(workload.id) else { return }
        if forecaster.needsRefit(demand) {
            let isFirst = forecaster.model == nil
            await ask(
                forecaster, demand, isFirst ? .start : .schedule, isFirst ? "there is no model yet" : "it is due")
        } else if let cause = drifted(forecaster, demand) {
            logger.notice("the model has drifted", metadata: ["cause": "\(cause)"])
            await ask(forecaster, demand, .drift, "\(cause)")
        }
    }

    private func ask(
        _ forecaster: RollingForecaster, _ demand: KnownDemand, _ reason: ModelLineage.Reason, _ cause: String
    ) async {
        await desk.ask(
            RefitDesk.Request(
                workload: workload.id, series: workload.demand, kind: workload.kind, forecaster: forecaster,
                demand: demand, reason: reason, cause: cause))
    }

    private mutating func drifted(_ forecaster: RollingForecaster, _ demand: KnownDemand) -> DriftVerdict.Cause? {
        guard let model = forecaster.model, let learntBefore, nextLook.map({ demand.end >= $0 }) ?? true else {
            return nil
        }
        nextLook = demand.end.advanced(bySeconds: model.task.horizon * demand.step)
        switch rule.verdict(on: model, of: demand, learntBefore: learntBefore, heldOut: heldOut) {
        case .tooSoon: return nil
        case .fine(let loss):
            if let heldOut, heldOut > 0 { drift.record(loss / heldOut) }
            return nil
        case .drifted(let cause):
            drift.record(cause.ratio)
            return cause
        }
    }
}
