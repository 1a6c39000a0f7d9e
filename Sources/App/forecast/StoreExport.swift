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

            What is damaged is passed over and told; the command then ends with status 1, unless given --skip-bad.
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
    @Flag(help: "Ends with status 0 although damaged samples were passed over.")
    var skipBad = false
    @Option(help: "The file to write; standard output unless given.")
    var output: String?

    func run() async throws {
        let selector = try selector.map { try SeriesSelector(parsing: $0) }
        let store = try await HeadStore(reading: db)
        var found: [(key: SeriesKey, extent: SeriesExtent)] = []
        for key in try await store.keys(matching: selector) {
            if let extent = try await store.extent(of: key) { found.append((key, extent)) }
        }
        let file = try ExportFile(path: output)
        let progress = ProgressBar(label: "exporting", total: found.reduce(0) { $0 + $1.extent.samples })
        defer { progress.finish() }
        var (samples, losses) = (0, Losses())
        do {
            for (key, extent) in found {
                try await export(key, extent, from: store, &losses) { columns in
                    try file.write(encodeJSONLine(key, columns))
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
        if !losses.isEmpty {
            Terminal.note(losses.description)
            if !skipBad { throw ExitCode.failure }
        }
    }

    /// Reads windows that hold about as many samples as are read at once, however far apart they lie.
    private func export(
        _ key: SeriesKey, _ extent: SeriesExtent, from store: HeadStore, _ losses: inout Losses,
        _ write: (SampleColumns) throws -> Void
    ) async throws {
        let last = extent.last.millisecondsSinceEpoch
        var start = extent.first.millisecondsSinceEpoch
        let span = Double(last) - Double(start) + 1
        let width = Int64(max(1, min(span * Double(Self.samplesPerRead) / Double(max(extent.samples, 1)), 0x1p62)))
        if let since { start = max(start, extent.last.advanced(bySeconds: -since.seconds).millisecondsSinceEpoch) }
        var lost: Set<LostChunk> = []
        while start <= last {
            let (sum, isBeyond) = start.addingReportingOverflow(width)
            let next = isBeyond ? last + 1 : min(last + 1, sum)
            let range = Timestamp(millisecondsSinceEpoch: start)..<Timestamp(millisecondsSinceEpoch: next)
            let (columns, damaged) = try await store.soundSamples(of: key, in: range)
            for chunk in damaged where lost.insert(chunk).inserted { losses.add(chunk, of: key) }
            for first in stride(from: 0, to: columns.count, by: Self.samplesPerLine) {
                let part = first..<min(first + Self.samplesPerLine, columns.count)
                try write(
                    SampleColumns(timestamps: Array(columns.timestamps[part]), values: Array(columns.values[part])))
            }
            start = next
        }
    }
}

/// What could not be exported.
private struct Losses: CustomStringConvertible {
    private var samples = 0, chunks = 0
    /// Each may have held chunks of several series, and is told once.
    private var lists: Set<LostChunk> = []

    var isEmpty: Bool { chunks == 0 && lists.isEmpty }

    /// Tells it on standard error.
    mutating func add(_ lost: LostChunk, of key: SeriesKey) {
        guard let count = lost.samples else {
            guard lists.insert(lost).inserted else { return }
            return Terminal.note(
                "\(key) and up to 63 series beside it: what they have from \(lost.first) to \(lost.last) may be lost:",
                lost.reason)
        }
        chunks += 1
        samples += count
        Terminal.note("\(key): \(count) samples from \(lost.first) to \(lost.last) are damaged:", lost.reason)
    }

    var description: String {
        let known = "\(samples) samples in \(chunks) damaged chunk\(chunks == 1 ? "" : "s")"
        let unknown = "\(lists.count) damaged list\(lists.count == 1 ? "" : "s") of chunks"
        let parts = (chunks > 0 ? [known] : []) + (lists.isEmpty ? [] : ["what \(unknown) held"])
        return parts.joined(separator: " and ")
            + " \(chunks == 0 ? "is" : "are") not in the export; `forecast store check` tells more, a backup may have them"
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
