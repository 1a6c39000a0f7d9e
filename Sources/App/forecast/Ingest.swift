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
              forecast ingest access.log.2.gz access.log.1 access.log --db prewarm.db --metric http_requests
              zcat metrics.om.gz | forecast ingest - --db prewarm.db
              forecast ingest cpu.csv --format wide --start 2026-11-01 --step 5m --db prewarm.db --metric cpu
              forecast ingest jobs.csv --format events --time-column submitted --every 1m --by queue --db prewarm.db \\
                  --metric jobs

            CSV has a header with timestamp and value, and series where there are several, which becomes a label. A wide table
            has a series a row and columns t0, t1, …; a table of events has a row for each of them, which are counted. JSON lines
            are VictoriaMetrics' import format. OpenMetrics and Prometheus text need a timestamp for every sample. The lines
            of access logs are counted by route, a count every --step; give all the files of a log at once, so that a step
            that begins in one and ends in another is counted whole. Every file is checked to its end before anything is
            stored, and reading a file again changes nothing.
            """)

    @Argument(help: "Files, plain or gzip; - is standard input.")
    var files: [String]
    @Option(help: "The store, an SQLite file; made where there is none.")
    var db: String
    @Option(help: "full: what is stored survives a power cut; normal: the last of it may not, and it takes less time.")
    var synchronous = SQLiteStore.Synchronous.full
    @Option(help: "The metric a CSV file or an access log speaks of.")
    var metric: String?
    @Option(help: "A label of a CSV file's or an access log's series; may be given several times.")
    var label: [String] = []
    @Option(help: "csv, wide, events, jsonl, openmetrics, prometheus, clf (access log), or auto.")
    var format = "auto"
    @Option(help: "What a count of an access log spans, 1m unless said; from a column of a wide table to the next.")
    var step: Span?
    @OptionGroup(title: "Tables")
    var tables: TableOptions
    @Flag(help: "Leaves out lines that cannot be read, and reports them.")
    var skipBad = false

    func validate() throws {
        if format != "auto", SampleFormat(rawValue: format) == nil {
            let known = SampleFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--format must be auto, \(known), not '\(format)'.")
        }
        if metric == nil, !label.isEmpty { throw ValidationError("--label needs --metric.") }
        if let step, step.seconds > 86_400 { throw ValidationError("--step is at most 1d.") }
        if files.count(where: { $0 == "-" }) > 1 { throw ValidationError("Standard input can be read once.") }
        do { _ = try key() } catch let error as SeriesNameError { throw ValidationError("\(error).") }
    }

    func run() async throws {
        let key = try key(), format = SampleFormat(rawValue: format), layout = tables.layout(step: step)
        let input = files.contains("-") ? try spooled() : nil
        let all = try files.map { path throws in
            if path == "-", let input { return try SampleFile(input, format: format, key: key, layout: layout) }
            return try SampleFile(path: path, format: format, key: key, layout: layout)
        }
        try tables.check(fit: all)
        let logs = all.filter { $0.format == .clf }, others = all.filter { !$0.format.isCounted }
        let eventFiles = all.filter { $0.format == .events }
        if !skipBad {
            for file in others { try await check(file) }
        }
        let counted = try key.flatMap { logs.isEmpty ? nil : try AccessLogs(logs, key: $0, step: step?.seconds ?? 60) }
        let events =
            eventFiles.isEmpty
            ? nil : try EventTables(eventFiles, every: tables.every?.seconds ?? 60, skipBad: skipBad)
        let store = try SQLiteStore(path: db, missing: .create, synchronous: synchronous)
        for file in others { try await load(file, into: store) }
        try await counted?.store(in: store)
        try await events?.store(in: store)
        withExtendedLifetime(input) {}
    }

    private func spooled() throws -> SpooledInput {
        let progress = ProgressBar(label: "reading", total: 0)
        defer { progress.finish() }
        return try SpooledInput { progress.update($0) }
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
