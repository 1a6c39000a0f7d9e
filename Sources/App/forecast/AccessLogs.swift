import InputFiles
import Ports
import Reports
import Series
import WireFormats

/// Access logs counted together, before anything of them is stored.
struct AccessLogs {
    /// Samples stored at once, about.
    private static let batchSize = 50_000

    private let counter: AccessLogCounter
    private let batch: SampleBatch
    private let names: String

    /// - Throws: where a file cannot be read, or most lines are none of an access log.
    init(_ files: [SampleFile], key: SeriesKey, step: Int) throws {
        var counter = AccessLogCounter(step: step)
        for file in files {
            let progress = ProgressBar(label: "counting \(file.path)", total: file.bytes)
            defer { progress.finish() }
            try file.count(into: &counter) { progress.update($0) }
        }
        let first = files.first?.path ?? ""
        if let problem = counter.firstProblem, 2 * counter.malformedLines > counter.lines {
            throw InputError(
                path: first, line: problem.line,
                "\(problem.problem); \(counter.malformedLines) of \(counter.lines) lines are none of an access log")
        }
        do throws(LineProblem) { batch = try counter.samples(metric: key.metric, labels: key.labels) } catch {
            throw InputError(path: first, error.description)
        }
        guard !batch.isEmpty else { throw InputError(path: first, "no lines in it") }
        (self.counter, names) = (counter, files.map(\.path).joined(separator: ", "))
    }

    /// Stores the counts and tells of them.
    func store(in store: some SampleStore) async throws {
        var outcome = AppendOutcome()
        var part = SampleBatch()
        for (key, columns) in zip(batch.keys, batch.columns) {
            for (time, value) in zip(columns.timestamps, columns.values) { part.append(key, time, value) }
            guard part.sampleCount >= Self.batchSize else { continue }
            outcome += try await store.append(part)
            part.removeAll()
        }
        if !part.isEmpty { outcome += try await store.append(part) }
        print(
            "\(names): \(counter.lines) lines, \(outcome.added) new samples, \(outcome.replaced) replaced,",
            "\(outcome.unchanged) unchanged, \(batch.keys.count) series")
        if let first = counter.firstProblem {
            let bad = counter.malformedLines
            print(
                "\(bad) malformed line\(bad == 1 ? "" : "s") left out; the first, line \(first.line): \(first.problem)")
        }
    }
}
