import ArgumentParser
import Foundation
import InputFiles
import Ports
import Reports
import Series
import SeriesStoreSQLite

/// `forecast ingest`: files into the store.
struct Ingest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads files of samples into the store.",
        discussion: """
            Examples:
              forecast ingest requests.csv.gz --db prewarm.db --metric http_requests --label job=checkout
              forecast ingest export.jsonl --db prewarm.db

            CSV has a header with timestamp and value, and series where there are several, which becomes a label. JSON lines
            are VictoriaMetrics' import format. Every file is checked to its end before anything is stored, and reading a
            file again changes nothing.
            """)

    @Argument(help: "Files, plain or gzip.")
    var files: [String]
    @Option(help: "The store, an SQLite file; made where there is none.")
    var db: String
    @Option(help: "The metric a CSV file speaks of.")
    var metric: String?
    @Option(help: "A label of a CSV file's series; may be given several times.")
    var label: [String] = []
    @Option(help: "csv, jsonl, or auto.")
    var format = "auto"
    @Flag(help: "Leaves out lines that cannot be read, and reports them.")
    var skipBad = false

    func validate() throws {
        if format != "auto", SampleFormat(rawValue: format) == nil {
            throw ValidationError("--format must be auto, csv or jsonl, not '\(format)'.")
        }
        if metric == nil, !label.isEmpty { throw ValidationError("--label needs --metric.") }
        do { _ = try key() } catch let error as SeriesNameError { throw ValidationError("\(error).") }
    }

    func run() async throws {
        let key = try key()
        let files = try files.map { try SampleFile(path: $0, format: SampleFormat(rawValue: format), key: key) }
        if !skipBad {
            for file in files { try await check(file) }
        }
        let store = try SQLiteStore(path: db, missing: .create)
        for file in files { try await load(file, into: store) }
    }

    private func key() throws -> SeriesKey? {
        guard let metric else { return nil }
        let labels = try label.map { text throws in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw ValidationError("--label \(text): write name=value.") }
            return SeriesKey.Label(name: String(parts[0]), value: String(parts[1]))
        }
        return try SeriesKey(metric: metric, labels: labels)
    }

    /// Reads to the end and stores nothing, so that a bad line leaves no half of a file behind.
    private func check(_ file: SampleFile) async throws {
        let progress = ProgressBar(label: "checking \(name(of: file))", total: file.bytes)
        defer { progress.finish() }
        try await file.read {
            throw $0
        } onProgress: {
            progress.update($0)
        } onBatch: { _ in
        }
    }

    private func load(_ file: SampleFile, into store: SQLiteStore) async throws {
        let progress = ProgressBar(label: "storing \(name(of: file))", total: file.bytes)
        var outcome = AppendOutcome()
        var bad: (count: Int, first: InputError?) = (0, nil)
        var seen: Set<SeriesKey> = []
        defer { progress.finish() }
        try await file.read { error in
            guard skipBad else { throw error }
            bad = (bad.count + 1, bad.first ?? error)
        } onProgress: {
            progress.update($0)
        } onBatch: { batch in
            outcome += try await store.append(batch)
            seen.formUnion(batch.keys)
        }
        progress.finish()
        print(
            "\(file.path): \(outcome.added) new samples, \(outcome.replaced) replaced, \(outcome.unchanged) unchanged,",
            "\(seen.count) series")
        if let first = bad.first {
            print("\(bad.count) bad line\(bad.count == 1 ? "" : "s") left out; the first: \(first)")
        }
    }

    private func name(of file: SampleFile) -> String { URL(filePath: file.path).lastPathComponent }
}
