import ArgumentParser
import Forecasting
import Foundation
import InputFiles
import Planning
import Reports
import Series
import Simulation
import Units

/// `forecast backtest`: what policies would have cost on a trace, and how late requests would have been.
struct Backtest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replays a trace against scaling policies.",
        discussion: """
            Example:
              forecast backtest --trace requests.csv --service service.json --from 2026-03-01 \\
                --policy predictive:0.99 --policy hpa:0.7 --policy clairvoyant

            Everything before --from is what the policies know of the past. Cost is a multiple of the clairvoyant's.
            Policies: \(PolicyCatalogue.forms.joined(separator: ", ")).
            """)

    @Option(help: "A CSV trace, plain or gzip.")
    var trace: String
    @Option(help: "The series of the trace, where there are several.")
    var series: String?
    @Option(help: "The service, a JSON file.")
    var service: String
    @Option(help: "A policy; may be given several times.")
    var policy: [String]
    @Option(help: "The scored part starts here.")
    var from: Timestamp?
    @Option(help: "The scored part ends here.")
    var to: Timestamp?
    @Option(help: "Seconds between decisions.")
    var tick = 15
    @Option(help: "The model behind predictive.")
    var model = "auto"
    @Option(help: "Writes the decisions of the one policy given to this CSV file.")
    var decisions: String?
    @Flag(help: "Prints figures as JSON.")
    var json = false

    func validate() throws {
        if policy.isEmpty { throw ValidationError("Give at least one --policy.") }
        if decisions != nil && policy.count > 1 { throw ValidationError("--decisions takes exactly one --policy.") }
        if !(1...3_600).contains(tick) { throw ValidationError("--tick must be between 1 and 3600 seconds.") }
    }

    func run() async throws {
        let service = try ReplayService(path: service)
        let trace = try ReplayTrace(TraceFile(path: trace).pick(series), service: service, from: from, to: to)
        let plan = clairvoyantDecisions(trace, service: service)
        let bound = replay(arrivals: trace.arrivals, isGap: trace.isGap, service: service, decisions: plan)
        var outcomes: [PolicyOutcome] = []
        for name in policy {
            let made = try decide(name, trace, service, plan)
            let figures = replay(arrivals: trace.arrivals, isGap: trace.isGap, service: service, decisions: made)
            outcomes.append(PolicyOutcome(name, figures, clairvoyantHours: bound.instanceHours))
            if let decisions { try write(made, from: trace.start, to: decisions) }
        }
        print(json ? try PolicyOutcome.json(outcomes) : PolicyOutcome.table(outcomes))
    }

    private func decide(
        _ name: String, _ trace: ReplayTrace, _ service: ReplayService, _ plan: [ReplayDecision]
    ) throws -> [ReplayDecision] {
        // The bound is the plan itself; run as a policy it would be rounded to ticks.
        if name == "clairvoyant" { return plan }
        let policy = try PolicyCatalogue.policy(
            parsing: name, service: service.model, tick: tick, peakRate: trace.peakRate)
        let horizon = policy.forecastHorizon(step: trace.series.step, tick: tick)
        let forecaster =
            horizon == 0
            ? nil
            : try rollingForecaster(
                horizon: horizon, step: trace.series.step, level: policy.operatingLevel)
        return runPolicy(policy, trace: trace, service: service, tick: tick, forecaster: forecaster)
    }

    /// Learns anew once a day, as the daemon does.
    private func rollingForecaster(horizon: Int, step: Int, level: Double?) throws -> RollingForecaster {
        let day = max(2, 86_400 / step)
        let task = ForecastTask(horizon: horizon, season: day, isWeekly: true, operatingLevel: level)
        return RollingForecaster(try ModelCatalogue.forecaster(named: model), task: task, refitEvery: day)
    }

    private func write(_ decisions: [ReplayDecision], from start: Timestamp, to path: String) throws {
        let rows = decisions.map { "\(start.advanced(bySeconds: $0.second)),\($0.desired)\n" }
        try ("timestamp,desired\n" + rows.joined()).write(toFile: path, atomically: true, encoding: .utf8)
    }
}

extension Timestamp: ExpressibleByArgument {
    package init?(argument: String) { self.init(parsing: argument) }
}

/// What a policy's replay came to, under the names of `--json`.
private struct PolicyOutcome: Encodable {
    let policy: String
    let requests, late, meanWait, p50, p95, p99, p999, maxWait, instanceHours, backlogAtEnd: Double
    let peak, raises, cuts: Int
    let clairvoyantHours: Double, cost: Double?

    init(_ policy: String, _ figures: ReplayFigures, clairvoyantHours: Double) {
        self.policy = policy
        (requests, late, meanWait) = (figures.requests, figures.late, figures.meanWait)
        (p50, p95, p99, p999) = (figures.p50, figures.p95, figures.p99, figures.p999)
        (maxWait, instanceHours, backlogAtEnd) = (figures.maxWait, figures.instanceHours, figures.backlogAtEnd)
        (peak, raises, cuts, self.clairvoyantHours) = (figures.peak, figures.raises, figures.cuts, clairvoyantHours)
        cost = clairvoyantHours > 0 ? figures.instanceHours / clairvoyantHours : nil
    }

    static func json(_ outcomes: [PolicyOutcome]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(outcomes), as: UTF8.self)
    }

    static func table(_ outcomes: [PolicyOutcome]) -> String {
        var table = TextTable(header: ["policy", "late", "p99 wait", "instance-hours", "cost", "raises", "peak"])
        for outcome in outcomes {
            table.append([
                outcome.policy, String(format: "%.3f%%", outcome.late * 100), String(format: "%.0f s", outcome.p99),
                String(format: "%.1f", outcome.instanceHours),
                outcome.cost.map { String(format: "%.3f", $0) } ?? "-", "\(outcome.raises)", "\(outcome.peak)",
            ])
        }
        return table.rendered(width: Terminal.columns, colour: Terminal.usesColour)
    }
}
