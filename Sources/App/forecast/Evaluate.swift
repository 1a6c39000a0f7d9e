import ArgumentParser
import Forecasting
import Foundation
import InputFiles
import Reports
import Series
import Units

/// `forecast evaluate`: rolling-origin accuracy over protocol entries.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures accuracy on history by forecasting from many origins.",
        discussion: """
            Examples:
              forecast evaluate protocols.json --baseline seasonal-naive --report out.html
              forecast evaluate protocols.json --entry nasa-1min --model ridge --output forecasts.csv

            WQL, TAIL, MASE and COVER are better when lower; CROSS must be 0. All series are evaluated beside each other on
            the cores; only the CPU seconds depend on how many there are.
            """)

    @Argument(help: "A JSON list of protocol entries; each names its trace, which lies beside the file.")
    var protocols: String
    @Option(help: "An entry to evaluate; may be given several times. Default: all.")
    var entry: [String] = []
    @OptionGroup var events: EventOptions
    @Option(help: "auto, or a model by name; global-ridge and global-net learn from all series of an entry together.")
    var model = "auto"
    @Option(help: "A model to compare with, such as seasonal-naive.")
    var baseline: String?
    @Option(help: "Only the first so many series of an entry, by name.")
    var maxSeries: Int?
    @Option(help: "Series that are worked on at the same time. Default: as many as there are cores.")
    var workers: Int?
    @Option(help: "Writes every forecast row of the one entry to this CSV file.")
    var output: String?
    @Option(help: "Writes an HTML page with pictures to this file.")
    var report: String?
    @Flag(help: "Prints figures as JSON: an object for one --entry, else an object of a list and its means.")
    var json = false

    func validate() throws {
        if let maxSeries, maxSeries < 1 { throw ValidationError("--max-series must be at least 1.") }
        if let workers, !(1...1_024).contains(workers) {
            throw ValidationError("--workers must be between 1 and 1024.")
        }
        if Set(entry).count != entry.count { throw ValidationError("an --entry is given twice.") }
        if events.events != nil, ModelCatalogue.global(named: model) != nil {
            throw ValidationError("--events are told to models that learn each series on its own.")
        }
        if output != nil, entry.count != 1 {
            throw ValidationError("--output holds the forecasts of one entry; name it with --entry.")
        }
    }

    func run() async throws {
        let method = try EvaluatedMethod(named: model)
        let other = try baseline.map { name throws in try EvaluatedMethod(named: name) }
        let evaluation = ParallelEvaluation(
            methods: [method] + (other.map { [$0] } ?? []), events: events, workers: workers ?? coreCount,
            maxSeries: maxSeries)
        let entries = try await evaluation.run(try ProtocolEntry.load(protocols, named: entry))
        let figures = EvaluationFigures(entries, model: method.name, baseline: other?.name)
        if let output, let only = entries.first { try write(only.csv, to: output) }
        if let report { try write(evaluationPage(entries, figures).rendered(), to: report) }
        if json { try figures.printJSON(isOne: entry.count == 1) } else { print(figures.table, terminator: "") }
    }

    private func write(_ text: String, to path: String) throws {
        do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
            throw InputError(path: path, "cannot be written; does its folder exist, and may you write there?")
        }
    }
}

/// CPU time of this process, user and system together.
enum ProcessCPU {
    static func seconds() -> Double {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return seconds(usage)
    }

    static func seconds(_ usage: rusage) -> Double {
        let micro = Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + micro * 1e-6
    }
}
