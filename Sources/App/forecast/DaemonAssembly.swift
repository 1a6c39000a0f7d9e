import ActuatorProcess
import ControlLoop
import Forecasting
import Foundation
import HTTPAPI
import Kernels
import Logging
import Planning
import Ports
import Scraping
import Series
import SeriesStoreSQLite
import ServiceLifecycle
import Settings
import Simulation
import StatsDReceiver
import TLSTrust
import Telemetry
import Units

/// Puts the daemon together from its settings: the one place where ports meet their adapters.
struct DaemonAssembly {
    /// A lead time beyond this is planned as if it were this long, seconds.
    private static let longestLead = 1_800
    /// What a forecaster learns from at most: five weeks, and never more rows than this.
    private static let history = (seconds: 35 * 86_400, rows: 60_000)

    let settings: Settings
    let logger: Logger

    /// In the order of starting; they stop in the reverse order, the API first and the processes last.
    func services(_ metrics: PrometheusRegistry) async throws -> [any Service] {
        let database = try SQLiteStore(
            path: settings.store.path, missing: .create,
            synchronous: settings.store.isFullySynchronous ? .full : .normal)
        var limits = HeadStore.Limits()
        (limits.lateSeconds, limits.flushSeconds) = (settings.store.lateSeconds, settings.store.flushSeconds)
        limits.acknowledgesUnsynced = settings.store.acknowledgesUnsynced
        (limits.headBytes, limits.series) = (settings.store.memoryBytes, settings.store.maximumSeries)
        let store = try await HeadStore(database, limits: limits, now: { .now })
        let actuator = processActuator()
        var workloads: [Workload] = []
        for workload in settings.workloads {
            let ownActuator = workload.process == nil ? nil : actuator
            workloads.append(try await self.workload(workload, store: store, actuator: ownActuator))
        }
        let desk = RefitDesk()
        let loop = ControlLoop(
            workloads: workloads, store: store, log: database, tick: .seconds(settings.tickSeconds),
            clock: ContinuousClock(), now: { .now }, desk: desk, logger: logger)
        let refits = RefitWorker(
            desk: desk, registry: database, watching: workloads, program: programVersion, clock: ContinuousClock(),
            now: { .now }, learn: atLowPriority, logger: logger)
        let api = makeAPIServer(
            APIConfiguration(host: settings.listenHost, port: settings.listenPort, token: try token()),
            sources: APISources(
                store: store, decisions: database, workloads: settings.workloads.map(\.id),
                metricsText: { metrics.rendered() }, now: { .now }, uptime: Self.makeUptime(),
                metrics: metrics),
            logger: logger)
        return [
            StoreService(store: store, logger: logger), ActuatorService(actuator: actuator),
            StoreUpkeep(store: store, settings: settings.store, logger: logger),
        ] + (try intake(into: store)) + [RefitService(worker: refits), LoopService(loop: loop), api]
    }

    /// What fetches and takes in metrics beside the API.
    private func intake(into store: some SampleStore) throws -> [any Service] {
        var services: [any Service] = []
        if !settings.scrape.isEmpty {
            let scraper = Scraper(
                try settings.scrape.map { try ScrapeTarget($0) }, into: store, clock: ContinuousClock(), now: { .now },
                random: SplitMix64(seed: .random(in: 0 ... .max)), logger: logger)
            services.append(ScrapeService(scraper: scraper))
        }
        if let statsd = settings.statsd {
            let receiver = StatsDReceiver(
                host: statsd.host, port: statsd.port, flushSeconds: statsd.flushSeconds, into: store,
                clock: ContinuousClock(), now: { .now }, logger: logger)
            services.append(StatsDService(receiver: receiver))
        }
        return services
    }

    private static func makeUptime() -> @Sendable () -> Duration {
        let start = ContinuousClock.now
        return { ContinuousClock.now - start }
    }

    private func token() throws -> String? {
        try settings.tokenFile.map { path throws in
            guard let data = FileManager.default.contents(atPath: path) else {
                throw DaemonError("\(path): the token file cannot be read")
            }
            let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            guard token.utf8.count >= 16 else { throw DaemonError("\(path): a token has at least 16 characters") }
            return token
        }
    }

    private func processActuator() -> ProcessActuator {
        let specs = settings.workloads.compactMap { workload in
            workload.process.map { (workload.id, ProcessSpec($0)) }
        }
        return ProcessActuator(Dictionary(specs) { first, _ in first })
    }

