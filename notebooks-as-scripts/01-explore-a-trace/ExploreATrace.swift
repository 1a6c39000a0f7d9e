import ArgumentParser
import Forecasting
import Foundation
import InputFiles
import Reports
import Series
import Simulation
import Units

/// What is in a trace, how well its last part is forecast from what came before, and whether the quantiles are honest.
@main
struct ExploreATrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notebook-01", abstract: "Explores a trace and writes an HTML page with pictures.",
        discussion: "Without --trace it makes one up: eight weeks with quiet weekends, a row every ten minutes, seed 1."
    )

    @Option(help: "A CSV trace, plain or gzip.")
    var trace: String?
    @Option(help: "The series of the trace, where there are several.")
    var series: String?
    @Flag(help: "Takes absent rows for zeros; else they are missing.")
    var zeroGaps = false
    @Option(help: "Rows to forecast; two hours unless given, but between 12 rows and a day.")
    var horizon: Int?
    @Option(help: "The page to write.")
    var output = "out/01.html"

    func validate() throws {
        if let horizon, !(1...2_000).contains(horizon) {
            throw ValidationError("--horizon must be between 1 and 2000 rows.")
        }
    }

    func run() async throws {
        let (name, series) = try load()
        let findings = Findings(series)
        print(name)
        for line in findings.lines { print("  \(line)") }
        let evaluation = try evaluation(of: series, path: name)
        var outcomes: [Outcome] = []
        for forecaster in [SeasonalNaive(), DirectRidge()] as [any Forecaster] {
            print("fitting \(forecaster.name) and forecasting the last part …")
            let forecasts = try evaluation.forecasts(of: series, by: forecaster)
            outcomes.append(Outcome(forecaster.name, forecasts, series, evaluation))
        }
        let page = ExplorationPage(name: name, series: series, findings: findings, evaluation: evaluation)
        print("\n" + page.scores(outcomes).rendered(width: Terminal.columns), terminator: "")
        try write(page.rendered(outcomes))
        print("\nwrote \(output)")
    }

    private func load() throws -> (name: String, series: RegularSeries) {
        guard let trace else {
            let start = Timestamp(secondsSinceEpoch: 1_704_067_200)
            let made = generateLoad(.weekly, seed: 1, start: start, step: 600, rows: 56 * 144, mean: 600)
            return ("a made-up weekly trace, seed 1", made)
        }
        let found = try TraceFile(path: trace).pick(series)
        let name = URL(filePath: trace).lastPathComponent + (series.map { ", series \($0)" } ?? "")
        return (name, zeroGaps ? found.fillingGapsWithZero() : found)
    }

    /// Origins a horizon apart over the last fifth, sixty at most, so that hardly a row is scored twice.
    private func evaluation(of series: RegularSeries, path: String) throws -> EvaluationProtocol {
        let day = 86_400 / series.step
        guard day >= 2 else { throw InputError(path: path, "a step of over twelve hours has no rhythm within a day") }
        let horizon = horizon ?? min(max(7_200 / series.step, 12), day)
        let task = ForecastTask(horizon: horizon, season: day, isWeekly: series.count >= 21 * day)
        let evaluation = EvaluationProtocol(
            task: task, origins: min(60, max(2, series.count / 5 / horizon)), stride: horizon)
        guard evaluation.originRows(count: series.count).count >= 2 else {
            throw InputError(path: path, "\(series.count) rows; at least \(2 * day + 2 * horizon + 1) are needed")
        }
        return evaluation
    }

    private func write(_ page: String) throws {
        let url = URL(filePath: output)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try page.write(to: url, atomically: true, encoding: .utf8)
    }
}
