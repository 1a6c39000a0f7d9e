import ArgumentParser
import Forecasting
import Foundation
import InputFiles
import Reports
import Series
import Units

/// `forecast evaluate`: rolling-origin accuracy over a protocol entry.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures accuracy on history by forecasting from many origins.",
        discussion: """
            Example:
              forecast evaluate protocols.json --entry nasa-1min --model ridge --output forecasts.csv

            WQL, TAIL, MASE and COVER are better when lower; CROSS must be 0.
            """)

    @Argument(help: "A JSON list of protocol entries; each names its trace, which lies beside the file.")
    var protocols: String
    @Option(help: "The entry to evaluate.")
    var entry: String
    @OptionGroup var events: EventOptions
    @Option(help: "auto, or a model by name.")
    var model = "auto"
    @Option(help: "Only the first so many series, by name.")
    var maxSeries: Int?
    @Option(help: "Writes every forecast row to this CSV file.")
    var output: String?
    @Flag(help: "Prints figures as JSON.")
    var json = false

    func validate() throws {
        if let maxSeries, maxSeries < 1 { throw ValidationError("--max-series must be at least 1.") }
    }

    func run() async throws {
        let named = try ModelCatalogue.forecaster(named: model)
        let (entry, path) = try ProtocolEntry.load(protocols, named: entry)
        let evaluation = EvaluationProtocol(
            task: ForecastTask(
                horizon: entry.horizon, levels: entry.levels, season: entry.season, isWeekly: entry.weekly ?? false),
            origins: entry.origins, stride: entry.stride)
        let started = ProcessCPU.seconds()
        var rows: [String] = ["series,origin,timestamp," + entry.levels.map { "\($0)" }.joined(separator: ",")]
        var scores: [Scores] = []
        let traces = try TraceFile(path: path).series.prefix(maxSeries ?? .max)
        let progress = ProgressBar(label: "evaluating \(entry.name)", total: traces.count)
        defer { progress.finish() }
        for (done, (name, found)) in traces.enumerated() {
            progress.update(done)
            let series = entry.gaps == "zero" ? found.fillingGapsWithZero() : found
            guard !evaluation.originRows(count: series.count).isEmpty else { continue }
            let forecaster = try events.tell(named, end: series.end)
            let result = try evaluation.forecasts(of: series, by: forecaster)
            scores.append(Scores(result, of: series, under: evaluation))
            if output != nil { rows += result.forecasts.flatMap { Self.csv(name, $0) } }
        }
        guard !scores.isEmpty else { throw InputError(path: path, "no series is long enough for this entry") }
        if let output {
            try (rows.joined(separator: "\n") + "\n").write(toFile: output, atomically: true, encoding: .utf8)
        }
        progress.finish()
        let cpu = ProcessCPU.seconds() - started
        let figures = Figures(
            entry: entry.name, model: named.name, series: scores.count, cpuSeconds: cpu, .combined(scores))
        print(json ? try figures.json() : figures.table)
    }

    private static func csv(_ series: String, _ forecast: QuantileForecast) -> [String] {
        (0..<forecast.horizon).map { step in
            let levels = forecast.levels.count
            let values = forecast.values[step * levels..<(step + 1) * levels].map { "\($0)" }
            return ([quoted(series), "\(forecast.origin)", "\(forecast.grid.time(of: step))"] + values).joined(
                separator: ",")
        }
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { ",\"\n".contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}

/// What `evaluate` prints, by the names the figures have in `--json`.
private struct Figures: Encodable {
    let entry: String, model: String, series: Int, rows: Int
    /// Nil where the levels or the history do not allow it.
    let wql: Double?, tail: Double?, mase: Double?
    let cover: Double, cross: Double, cpuSeconds: Double

    enum CodingKeys: String, CodingKey {
        case entry, model, series, rows, cpuSeconds
        case wql = "WQL", tail = "TAIL", mase = "MASE", cover = "COVER", cross = "CROSS"
    }

    init(entry: String, model: String, series: Int, cpuSeconds: Double, _ scores: Scores) {
        (self.entry, self.model, self.series, self.cpuSeconds) = (entry, model, series, cpuSeconds)
        (rows, cover, cross) = (scores.rows, scores.cover, scores.cross)
        func known(_ value: Double) -> Double? { value.isFinite ? value : nil }
        (wql, tail, mase) = (known(scores.wql), known(scores.tail), known(scores.mase))
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var table: String {
        func fixed(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "-" }
        return """
            \(entry), model \(model): \(series) series, \(rows) rows, \(String(format: "%.1f", cpuSeconds)) CPU seconds
            WQL    \(fixed(wql))
            TAIL   \(fixed(tail))
            MASE   \(fixed(mase))
            COVER  \(fixed(cover))
            CROSS  \(fixed(cross))
            """
    }
}

/// CPU time of this process, user and system together.
enum ProcessCPU {
    static func seconds() -> Double {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        let micro = Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + micro * 1e-6
    }
}
