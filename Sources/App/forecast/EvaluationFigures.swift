import Forecasting
import Foundation
import Reports
import Series

/// What `evaluate` prints: a row an entry, and over several entries the means.
struct EvaluationFigures {
    private let rows: [Row]
    private let mean: Row?
    private let baseline: String?
    /// Of the forecasters, the one that is evaluated first.
    let names: [String]

    init(_ entries: [EvaluatedEntry], model: String, baseline: String?) {
        self.baseline = baseline
        names = [model] + (baseline.map { [$0] } ?? [])
        let methods = baseline == nil ? [0] : [0, 1]
        rows = entries.map { entry in
            Row(
                entry: entry.trace.name, model: model, series: entry.series.count,
                methods.map { (entry.scores($0), entry.cpuSeconds($0)) }, baseline)
        }
        let whole = methods.map { method in
            (Scores.combined(entries.map { $0.scores(method) }), entries.reduce(0) { $0 + $1.cpuSeconds(method) })
        }
        mean =
            entries.count < 2
            ? nil
            : Row(
                entry: "geometric mean", model: model, series: entries.reduce(0) { $0 + $1.series.count }, whole,
                baseline)
    }

    /// One entry that was asked for by name is an object of its own.
    func printJSON(isOne: Bool) throws {
        if isOne, let only = rows.first { return try forecast.printJSON(only) }
        try forecast.printJSON(Document(entries: rows, mean: mean ?? rows[0]))
    }

    private struct Document: Encodable {
        let entries: [Row], mean: Row
    }

    var table: String {
        let table = textTable.rendered(width: Terminal.columns, colour: Terminal.usesColour)
        return table + (baseline.map { "ratios are to \($0)\n" } ?? "")
    }

    var textTable: TextTable {
        var header = ["entry", "model", "series", "rows", "WQL", "TAIL", "MASE", "COVER", "CROSS", "CPU s"]
        if baseline != nil { header += ["WQL", "TAIL", "MASE"].map { "\($0) ratio" } }
        var table = TextTable(header: header)
        for row in rows + (mean.map { [$0] } ?? []) { table.append(row.cells) }
        return table
    }
}

/// Figures under the names they have in `--json`.
private struct Row: Encodable {
    let entry: String, model: String, series: Int, rows: Int
    /// Nil where the levels or the history do not allow it.
    let wql: Double?, tail: Double?, mase: Double?
    let cover: Double, cross: Double, cpuSeconds: Double
    let baseline: Baseline?

    struct Baseline: Encodable {
        let model: String
        let wql: Double?, tail: Double?, mase: Double?, cover: Double, cpuSeconds: Double
        let wqlRatio: Double?, tailRatio: Double?, maseRatio: Double?

        enum CodingKeys: String, CodingKey {
            case model, cpuSeconds
            case wql = "WQL", tail = "TAIL", mase = "MASE", cover = "COVER"
            case wqlRatio = "WQL ratio", tailRatio = "TAIL ratio", maseRatio = "MASE ratio"
        }
    }

    enum CodingKeys: String, CodingKey {
        case entry, model, series, rows, cpuSeconds, baseline
        case wql = "WQL", tail = "TAIL", mase = "MASE", cover = "COVER", cross = "CROSS"
    }

    init(
        entry: String, model: String, series: Int, _ methods: [(scores: Scores, cpuSeconds: Double)],
        _ baseline: String?
    ) {
        (self.entry, self.model, self.series, cpuSeconds) = (entry, model, series, methods[0].cpuSeconds)
        let scores = methods[0].scores
        (rows, cover, cross) = (scores.rows, scores.cover, scores.cross)
        func known(_ value: Double) -> Double? { value.isFinite ? value : nil }
        (wql, tail, mase) = (known(scores.wql), known(scores.tail), known(scores.mase))
        guard let baseline, let other = methods.dropFirst().first else {
            self.baseline = nil
            return
        }
        let naive = other.scores
        self.baseline = Baseline(
            model: baseline, wql: known(naive.wql), tail: known(naive.tail), mase: known(naive.mase),
            cover: naive.cover, cpuSeconds: other.cpuSeconds, wqlRatio: known(scores.wql / naive.wql),
            tailRatio: known(scores.tail / naive.tail), maseRatio: known(scores.mase / naive.mase))
    }

    var cells: [String] {
        func fixed(_ value: Double?, _ digits: Int = 4) -> String { fixedText(value ?? .nan, digits: digits) }
        let own = [entry, model, "\(series)", "\(rows)", fixed(wql), fixed(tail), fixed(mase), fixed(cover)]
        let ratios = baseline.map { [$0.wqlRatio, $0.tailRatio, $0.maseRatio].map { fixed($0, 3) } } ?? []
        return own + [fixed(cross), fixed(cpuSeconds, 2)] + ratios
    }
}

/// The page of an evaluation. It says nothing of CPU time, so that the same forecasts give the same page.
func evaluationPage(_ entries: [EvaluatedEntry], _ figures: EvaluationFigures) -> EvaluationReport {
    let hidden: Set = ["model", "CPU s"], all = figures.textTable
    let shown = all.header.indices.filter { !hidden.contains(all.header[$0]) }
    var table = TextTable(header: shown.map { all.header[$0] })
    for row in all.rows { table.append(shown.map { row[$0] }) }
    var report = EvaluationReport(
        title: "Forecast accuracy of \(figures.names[0])", scores: table,
        baseline: figures.names.dropFirst().first)
    for entry in entries {
        let methods = figures.names.indices.map { EvaluationReport.Method(figures.names[$0], entry.shape($0)) }
        report.add(
            EvaluationReport.Part(
                name: entry.trace.name, step: entry.trace.series[0].values.step, task: entry.trace.evaluation.task,
                methods: methods, fans: fans(of: entry, methods[0].shape)))
    }
    return report
}

private func fans(of entry: EvaluatedEntry, _ shape: AccuracyShape) -> [EvaluationReport.Fan] {
    zip(["The best forecast", "The median forecast", "The worst forecast"], shape.bestMedianWorst).map {
        title, origin in
        let series = entry.trace.series[origin.series], result = entry.series[origin.series][0].result
        return EvaluationReport.Fan(
            title: series.name.isEmpty ? title : "\(title): \(series.name)", origin: result.origins[origin.number],
            forecast: result.forecasts[origin.number], series: series.values)
    }
}
