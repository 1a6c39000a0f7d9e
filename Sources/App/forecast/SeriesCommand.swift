import ArgumentParser
import Foundation
import Ports
import Reports
import Series
import SeriesStoreSQLite
import Units

/// `forecast series`: what is stored.
struct SeriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "series", abstract: "Lists what is stored.",
        discussion: """
            Examples:
              forecast series --db prewarm.db
              forecast series --db prewarm.db 'http_requests{job="checkout"}' --json
            """)

    @Option(help: "The store.")
    var db: String
    @Argument(help: "Only series that match, as metric{label=\"value\"}.")
    var selector: String?
    @Flag(help: "Prints JSON.")
    var json = false

    func run() async throws {
        let selector = try selector.map { try SeriesSelector(parsing: $0) }
        let found = try await HeadStore(reading: db).series(matching: selector)
        if json { return try printJSON(found.map(Row.init)) }
        guard !found.isEmpty else {
            return print(selector.map { "no stored series matches \($0)" } ?? "nothing is stored yet")
        }
        var table = TextTable(header: ["series", "samples", "first", "last", "step", "gaps", "bytes"])
        for summary in found {
            table.append([
                summary.key.description, "\(summary.samples)", "\(summary.first)", "\(summary.last)",
                summary.stepMilliseconds.map { "\(Double($0) / 1_000) s" } ?? "-", "\(summary.gaps)",
                "\(summary.bytes)",
            ])
        }
        print(table.rendered(width: Terminal.columns), terminator: "")
    }

    private struct Row: Encodable {
        let labels: [String: String], samples: Int, first: String, last: String, step: Double?, gaps: Int, bytes: Int

        init(_ summary: SeriesSummary) {
            let pairs = summary.key.labels.map { ($0.name, $0.value) } + [("__name__", summary.key.metric)]
            labels = Dictionary(pairs) { first, _ in first }
            (samples, gaps, bytes) = (summary.samples, summary.gaps, summary.bytes)
            (first, last) = (summary.first.description, summary.last.description)
            step = summary.stepMilliseconds.map { Double($0) / 1_000 }
        }
    }
}

/// Prints a value as JSON with sorted keys.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
