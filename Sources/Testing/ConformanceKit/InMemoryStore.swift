package import Ports
package import Series
package import Units

/// A sample store that forgets: what `SampleStore` asks for and nothing else, for tests of whatever stands on one.
package actor InMemorySampleStore: SampleStore {
    private var stored: [SeriesKey: [Timestamp: Double]] = [:]

    package init() {}

    package func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome {
        var outcome = AppendOutcome()
        for (key, columns) in zip(batch.keys, batch.columns) {
            for (time, value) in zip(columns.timestamps, columns.values) where !value.isNaN {
                let old = stored[key, default: [:]].updateValue(value, forKey: time)
                switch old {
                case nil: outcome.added += 1
                case value: outcome.unchanged += 1
                default: outcome.replaced += 1
                }
            }
        }
        return outcome
    }

    package func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        stored.keys.filter { selector?.matches($0) ?? true }.sorted().compactMap { summary($0) }
    }

    package func samples(
        of key: SeriesKey, in range: Range<Timestamp>
    ) async throws(StoreError) -> SampleColumns {
        let found = stored[key, default: [:]].filter { range.contains($0.key) }.sorted { $0.key < $1.key }
        return SampleColumns(timestamps: found.map(\.key), values: found.map(\.value))
    }

    package func prune(before time: Timestamp) async throws(StoreError) -> Int {
        var removed = 0
        for (key, samples) in stored {
            stored[key] = samples.filter { $0.key >= time }
            removed += samples.count { $0.key < time }
        }
        return removed
    }

    private func summary(_ key: SeriesKey) -> SeriesSummary? {
        let times = stored[key, default: [:]].keys.sorted()
        guard let first = times.first, let last = times.last else { return nil }
        let distances = zip(times, times.dropFirst()).map { $1.millisecondsSinceEpoch - $0.millisecondsSinceEpoch }
        let step = commonest(distances)
        return SeriesSummary(
            key: key, samples: times.count, first: first, last: last, stepMilliseconds: step,
            gaps: distances.count { 2 * $0 > 3 * (step ?? .max / 4) }, bytes: 16 * times.count)
    }

    /// The smallest of the values that stand most often.
    private func commonest(_ values: [Int64]) -> Int64? {
        var counts: [Int64: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }
}

/// A decision log that forgets.
package actor InMemoryDecisionLog: DecisionLog {
    private var records: [DecisionRecord] = []

    package init() {}

    package func record(_ record: DecisionRecord) async throws(StoreError) { records.append(record) }

    package func decisions(
        of workload: WorkloadID, upTo time: Timestamp, limit: Int
    ) async throws(StoreError)
        -> [DecisionRecord]
    {
        let found = records.filter { $0.workload == workload && $0.at <= time }.sorted { $0.at > $1.at }
        return Array(found.prefix(max(0, limit)))
    }
}
