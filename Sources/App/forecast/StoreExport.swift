import ArgumentParser
import Foundation
import Ports
import Reports
import Series
import SeriesStoreSQLite
import Units
import WireFormats

/// `forecast store export`: samples out, in the format that `forecast ingest` reads.
struct StoreExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes samples as JSON lines, which `forecast ingest` reads back equal.",
        discussion: """
            Examples:
              forecast store export --db prewarm.db --output all.jsonl
              forecast store export --db prewarm.db 'http_requests{job="checkout"}' --since 7d | gzip > week.jsonl.gz

            Models and decisions are not samples; `forecast store backup` copies them too.
            """)

    /// A line stays far below what a reader takes.
    private static let samplesPerLine = 5_000
    /// Samples read from the store at once, about.
    private static let samplesPerRead = 100_000

    @Argument(help: "Only series that match, as metric{label=\"value\"}.")
    var selector: String?
    @Option(help: "The store.")
    var db: String
    @Option(help: "Only the newest of each series: 7d, 12h, …")
    var since: Span?
    @Option(help: "The file to write; standard output unless given.")
    var output: String?

    func run() async throws {
        let selector = try selector.map { try SeriesSelector(parsing: $0) }
        let store = try await HeadStore(reading: db)
        let found = try await store.series(matching: selector)
        let file = try ExportFile(path: output)
        let progress = ProgressBar(label: "exporting", total: found.reduce(0) { $0 + $1.samples })
        defer { progress.finish() }
        var samples = 0
        do {
            for summary in found {
                try await export(summary, from: store) { columns in
                    try file.write(encodeJSONLine(summary.key, columns))
                    samples += columns.count
                    progress.update(samples)
                }
            }
            try file.finish()
        } catch {
            file.abandon()
            throw error
        }
        progress.finish()
        if let output { print("\(output): \(samples) samples of \(found.count) series") }
    }

    /// Reads windows that hold about as many samples as are read at once, however far apart they lie.
    private func export(
        _ summary: SeriesSummary, from store: HeadStore, _ write: (SampleColumns) throws -> Void
    ) async throws {
        let end = Timestamp(millisecondsSinceEpoch: summary.last.millisecondsSinceEpoch + 1)
        var start = summary.first
        if let since { start = max(start, summary.last.advanced(bySeconds: -since.seconds)) }
        let span = Double(end.millisecondsSinceEpoch - summary.first.millisecondsSinceEpoch)
        let width = max(1, Int64(span * Double(Self.samplesPerRead) / Double(max(summary.samples, 1))))
        while start < end {
            let next = min(end, Timestamp(millisecondsSinceEpoch: start.millisecondsSinceEpoch + width))
            let columns = try await store.samples(of: summary.key, in: start..<next)
            for first in stride(from: 0, to: columns.count, by: Self.samplesPerLine) {
                let part = first..<min(first + Self.samplesPerLine, columns.count)
                try write(
                    SampleColumns(timestamps: Array(columns.timestamps[part]), values: Array(columns.values[part])))
            }
            start = next
        }
    }
}

/// Standard output, or a file that gets its name when it is whole.
private struct ExportFile {
    private let path: String?
    private let handle: FileHandle

    init(path: String?) throws {
        self.path = path
        guard let path else {
            handle = .standardOutput
            return
        }
        guard FileManager.default.createFile(atPath: path + ".partial", contents: nil),
            let handle = FileHandle(forWritingAtPath: path + ".partial")
        else { throw DaemonError("\(path): cannot be written; does its folder exist, and may you write there?") }
        self.handle = handle
    }

    func write(_ bytes: [UInt8]) throws { try handle.write(contentsOf: Data(bytes)) }

    func finish() throws {
        guard let path else { return }
        try handle.synchronize()
        try handle.close()
        guard unsafe rename(path + ".partial", path) == 0 else { throw DaemonError("\(path): cannot be made") }
    }

    func abandon() {
        guard let path else { return }
        try? handle.close()
        try? FileManager.default.removeItem(atPath: path + ".partial")
    }
}
