import ArgumentParser
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

            The scores come from the last fifth of the history, where the model learns only from what lies before; the
            registered model has then learnt from all of it.
            """)

    @OptionGroup var demand: DemandOptions
    @OptionGroup var events: EventOptions
    @Option(help: "auto, or a model by name.")
    var model = "auto"
    @Option(help: "How far it must see.")
    var horizon: Span = Span(7_200)
    @Flag(help: "Prints JSON.")
    var json = false

    func run() async throws {
        let named = try ModelCatalogue.forecaster(named: model)
        let demand = try await demand.load(now: .now)
        let rows = demand.rows
        let forecaster = try events.tell(named, end: rows.end)
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
                options: modelOptions(asked: forecaster.name, task, rows: rows.count)))
        let version = try await demand.store.publish(record)
        let summary = Summary(demand, trained, version: version, cpuSeconds: ProcessCPU.seconds() - started)
        if json { try printJSON(summary) } else { print(summary.text(trained), terminator: "") }
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
