import ArgumentParser
import Forecasting
import Foundation
import InputFiles
import Reports
import Series
import Simulation
import Units

/// Which model for this trace? Every model forecasts the same last part from the same origins; then they are compared as a
/// whole, over history lengths, over the horizon and the day, and by what they cost.
@main
struct ChoosingAModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notebook-02", abstract: "Chooses a forecasting model for a trace and writes an HTML page.",
        discussion: """
            A real trace, from the catalogue of public ones:
              forecast datasets fetch nyc-taxi --output out/taxi.csv
              notebook-02 --trace out/taxi.csv

            Without --trace it makes one up: eight weeks with quiet weekends, a row every half an hour, seed 1.
            """)

    @Option(help: "A CSV trace, plain or gzip.")
    var trace: String?
    @Option(help: "The series of the trace, where there are several.")
    var series: String?
    @Flag(help: "Takes absent rows for zeros; else they are missing.")
    var zeroGaps = false
    @Option(help: "Rows to forecast; two hours unless given, but between 4 rows and a day.")
    var horizon: Int?
    @Option(help: "The page to write.")
    var output = "out/02.html"

    func validate() throws {
        if let horizon, !(1...2_000).contains(horizon) {
            throw ValidationError("--horizon must be between 1 and 2000 rows.")
        }
    }

    func run() async throws {
        let (name, series) = try load()
        let comparison = Comparison(series: series, evaluation: try evaluation(of: series, path: name))
        print("\(name): \(series.count) rows of \(durationText(seconds: Double(series.step)))")
        var candidates: [Candidate] = []
        for forecaster in ModelCatalogue.all {
            print("forecasting the last part with \(forecaster.name) …")
            if let candidate = comparison.candidate(forecaster) { candidates.append(candidate) }
        }
        candidates.sort { ($0.scores.wql, $0.name) < ($1.scores.wql, $1.name) }
        guard let best = candidates.first else { throw InputError(path: name, "no model could learn from it") }
        print("learning from shorter histories …")
        let lengths = comparison.byLength(candidates.map(\.name))
        let page = ChoicePage(trace: name, comparison: comparison, candidates: candidates, lengths: lengths)
        print("\n" + page.table.rendered(width: Terminal.columns), terminator: "")
        print("\n\(page.verdict(on: best))")
        try write(page.rendered())
        print("\nwrote \(output)")
    }

    private func load() throws -> (name: String, series: RegularSeries) {
        guard let trace else {
            let start = Timestamp(secondsSinceEpoch: 1_704_067_200)
            let made = generateLoad(.weekly, seed: 1, start: start, step: 1_800, rows: 56 * 48, mean: 600)
            return ("a made-up weekly trace, seed 1", made)
        }
        let found = try TraceFile(path: trace).pick(series)
        let name = URL(filePath: trace).lastPathComponent + (series.map { ", series \($0)" } ?? "")
        return (name, zeroGaps ? found.fillingGapsWithZero() : found)
    }

    /// Origins about a horizon apart over the last quarter, eighty at most, so that hardly a row is scored twice, and at all
    /// times of the day.
    private func evaluation(of series: RegularSeries, path: String) throws -> EvaluationProtocol {
        let day = 86_400 / series.step
        guard day >= 2 else { throw InputError(path: path, "a step of over twelve hours has no rhythm within a day") }
        let horizon = horizon ?? min(max(7_200 / series.step, 4), day)
        let task = ForecastTask(
            horizon: horizon, levels: [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99], season: day,
            isWeekly: series.count >= 21 * day)
        let origins = min(80, max(2, series.count / 4 / horizon))
        // Without a common divisor with the day, or the origins would meet the same few hours again and again.
        let least = max(horizon, series.count / 4 / origins)
        let stride = (least..<least + day).first { gcd($0, day) == 1 } ?? least
        let evaluation = EvaluationProtocol(task: task, origins: origins, stride: stride)
        guard evaluation.originRows(count: series.count).count >= 2 else {
            throw InputError(path: path, "\(series.count) rows; at least \(2 * day + 2 * horizon + 1) are needed")
        }
        return evaluation
    }

    private func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? a : gcd(b, a % b) }

    private func write(_ page: String) throws {
        let url = URL(filePath: output)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try page.write(to: url, atomically: true, encoding: .utf8)
    }
}
