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

              forecast backtest --trace requests.csv --startup 2m --policy predictive:0.99 --inject outage:for=20m

            Everything before --from is what the policies know of the past. Cost is a multiple of the clairvoyant's.
            With --requests the service may hold serviceTime and startup, {"mean": 0.2, "cv": 0.5} or {"values": [...]}, in
            seconds, concurrency, queueLimit and failedStarts, a share. Plans reckon with the 0.9 quantile of startup. With
            "staffing": "queue" predictive plans so that no more requests wait for longer than sloWaitSeconds than its dial
            allows, by serviceTime, concurrency and arrivalCV. Its "limits" are stepUp, stepDown and standby, "4" or "10%",
            budgetHours with budgetPer hour or day, stabilisationSeconds, minimumRunSeconds and startCostSeconds.
            Its "schedules" are floors under every policy: [{"cron": "0 8 * * 1-5", "zone": "Europe/Berlin", "for": "10h",
            "floor": 4}].
            Policies:
            \(PolicyCatalogue.families.map { "  \($0.usage): \($0.summary)" }.joined(separator: "\n"))
            """)

    @OptionGroup var replayed: ReplayOptions
    @Option(help: "A policy; may be given several times.")
    var policy: [String]
    @Option(help: "Writes the decisions of the one policy given to this CSV file.")
    var decisions: String?
    @Option(help: "Writes a page with pictures to this file; the first policy is the one in question.")
    var report: String?
    @Flag(help: "Prints figures as JSON.")
    var json = false
    @OptionGroup(title: "Single requests")
    var single: RequestOptions

    func validate() throws {
        if policy.isEmpty { throw ValidationError("Give at least one --policy.") }
        if decisions != nil && policy.count > 1 { throw ValidationError("--decisions takes exactly one --policy.") }
    }

    func run() async throws {
        for path in [report, decisions].compactMap({ $0 }) { try requireWritable(path) }
        let setting = try replayed.setting(startsInTheMiddle: false)
        let (trace, service) = (setting.trace, setting.service)
        if !json { setting.notes.forEach { Terminal.note($0) } }
        let plan = clairvoyantDecisions(trace, service: service)
        let bound = replay(trace, service: service, decisions: plan)
        let made = try decide(trace, service, plan)
        let outcomes = try zip(policy, made).map { name, decisions in
            let figures = replay(trace, service: service, decisions: decisions)
            let single = try single.replay(decisions, trace, service, path: replayed.whatIf.service)
            return PolicyOutcome(
                name, figures, clairvoyantHours: bound.instanceHours, single,
                startHours: service.model.startHours(figures.starts))
        }
        if let decisions { try write(made[0], from: trace.start, to: decisions) }
        if let report {
            let page = BacktestReport(
                traceName: replayed.traceName, setting: setting, tick: replayed.tick, model: replayed.model,
                policies: Array(zip(policy, made)), clairvoyantHours: bound.instanceHours, command: typedCommand())
            try writePage(page.rendered(), to: report)
        }
        print(json ? try PolicyOutcome.json(outcomes) : PolicyOutcome.table(outcomes))
    }

    /// What each policy decides. Those that ask the same of a forecast share what is learnt and forecast.
    private func decide(
        _ trace: ReplayTrace, _ service: ReplayService, _ plan: [ReplayDecision]
    ) throws -> [[ReplayDecision]] {
        // The bound is the plan itself; run as a policy it would be rounded to ticks.
        var made = [[ReplayDecision]](repeating: plan, count: policy.count)
        let places = policy.indices.filter { policy[$0] != "clairvoyant" }
        let policies = try places.map {
            try PolicyCatalogue.policy(
                parsing: policy[$0], service: service.planned, tick: replayed.tick, peakRate: trace.peakRate)
        }
        let own = try ModelCatalogue.forecaster(named: replayed.model)
        for group in try policyGroups(policies, step: trace.forecastGrid.step, tick: replayed.tick, own: own) {
            let decisions = runPolicies(
                group.members.map { policies[$0] }, trace: trace, service: service, tick: replayed.tick,
                forecaster: group.forecaster)
            for (member, own) in zip(group.members, decisions) { made[places[member]] = own }
        }
        return made
    }

    private func write(_ decisions: [ReplayDecision], from start: Timestamp, to path: String) throws {
        let rows = decisions.map { "\(start.advanced(bySeconds: $0.second)),\($0.desired)\n" }
        try writePage("timestamp,desired\n" + rows.joined(), to: path)
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
    /// What starts cost beside `instanceHours`; nil where a start has no price.
    let startHours: Double?
    /// Of a replay request by request, where one was asked for.
    let byRequest: RequestOutcome?

    init(
        _ policy: String, _ figures: ReplayFigures, clairvoyantHours: Double, _ single: RequestFigures?,
        startHours: Double?
    ) {
        (self.policy, self.startHours) = (policy, startHours)
        byRequest = single.map(RequestOutcome.init)
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
        let starts = outcomes.contains { $0.startHours != nil } ? ["start-hours"] : []
        var table = TextTable(
            header: ["policy", "late", "p99 wait", "instance-hours"] + starts + ["cost", "raises", "peak"])
        for outcome in outcomes {
            let hours = [outcome.instanceHours] + (outcome.startHours.map { [$0] } ?? [])
            table.append(
                [outcome.policy, String(format: "%.3f%%", outcome.late * 100), String(format: "%.0f s", outcome.p99)]
                    + hours.map { String(format: "%.1f", $0) } + [
                        outcome.cost.map { String(format: "%.3f", $0) } ?? "-", "\(outcome.raises)",
                        "\(outcome.peak)",
                    ])
        }
        let single = outcomes.compactMap { outcome in outcome.byRequest.map { (outcome.policy, $0) } }
        return table.rendered(width: Terminal.columns, colour: Terminal.usesColour)
            + (single.isEmpty ? "" : "\n" + RequestOutcome.table(single))
    }
}