    private func workload(
        _ settings: WorkloadSettings, store: HeadStore, actuator: (any Actuator)?
    ) async throws -> Workload {
        let key = try await demandKey(of: settings, in: store)
        let tick = self.settings.tickSeconds, grid = ForecastGrid(seriesStep: settings.stepSeconds)
        let makePolicy = try PolicyChoice(settings, tick: tick)
        var forecaster = try rollingForecaster(
            for: makePolicy(Self.longestLead), step: grid.step, tick: tick,
            own: try ModelCatalogue.forecaster(named: "auto"))
        let stored = try await registeredModel(for: key, settings, forecaster, grid, store: store.database)
        if let stored { forecaster?.adopt(stored.model, fittedAt: stored.servedSince, step: grid.step) }
        return Workload(
            id: settings.id, demand: key, kind: settings.kind, step: settings.stepSeconds, forecastGrid: grid,
            historyRows: min(Self.history.rows, max(2, Self.history.seconds / grid.step)),
            delaySeconds: settings.delaySeconds, actuator: actuator, isCarriedOut: settings.trust != .shadow,
            assumedLeadSeconds: settings.leadSeconds, makePolicy: { makePolicy($0) }, forecaster: forecaster,
            begins: stored?.start, service: { settings.service(startupSeconds: $0) },
            events: try settings.events.map(Self.known))
    }

    /// The events of a file, read anew each time. A file that is wrong is found at the start; one that becomes wrong later costs
    /// the events and not the model.
    private static func known(_ source: EventSettings) throws -> @Sendable (Timestamp) throws -> KnownEvents {
        _ = try source.known(end: .now)
        return { try source.known(end: $0) }
    }

    /// The one series that the selector means: the stored one it matches, or until there is one, just what it says.
    private func demandKey(of settings: WorkloadSettings, in store: HeadStore) async throws -> SeriesKey {
        let found = try await store.keys(matching: settings.series)
        guard found.count <= 1 else { throw NoSuchSeries(selector: settings.series, found: found) }
        return try found.first ?? SeriesKey(metric: settings.series.metric, labels: settings.series.labels)
    }

    /// The newest trained model, where it fits; one that does not is passed over with a word in the log.
    private func registeredModel(
        for key: SeriesKey, _ settings: WorkloadSettings, _ forecaster: RollingForecaster?, _ grid: ForecastGrid,
        store: SQLiteStore
    ) async throws -> (model: any FittedModel, start: ModelStart, servedSince: Timestamp)? {
        guard let task = forecaster?.task, let stored = try await store.latestModel(for: key) else { return nil }
        let record = stored.record
        do throws(ForecastError) {
            let model = try ModelCatalogue.decode(record.bytes)
            if record.step == grid.step, record.kind == settings.kind,
                model.task.horizon >= min(task.horizon, 8)
            {
                logger.info(
                    "uses the registered model",
                    metadata: ["workload": "\(settings.id)", "model": "\(model.name) version \(stored.version)"])
                let start = ModelStart(
                    version: stored.version, learntBefore: record.trainedTo, heldOut: record.scores["LOSS"],
                    isHeld: record.isHeld)
                return (model, start, record.trainedTo)
            }
            logger.notice(
                "the registered model has other rows than the workload; a new one is fitted",
                metadata: ["workload": "\(settings.id)", "version": "\(stored.version)"])
        } catch {
            logger.warning(
                "the registered model cannot be used; a new one is fitted",
                metadata: ["workload": "\(settings.id)", "version": "\(stored.version)", "reason": "\(error)"])
        }
        return nil
    }
}

/// Which policy a workload's trust calls for, within its limits.
struct PolicyChoice: Sendable {
    private let settings: WorkloadSettings
    private let tick: Int
    private let level: Double

    init(_ settings: WorkloadSettings, tick: Int) throws {
        (self.settings, self.tick) = (settings, tick)
        level =
            switch settings.aggressiveness {
            case .auto: try PolicyCatalogue.newsvendorLevel(settings.service(startupSeconds: 0))
            case .quantile(let quantile): quantile
            }
    }

    func callAsFunction(_ leadSeconds: Int) -> any ScalingPolicy {
        let service = settings.service(startupSeconds: leadSeconds)
        let predictive = PredictivePlanner(
            name: "predictive:\(level)", service: service, tick: tick, aggressiveness: level)
        guard settings.trust == .floor else { return LimitedPolicy(predictive, service: service, tick: tick) }
        let reactive = HorizontalPodAutoscaler(name: "hpa:0.7", service: service, target: 0.7)
        let floored = FlooredPolicy(
            name: "max(\(reactive.name), \(predictive.name))", base: reactive, forecasting: predictive)
        return LimitedPolicy(floored, service: service, tick: tick)
    }
}

