import InputFiles
import Ports
import Reports
import Series
import WireFormats

/// Tables of events counted together, before anything of them is stored.
struct EventTables {
    /// Samples stored at once, about.
    private static let batchSize = 50_000

    private let counter: EventCounter
    private let names: String
    private let bad: (count: Int, first: InputError?)

    /// - Throws: where a file cannot be read, at its first bad line unless `skipBad`, and where there are no events.
    init(_ files: [SampleFile], every: Int, skipBad: Bool) throws {
        var counter = EventCounter(every: every)
        var bad: (count: Int, first: InputError?) = (0, nil)
        for file in files {
            let progress = ProgressBar(label: "counting \(file.path)", total: file.bytes)
            defer { progress.finish() }
            try file.count(into: &counter) { error in
                guard skipBad else { throw error }
                bad = (bad.count + 1, bad.first ?? error)
            } onProgress: {
                progress.update($0)
            }
        }
        let first = files.first?.path ?? ""
        do throws(LineProblem) {
            guard try counter.steps() > 0 else { throw LineProblem("no events in it") }
        } catch {
            throw InputError(path: first, error.description)
        }
        (self.counter, self.bad, names) = (counter, bad, files.map(\.path).joined(separator: ", "))
    }

    /// Stores the counts and tells of them. Holds a batch and a series at a time.
    func store(in store: some SampleStore) async throws {
        var outcome = AppendOutcome()
        var batch = SampleBatch()
        for (number, key) in counter.keys.enumerated() {
            let samples = counter.samples(of: number)
            for (time, value) in zip(samples.timestamps, samples.values) {
                batch.append(key, time, value)
                guard batch.sampleCount >= Self.batchSize else { continue }
                outcome += try await store.append(batch)
                batch.removeAll()
            }
        }
        if !batch.isEmpty { outcome += try await store.append(batch) }
        print(
            "\(names): \(counter.events) events, \(outcome.added) new samples, \(outcome.replaced) replaced,",
            "\(outcome.unchanged) unchanged, \(counter.keys.count) series")
        if let first = bad.first {
            print("\(bad.count) bad line\(bad.count == 1 ? "" : "s") left out; the first: \(first)")
        }
    }
}
