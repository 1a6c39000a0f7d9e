import Forecasting
import Reports
import Series

/// What `train --all` came to, under the names of `--json`.
struct BulkReport: Encodable {
    struct Shared: Encodable { let series: String, version: Int }

    /// Of one series: its version and model, or why there is none.
    struct Result: Encodable {
        let series: String, rows: Int, version: Int?, model: String?
        let scores: [String: Double]?, seasonalNaive: [String: Double]?
        let failure: String?
    }

    let selector: String, asked: String, step: Int, season: Int, horizon: Int
    let trained: Int, failed: Int, cpuSeconds: Double, seconds: Double
    /// What those that were learnt together share; nil where each learnt on its own.
    let shared: Shared?
    let series: [Result]

    init(
        selector: SeriesSelector, model: String, step: Int, task: ForecastTask, shared: Shared?, results: [Result],
        cpuSeconds: Double, seconds: Double
    ) {
        (self.selector, asked, self.step) = (selector.description, model, step)
        (season, horizon, self.shared, series) = (task.season, task.horizon, shared, results)
        failed = results.count { $0.failure != nil }
        trained = results.count - failed
        (self.cpuSeconds, self.seconds) = (cpuSeconds, seconds)
    }

    /// Reasons that are told apart in the text; the rest is counted.
    private static let reasons = 5

    var text: String {
        var table = TextTable(header: ["\(selector): \(asked), rows of \(step) s, \(horizon) ahead", ""])
        table.append(["series", "\(series.count)"])
        table.append(["trained", "\(trained)"])
        for (name, count) in counted(series.compactMap(\.model)) { table.append(["  \(name)", "\(count)"]) }
        table.append(["failed", "\(failed)"])
        for (reason, count) in counted(series.compactMap(\.failure)) { table.append(["  \(reason)", "\(count)"]) }
        for name in ["WQL", "TAIL"] {
            let found = series.compactMap { $0.scores?[name] }.sorted()
            guard !found.isEmpty else { continue }
            let edges = [0.1, 0.5, 0.9].map { fixedText(found[Int($0 * Double(found.count - 1))], digits: 4) }
            table.append(["\(name) held out, of 10%, 50% and 90% of the series", edges.joined(separator: "  ")])
            table.append(["  better than seasonal-naive", share(betterIn: name)])
        }
        table.append(["CPU seconds", fixedText(cpuSeconds, digits: 1)])
        table.append(["seconds", fixedText(seconds, digits: 1)])
        if let shared { table.append(["kept for newcomers as", "\(shared.series) version \(shared.version)"]) }
        return table.rendered(width: Terminal.columns)
    }

    private func share(betterIn name: String) -> String {
        let pairs = series.compactMap { result in
            result.scores?[name].flatMap { own in result.seasonalNaive?[name].map { (own, $0) } }
        }
        return "\(pairs.count { $0.0 < $0.1 }) of \(pairs.count)"
    }

    /// The commonest first, by name where they are equally common; what is beyond the limit as one.
    private func counted(_ names: [String]) -> [(String, Int)] {
        var counts: [String: Int] = [:]
        for name in names { counts[name, default: 0] += 1 }
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
        let rest = sorted.dropFirst(Self.reasons).reduce(0) { $0 + $1.1 }
        return sorted.prefix(Self.reasons) + (rest > 0 ? [("others", rest)] : [])
    }
}
