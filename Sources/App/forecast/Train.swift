import ArgumentParser
import ControlLoop
import Forecasting
import Foundation
import Ports
import Reports
import Series
import SeriesStoreSQLite
import Units

/// `forecast train`: learns from a stored series and registers the model.
struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fits a model to a stored series, scores it on what it has not seen, and registers it.",
        discussion: """
            Examples:
              forecast train --db prewarm.db --series 'http_requests{job="checkout"}'
              forecast train --db prewarm.db --series m --kind rate --step 5m --horizon 6h
              forecast train --db prewarm.db --series m --events sales.ics --zone Europe/Berlin
              forecast train --config prewarm.yaml --workload checkout     what the daemon starts with
              forecast train --db prewarm.db --series 'http_requests{}' --all --step 5m
              forecast train --db prewarm.db --series http_requests --all --model global-ridge

            The scores come from the last fifth of the history, where the model learns only from what lies before; the
            registered model has then learnt from all of it.

            With --all every series that matches gets a model: each learns on its own, or global-ridge and global-net learn
            from all of them together. What those have learnt is kept too, and a series that comes later, or whose history is
            too short for a model of its own, borrows it in `train`, `predict` and the daemon.
            """)

    @OptionGroup var demand: DemandOptions
    @OptionGroup var events: EventOptions
    @Flag(help: "Trains every series that matches, on all cores.")
    var all = false
    @Option(help: "auto, or a model by name; with --all also global-ridge and global-net.")
    var model = "auto"
    @Option(help: "How far it must see.")
    var horizon: Span = Span(7_200)
    @Option(help: "With --all: series that are worked on at the same time. Default: as many as there are cores.")
    var workers: Int?
    @Flag(help: "Prints JSON.")
    var json = false

    func validate() throws {
        let isGlobal = ModelCatalogue.global(named: model) != nil
        if all, demand.db == nil { throw ValidationError("--all is for --db and --series.") }
        if isGlobal, !all { throw ValidationError("\(model) learns from many series; add --all.") }
        if isGlobal, events.events != nil {
            throw ValidationError("--events are told to models that learn each series on its own.")
        }
        if workers != nil, !all { throw ValidationError("--workers is for --all.") }
        if let workers, !(1...1_024).contains(workers) {
            throw ValidationError("--workers must be between 1 and 1024.")
        }
    }

    func run() async throws {
        if all { return try await trainAll() }
        let named = try ModelCatalogue.forecaster(named: model)
        let demand = try await demand.load(now: .now)
        let rows = demand.rows
        let helped = try await demand.store.helped(named, for: demand.key, kind: demand.kind, step: rows.step)
        let forecaster = try events.tell(
            helped.forecaster, end: rows.end, configured: self.demand.configuredEvents())
        let task = demand.task(horizon: (horizon.seconds + rows.step - 1) / rows.step)
        let started = ProcessCPU.seconds()
        let served = try await demand.store.latestModel(for: demand.key)
        let before = served.flatMap {
            $0.record.kind == demand.kind ? try? ModelCatalogue.decode($0.record.bytes) : nil
        }
        let trained = try trained(on: rows, by: forecaster, task: task, from: before)
        let record = ModelRecord(
            series: demand.key, model: trained.model.name, step: rows.step, kind: demand.kind, trainedFrom: rows.start,
            trainedTo: rows.end, createdAt: .now, scores: trained.heldOut?.model.named ?? [:],
            bytes: trained.model.encoded(),
            lineage: ModelLineage(
                .hand, parent: served?.version, seed: trained.model.seed, program: programVersion,
                options: helped.noted(
                    modelOptions(asked: forecaster.name, task, rows: rows.count), of: trained.model)))
        let version = try await demand.store.publish(record)
        let summary = Summary(demand, trained, version: version, cpuSeconds: ProcessCPU.seconds() - started)
        if json { try printJSON(summary) } else { print(summary.text(trained), terminator: "") }
    }

    private func trainAll() async throws {
        let seconds = horizon.seconds
        let training = try await BulkTraining(
            demand, model: model, events: events, horizonSeconds: seconds, workers: workers ?? coreCount)
        let report = try await training.run()
        if json { try printJSON(report) } else { print(report.text, terminator: "") }
        // Trained none: a failure to whoever runs this from a script.
        if report.trained == 0 { throw ExitCode.failure }
    }

    private struct Summary: Encodable {
        let series: String, model: String, version: Int, rows: Int, missing: Int, step: Int, season: Int, horizon: Int
        let from: String, to: String, cpuSeconds: Double
        let scores: [String: Double]?, seasonalNaive: [String: Double]?

        init(_ demand: StoredDemand, _ trained: TrainedModel, version: Int, cpuSeconds: Double) {
            let task = trained.model.task
            (series, model, self.version) = (demand.key.description, trained.model.name, version)
            (rows, missing, step) = (demand.rows.count, demand.rows.missingCount, demand.rows.step)
            (season, horizon, self.cpuSeconds) = (task.season, task.horizon, cpuSeconds)
            (from, to) = (demand.rows.start.description, demand.rows.end.description)
            (scores, seasonalNaive) = (trained.heldOut?.model.named, trained.heldOut?.seasonalNaive.named)
        }

        func text(_ trained: TrainedModel) -> String {
            let learnt = """
                \(series): \(model) version \(version), learnt from \(rows) rows of \(step) s (\(missing) missing), \
                \(from) to \(to), in \(String(format: "%.1f", cpuSeconds)) CPU seconds
                sees \(horizon) rows ahead; its cycle has \(season) rows

                """
            guard let heldOut = trained.heldOut else {
                return learnt + "too short a history to hold any of it out: there are no scores\n"
            }
            var table = TextTable(header: ["held out, \(heldOut.origins) origins", "WQL", "TAIL", "COVER"])
            for (name, scores) in [(model, heldOut.model), ("seasonal-naive", heldOut.seasonalNaive)] {
                table.append(
                    [name] + [scores.wql, scores.tail, scores.cover].map { String(format: "%.4f", $0) })
            }
            return learnt + table.rendered(width: Terminal.columns)
        }
    }
}

/// What a model was asked for, as the registry keeps it.
func modelOptions(asked: String, _ task: ForecastTask, rows: Int) -> [String: String] {
    [
        "asked": asked, "horizon": "\(task.horizon)", "season": "\(task.season)", "weekly": "\(task.isWeekly)",
        "levels": "\(task.levels.count)", "rows": "\(rows)",
    ]
}

extension Scores {
    /// By the names that `evaluate` prints; what is not finite is left out, as JSON has no word for it.
    var named: [String: Double] {
        ["WQL": wql, "TAIL": tail, "MASE": mase, "COVER": cover, "CROSS": cross].filter(\.value.isFinite)
    }
}
