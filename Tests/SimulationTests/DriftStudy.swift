import Forecasting
import Foundation
import InputFiles
import Series
import TestSupport
import Testing
import Units

/// How often the rule for drift fires where nothing has changed, and how soon where something has, on public traces: what its
/// bounds are chosen by. `PREWARM_STUDY=drift swift test -c release --filter DriftStudy` prints the tables of docs/benchmarks.md.
@Suite struct DriftStudy {
    private static let isAsked = ProcessInfo.processInfo.environment["PREWARM_STUDY"] == "drift"

    private struct Trace {
        let name: String, file: String, series: String?, horizon: Int, weekly: Bool
    }

    private static let traces = [
        Trace(name: "nasa", file: "nasa_http_1995_1min", series: nil, horizon: 60, weekly: true),
        Trace(name: "twitter-stream", file: "twitter_stream_2021_1min", series: nil, horizon: 60, weekly: true),
        Trace(name: "elb", file: "nab_elb_request_count_5min", series: nil, horizon: 24, weekly: false),
        Trace(name: "taxi", file: "nab_nyc_taxi_30min", series: nil, horizon: 12, weekly: true),
        Trace(name: "bikeshare", file: "capital_bikeshare_1h", series: nil, horizon: 12, weekly: true),
    ]
    /// Days that are gone through, and days of history that a model learns from.
    private static let days = 30, history = 28

    private struct Look {
        /// Rows since the model learnt.
        let rows: Int
        let losses: MaturedLosses, heldOut: Double?
        func fires(_ rule: DriftRule) -> Bool {
            if case .drifted = rule.verdict(on: losses, heldOut: heldOut) { return true }
            return false
        }
    }

    private static let bounds = [1.5, 2, 2.5, 3].flatMap { held in
        [1.25, 1.5, 2, 3, 100].map { DriftRule(overHeldOut: held, overNaive: $0) }
    }

    private static let changes: [(name: String, change: @Sendable (Int, Int, [Double]) -> Double)] = [
        ("twice", { row, _, rows in rows[row] * 2 }), ("half", { row, _, rows in rows[row] / 2 }),
        ("six hours later", { row, season, rows in rows[row - season / 4] }),
    ]

    @Test(.enabled(if: isAsked && SharedData.isPresent), .timeLimit(.minutes(30)))
    func boundsAgainstFalseAlarmsAndDelays() throws {
        var ordinary: [[Look]] = [], changed = [[[Look]]](repeating: [], count: Self.changes.count)
        for trace in Self.traces {
            let series = try TraceFile(path: SharedData.data("\(trace.file).csv.gz").path).pick(trace.series)
            let season = 86_400 / series.step, learnt = 8 * season
            let days = min((series.count - learnt) / season, Self.days), before = ordinary.count
            for day in 0..<days {
                let end = series.count - (days - day) * season
                ordinary.append(try looks(series, trace, from: end))
                guard day % 6 == 3 else { continue }
                for (number, each) in Self.changes.enumerated() {
                    let values = series.values.indices.map { row in
                        row < end ? series.values[row] : each.change(row, season, series.values)
                    }
                    let other = RegularSeries(start: series.grid.start, step: series.step, values: values)
                    changed[number].append(try looks(other, trace, from: end))
                }
            }
            let alarms = ordinary[before...].count { $0.contains { $0.fires(DriftRule()) } }
            print("\(trace.name): \(days) days, \(alarms) with an alarm by the bounds in use")
        }
        print(Self.table(ordinary, changed))
        #expect(!ordinary.isEmpty)
    }

    /// What would be seen over the day after a model has learnt from the rows before `end`, looking once a horizon.
    private func looks(_ series: RegularSeries, _ trace: Trace, from end: Int) throws -> [Look] {
        let season = 86_400 / series.step
        let task = ForecastTask(horizon: trace.horizon, season: season, isWeekly: trace.weekly)
        let first = max(0, end - Self.history * season), last = min(end + season, series.count)
        let part = RegularSeries(
            start: series.grid.time(of: first), step: series.step, values: Array(series.values[first..<last]))
        let past = KnownDemand(part, count: end - first)
        guard let fit = try? DirectRidge().fitHoldingOut(past, task: task) else { return [] }
        let heldOut = fit.heldOut.losses(in: past)?.all
        return stride(from: trace.horizon, through: last - end, by: trace.horizon).compactMap { rows in
            let known = KnownDemand(part, count: end - first + rows)
            return DriftRule().losses(of: fit.model, known, learntBefore: past.end).map {
                Look(rows: rows * series.step, losses: $0, heldOut: heldOut)
            }
        }
    }

    private static func table(_ ordinary: [[Look]], _ changed: [[[Look]]]) -> String {
        var lines = ["| over held out | over naive | alarms in 30 days |" + changes.map { " \($0.name) |" }.joined()]
        for rule in bounds {
            let days = ordinary.filter { !$0.isEmpty }
            let alarms = days.count { $0.contains { $0.fires(rule) } }
            var cells = [
                "\(rule.overHeldOut)", "\(rule.overNaive)",
                decimal(30 * Double(alarms) / Double(max(days.count, 1)), 1),
            ]
            for looks in changed {
                let runs = looks.filter { !$0.isEmpty }
                let delays = runs.compactMap { $0.first { $0.fires(rule) }?.rows }.sorted()
                let median = delays.isEmpty ? "-" : decimal(Double(delays[delays.count / 2]) / 3_600, 1)
                cells.append("\(100 * delays.count / max(runs.count, 1))%, \(median) h")
            }
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n")
    }

    private static func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
