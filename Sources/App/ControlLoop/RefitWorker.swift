import CoreMetrics
import Forecasting
package import Logging
package import Ports
import Series
package import Units

/// Learns what the workloads ask for at their desk, one model at a time, and publishes it to the registry.
package struct RefitWorker<C: Clock> where C.Duration == Duration {
    /// Does a fit somewhere it disturbs nobody; the daemon's is a thread of low priority.
    package typealias Learn =
        @Sendable (_ fit: @escaping @Sendable () -> LearntModel) async -> LearntModel

    private let desk: RefitDesk
    private let registry: any ModelRegistry
    /// Versions of these that are made elsewhere, by hand or by a rollback, are taken over.
    private let watched: [Workload]
    private let program: String
    private let clock: C
    private let now: @Sendable () -> Timestamp
    private let learn: Learn
    private let logger: Logger
    private let progress = Recorder(label: "prewarm_refits_waiting", dimensions: [], aggregate: false)

    /// `program` is the version that models are stored with.
    package init(
        desk: RefitDesk, registry: any ModelRegistry, watching watched: [Workload], program: String, clock: C,
        now: @escaping @Sendable () -> Timestamp, learn: @escaping Learn, logger: Logger
    ) {
        (self.desk, self.registry, self.watched, self.program) = (desk, registry, watched, program)
        (self.clock, self.now, self.learn, self.logger) = (clock, now, learn, logger)
    }

    /// Until cancelled. A fit that has begun is waited for.
    package func run() async {
        let versions = ServedVersions(
            Dictionary(watched.map { ($0.id, $0.begins?.version) }) { first, _ in first })
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in desk.bell {
                    while !Task.isCancelled, let request = await desk.next() { await serve(request, versions) }
                    if Task.isCancelled { return }
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    do { try await clock.sleep(for: .seconds(30)) } catch { return }
                    for each in watched where !Task.isCancelled { await look(each, versions) }
                }
            }
        }
    }

    private func serve(_ request: RefitDesk.Request, _ versions: ServedVersions) async {
        var logger = logger
        logger[metadataKey: "workload"] = "\(request.workload)"
        progress.record(await desk.count + 1)
        logger.info(
            "learning", metadata: ["reason": "\(request.reason.rawValue)", "cause": "\(request.cause)"])
        let start = clock.now
        let helped = await helped(request, logger)
        let learnt = await learn { LearntModel(request, by: helped.forecaster) }
        let seconds = start.duration(to: clock.now) / .seconds(1)
        var version: Int?
        if let failure = learnt.forecaster.failure {
            logger.info("no new model yet", metadata: ["reason": "\(failure)"])
        } else if let workload = watched.first(where: { $0.id == request.workload }),
            await takeOver(workload, versions)
        {
            // An operator's choice made during the fit stands.
            logger.notice("what was learnt is dropped: another version was made the newest meanwhile")
            return await desk.dismiss(request.workload)
        } else if let model = learnt.forecaster.model {
            version = await publish(
                model, learnt, request, helped, after: await versions.of(request.workload), logger)
            if let version { await versions.set(request.workload, version) }
            logger.info(
                "learnt",
                metadata: [
                    "model": "\(model.name)", "version": "\(version.map { "\($0)" } ?? "not stored")",
                    "rows": "\(request.demand.count)", "seconds": "\((seconds * 1_000).rounded() / 1_000)",
                ])
        }
        let reason = ("reason", request.reason.rawValue), label = ("workload", request.workload.name)
        let outcome = ("outcome", learnt.forecaster.failure == nil ? "learnt" : "failed")
        Counter(label: "prewarm_refits_total", dimensions: [label, reason, outcome]).increment()
        Recorder(label: "prewarm_refit_seconds", dimensions: [label], aggregate: false).record(seconds)
        await desk.answer(
            request.workload,
            RefitDesk.Answer(
                forecaster: learnt.forecaster, version: version, learntBefore: request.demand.end,
                heldOut: learnt.losses?.all))
        progress.record(await desk.count)
    }

    /// What the request's forecaster is told besides its history: known events, and what others like it have taught. Nothing of
    /// that keeps a model from being learnt.
    private func helped(_ request: RefitDesk.Request, _ logger: Logger) async -> HelpedForecaster {
        let base = request.forecaster.forecaster
        var helped = HelpedForecaster(forecaster: base, lender: nil)
        do {
            helped = try await registry.helped(
                base, for: request.series, kind: request.kind, step: request.demand.step)
        } catch {
            logger.warning("what others of its kind have taught cannot be used", metadata: ["error": "\(error)"])
        }
        guard let events = watched.first(where: { $0.id == request.workload })?.events else { return helped }
        do {
            let known = try events(request.demand.end)
            helped = HelpedForecaster(
                forecaster: EventAware(helped.forecaster, events: known), lender: helped.lender)
        } catch {
            logger.warning("known events are left out", metadata: ["error": "\(error)"])
        }
        return helped
    }

    /// Nil where the registry failed; the model is served all the same.
    private func publish(
        _ model: any FittedModel, _ learnt: LearntModel, _ request: RefitDesk.Request, _ helped: HelpedForecaster,
        after served: Int?, _ logger: Logger
    ) async -> Int? {
        let task = model.task
        var scores: [String: Double] = [:]
        if let losses = learnt.losses {
            scores = ["LOSS": losses.all, "WQL": losses.middle, "TAIL": losses.tail].filter(\.value.isFinite)
        }
        let options = [
            "asked": request.forecaster.forecaster.name, "horizon": "\(task.horizon)", "season": "\(task.season)",
            "weekly": "\(task.isWeekly)", "levels": "\(task.levels.count)", "rows": "\(request.demand.count)",
            "cause": request.cause,
        ]
        let record = ModelRecord(
            series: request.series, model: model.name, step: request.demand.step, kind: request.kind,
            trainedFrom: request.demand.start, trainedTo: request.demand.end, createdAt: now(), scores: scores,
            bytes: model.encoded(),
            lineage: ModelLineage(
                request.reason, parent: served, seed: model.seed, program: program,
                options: helped.noted(options, of: model)))
        do throws(StoreError) { return try await registry.publish(record) } catch {
            logger.warning("the new model is used but could not be stored", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func look(_ workload: Workload, _ versions: ServedVersions) async {
        if await !desk.isBusy(workload.id) { _ = await takeOver(workload, versions) }
    }

    /// Hands over a version that somebody else has made the newest: trained by hand, rolled back to, or released. False where
    /// there is none or it cannot be used.
    private func takeOver(_ workload: Workload, _ versions: ServedVersions) async -> Bool {
        guard let rolling = workload.forecaster else { return false }
        do {
            guard let newest = try await registry.newestModelVersion(for: workload.demand),
                newest != (await versions.of(workload.id)),
                let found = try await registry.model(newest, for: workload.demand)
            else { return false }
            await versions.set(workload.id, newest)
            let record = found.record
            let model = try ModelCatalogue.decode(record.bytes)
            guard record.step == workload.forecastGrid.step, record.kind == workload.kind,
                model.task.horizon >= min(rolling.task.horizon, 8)
            else { return false }
            var next = rolling
            // Counted from now on, but for what was released, which a refit may be due for.
            let isFree = record.lineage.reason == .release
            next.adopt(model, fittedAt: isFree ? record.trainedTo : now(), step: workload.forecastGrid.step)
            await desk.offer(
                workload.id,
                RefitDesk.Answer(
                    forecaster: next, version: newest, learntBefore: record.trainedTo,
                    heldOut: record.scores["LOSS"], isHeld: record.isHeld))
            logger.info(
                "serves another version",
                metadata: [
                    "workload": "\(workload.id)", "version": "\(newest)", "reason": "\(record.lineage.reason.rawValue)",
                ])
            return true
        } catch {
            logger.warning(
                "a newer version cannot be used", metadata: ["workload": "\(workload.id)", "error": "\(error)"])
            return false
        }
    }
}

/// What a fit came to.
package struct LearntModel: Sendable {
    /// With the new model, or with the old one and the failure.
    let forecaster: RollingForecaster
    /// On held-out rows.
    let losses: (all: Double, middle: Double, tail: Double)?

    /// Learns by `forecaster`, which is the request's or that with more to go by; costs what its `fitHoldingOut` costs.
    /// What has drifted is learnt from nothing, as it is no good start.
    init(_ request: RefitDesk.Request, by forecaster: any Forecaster) {
        var rolling = request.forecaster.learning(by: forecaster)
        do throws(ForecastError) {
            let fit = try rolling.forecaster.fitHoldingOut(
                request.demand, task: rolling.task, from: request.reason == .drift ? nil : rolling.model)
            rolling.adopt(
                fit.model, fittedAt: request.demand.end, step: request.demand.step, rows: request.demand.count)
            losses = fit.heldOut.losses(in: request.demand)
        } catch {
            // Fails the same way, and notes when to try again.
            rolling.refit(request.demand)
            losses = nil
        }
        self.forecaster = rolling.learning(by: request.forecaster.forecaster)
    }
}

/// Which version of each workload is being served.
private actor ServedVersions {
    private var versions: [WorkloadID: Int?]
    init(_ versions: [WorkloadID: Int?]) { self.versions = versions }
    func of(_ workload: WorkloadID) -> Int? { versions[workload] ?? nil }
    func set(_ workload: WorkloadID, _ version: Int) { versions[workload] = version }
}
