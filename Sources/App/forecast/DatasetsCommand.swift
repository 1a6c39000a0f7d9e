import ArgumentParser
import Foundation
import PublicDatasets
import Reports
import Series
import Simulation
import Units
import WireFormats

/// `forecast datasets`: traces to try things on.
struct DatasetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datasets",
        abstract: "Lists and fetches public traces, and generates made-up ones.",
        subcommands: [DatasetsList.self, DatasetsFetch.self, DatasetsGenerate.self])
}

struct DatasetsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the public traces that can be fetched.")

    @Flag(help: "Prints the catalogue as JSON.")
    var json = false

    func run() async throws {
        guard !json else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            return print(String(decoding: try encoder.encode(DatasetCatalogue.entries), as: UTF8.self))
        }
        var table = TextTable(header: ["name", "kind", "licence", "what it is", "what it shows"])
        for entry in DatasetCatalogue.entries {
            table.append([entry.name, entry.kind, entry.licence, entry.title, entry.shows])
        }
        print(table.rendered(width: Terminal.columns, colour: Terminal.usesColour), terminator: "")
    }
}

struct DatasetsFetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetches a public trace, checks it and converts it to CSV.",
        discussion: """
            Example:
              forecast datasets fetch nyc-taxi --output taxi.csv

            The original is checked against a known SHA-256. On a machine without internet, download its url (see
            'forecast datasets list --json') elsewhere and give the file with --from.
            """)

    @Argument(help: "A name from 'forecast datasets list'.")
    var name: String
    @Option(help: "The original file, downloaded before; nothing is fetched.")
    var from: String?
    @Option(help: "The CSV file to write; NAME.csv unless given.")
    var output: String?

    func run() async throws {
        let entry = try DatasetCatalogue.entry(named: name)
        let original = try await original(of: entry)
        let samples = try entry.samples(of: original, source: from ?? entry.url)
        let path = output ?? "\(entry.name).csv"
        try writeAtomically(encodedTraceCSV(samples), to: path)
        print("\(path): \(samples.count) rows, kind \(entry.kind), licence \(entry.licence)")
    }

    private func original(of entry: DatasetEntry) async throws -> [UInt8] {
        if let from { return try entry.read(path: from) }
        let progress = ProgressBar(label: "fetching \(entry.name)", total: entry.bytes)
        defer { progress.finish() }
        return try await entry.download { progress.update($0) }
    }
}

struct DatasetsGenerate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Makes up a trace; the same arguments give the same file.",
        discussion: """
            Example:
              forecast datasets generate weekly --seed 1 --days 28 --step 5m --output weekly.csv

            Values are request counts per step, with Poisson noise. Without --output they go to standard output.
            """)

    @Argument(help: "daily, weekly, bursty, sparse or regime-change.")
    var kind: LoadPattern
    @Option(help: "The seed of the random numbers.")
    var seed: UInt64
    @Option(help: "How many days.")
    var days = 28
    @Option(help: "What a row spans: seconds, or 1m, 15m, 1h, …")
    var step = Span(60)
    @Option(help: "The mean count per row.")
    var mean = 100.0
    @Option(help: "Where the trace starts.")
    var start = Timestamp(secondsSinceEpoch: 1_704_067_200)
    @Option(help: "The CSV file to write.")
    var output: String?

    func validate() throws {
        if !(1...86_400).contains(step.seconds) { throw ValidationError("--step must be from 1 s to 1 d.") }
        if !(1...36_500).contains(days) { throw ValidationError("--days must be between 1 and 36500.") }
        if !(mean > 0 && mean <= 1e9) { throw ValidationError("--mean must be above 0 and at most 1e9.") }
        if rows > GridError.maximumRows {
            throw ValidationError("\(rows) rows are too many; use fewer --days or a longer --step.")
        }
    }

    func run() async throws {
        let series = generateLoad(kind, seed: seed, start: start, step: step.seconds, rows: rows, mean: mean)
        let times = series.values.indices.map { series.grid.time(of: $0) }
        let bytes = encodedTraceCSV(SampleColumns(timestamps: times, values: series.values))
        if let output {
            try writeAtomically(bytes, to: output)
            return print("\(output): \(series.count) rows of \(step.seconds) s")
        }
        try FileHandle.standardOutput.write(contentsOf: Data(bytes))
    }

    private var rows: Int { days * 86_400 / step.seconds }
}

extension LoadPattern: ExpressibleByArgument {
    /// The names of the cases, and `regime-change` as a command line has it.
    package init?(argument: String) { self.init(rawValue: argument == "regime-change" ? "regimeChange" : argument) }

    package static var allValueStrings: [String] { ["daily", "weekly", "bursty", "sparse", "regime-change"] }
}

/// Writes through a file beside it that is then renamed, so that a reader sees the old content or the new, never a part.
private func writeAtomically(_ bytes: [UInt8], to path: String) throws {
    do { try Data(bytes).write(to: URL(filePath: path), options: .atomic) } catch {
        throw OutputError(path: path, problem: (error as NSError).localizedDescription)
    }
}

private struct OutputError: Error, CustomStringConvertible {
    let path: String, problem: String
    var description: String {
        "\(path): cannot be written (\(problem)); does its folder exist, and may you write there?"
    }
}
