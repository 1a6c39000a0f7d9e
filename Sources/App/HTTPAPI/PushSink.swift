import CoreMetrics
import Ports
import Series

/// Where every push goes: into the store, and counted.
struct PushSink: Sendable {
    let store: any SampleStore
    private let accepted, badNames, tooOld, overLimit: Counter
    private let histograms, exemplars, staleMarks: Counter

    init(_ store: any SampleStore, _ factory: any MetricsFactory) {
        self.store = store
        func counter(_ name: String, _ label: String, _ value: String) -> Counter {
            Counter(label: name, dimensions: [(label, value)], factory: factory)
        }
        func samples(_ outcome: String) -> Counter { counter("prewarm_pushed_samples_total", "outcome", outcome) }
        func skipped(_ kind: String) -> Counter { counter("prewarm_pushed_skipped_total", "kind", kind) }
        (accepted, badNames) = (samples("stored"), samples("bad_names"))
        (tooOld, overLimit) = (samples("too_old"), samples("over_limit"))
        (histograms, exemplars, staleMarks) = (skipped("histogram"), skipped("exemplar"), skipped("stale_mark"))
    }

    func write(_ columns: WriteColumns) async throws -> WriteOutcome {
        let outcome = try await store.write(columns)
        accepted.increment(by: outcome.accepted)
        badNames.increment(by: outcome.badNames)
        tooOld.increment(by: outcome.tooOld)
        overLimit.increment(by: outcome.overLimit)
        histograms.increment(by: columns.skipped.histograms)
        exemplars.increment(by: columns.skipped.exemplars)
        staleMarks.increment(by: columns.skipped.staleMarks)
        return outcome
    }
}