extension ProcessSpec {
    init(_ settings: ProcessSettings) {
        self.init(argv: settings.command)
        readiness = settings.readyPath.map { .http(path: $0) } ?? .command(settings.readyCommand)
        warmUpPaths = settings.warmPaths
        ports = UInt16(settings.firstPort)...UInt16(settings.lastPort)
        (readyDeadline, stopGrace) = (settings.readyDeadline, settings.stopGrace)
        guardCommand = InstanceGuardCommand.guardCommand(grace: settings.stopGrace)
    }
}

/// Takes pushes until everything else has ended, and leaves nothing in memory.
private struct StoreService: Service {
    let store: HeadStore
    let logger: Logger

    func run() async throws {
        for problem in store.damage { logger.error("a part of the log is damaged", metadata: ["error": "\(problem)"]) }
        let logger = logger
        try await withGracefulShutdownHandler {
            try await store.run { failure in
                guard let failure else { return logger.notice("the store writes again") }
                logger.error("the store cannot write; it goes on trying", metadata: ["error": "\(failure)"])
            }
        } onGracefulShutdown: {
            store.stop()
        }
    }
}

extension ScrapeTarget {
    init(_ settings: ScrapeSettings) throws {
        self.init(
            url: settings.url, instance: settings.instance, intervalSeconds: settings.everySeconds,
            timeoutSeconds: settings.timeoutSeconds, labels: settings.labels)
        authorities = try settings.authoritiesFile.map { try Authorities(path: $0) }
        if let path = settings.tokenFile { token = { try readToken(path: path) } }
    }
}

private struct ScrapeService: Service {
    let scraper: Scraper<ContinuousClock>
    func run() async throws { try await cancelWhenGracefulShutdown { try await scraper.run() } }
}

private struct StatsDService: Service {
    let receiver: StatsDReceiver<ContinuousClock>
    func run() async throws { try await cancelWhenGracefulShutdown { try await receiver.run() } }
}

private struct ActuatorService: Service {
    let actuator: ProcessActuator
    func run() async throws { try await cancelWhenGracefulShutdown { try await actuator.run() } }
}

private struct LoopService: Service {
    let loop: ControlLoop<ContinuousClock>
    /// Stays when there is nothing to control, so that the store's API stays up.
    func run() async throws {
        try await loop.run()
        try? await gracefulShutdown()
    }
}

private struct RefitService: Service {
    let worker: RefitWorker<ContinuousClock>
    func run() async throws { await cancelWhenGracefulShutdown { await worker.run() } }
}

/// Once an hour: removes what is older or more than the configuration wants, and merges small chunks.
private struct StoreUpkeep: Service {
    let store: HeadStore
    let settings: StoreSettings
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // What was damaged while nobody looked is found at the start.
            var isFirst = true
            while !Task.isCancelled {
                do throws(StoreError) { try await keepUp(verifying: isFirst) } catch {
                    logger.warning("the store's upkeep failed", metadata: ["error": "\(error)"])
                }
                isFirst = false
                guard (try? await Task.sleep(for: .seconds(3_600))) != nil else { return }
            }
        }
    }

    private func keepUp(verifying: Bool) async throws(StoreError) {
        let now = Timestamp.now
        try await rollUp(now, verifying: verifying)
        var removed = try await store.prune(before: now.advanced(bySeconds: -settings.retentionSeconds))
        if let most = settings.maximumBytes { removed += try await store.prune(toBytes: most) }
        if removed > 0 { logger.info("removed old samples", metadata: ["samples": "\(removed)"]) }
        let chunks = try await store.database.compact()
        logger.debug("compacted", metadata: ["before": "\(chunks.before)", "after": "\(chunks.after)"])
        if let failure = store.flushFailure { throw failure }
    }

    /// Before samples are removed, so that nothing is lost to rollups; but a disk that is full needs the space.
    private func rollUp(_ now: Timestamp, verifying: Bool) async throws(StoreError) {
        do throws(StoreError) {
            let database = store.database
            let made = settings.makesRollups ? try await database.rollUp(now: now, verifying: verifying) : 0
            let removed = try await store.pruneRollups(
                fineBefore: now.advanced(bySeconds: -settings.fineSeconds),
                coarseBefore: now.advanced(bySeconds: -settings.coarseSeconds))
            logger.debug("rolled up", metadata: ["pages": "\(made)", "removed": "\(removed)"])
        } catch {
            guard error.code == .full else { throw error }
            logger.warning("rollups were not made", metadata: ["error": "\(error)"])
        }
    }
}
