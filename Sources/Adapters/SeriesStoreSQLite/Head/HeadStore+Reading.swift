package import Ports
package import Series
package import Units

extension HeadStore {
    package func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        let run = try await run(of: key, in: range)
        return SampleColumns(
            timestamps: run.times.map { Timestamp(millisecondsSinceEpoch: $0) }, values: run.values)
    }

    /// The head is looked at before the database: what a flush moves in between is then seen twice, and not missed.
    private func run(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> Run {
        let (from, to) = (range.lowerBound.millisecondsSinceEpoch, range.upperBound.millisecondsSinceEpoch)
        let canonical = key.labelBlock
        guard let head = snapshot(of: canonical) else { return try await database.run(of: key, in: range) }
        var runs = head.parts.map { $0.run(of: head.number) }
        runs.append(head.newest)
        let fresh = runs.map { $0.sortedByTime().within(from, to) }
        let stored = try await database.run(of: key, in: range)
        return Run.merged([stored] + fresh)
    }

    package func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        let fresh = presentKeys().filter { selector?.matches($0) ?? true }
        var found: [SeriesKey: SeriesSummary] = [:]
        for summary in try await database.series(matching: selector) { found[summary.key] = summary }
        let always = Timestamp(millisecondsSinceEpoch: .min)..<Timestamp(millisecondsSinceEpoch: .max)
        for key in fresh {
            let times = try await run(of: key, in: always).times
            found[key] = SeriesSummary(key, times: times, bytes: found[key]?.bytes ?? 0)
        }
        return found.values.sorted { $0.key < $1.key }
    }

    package func keys(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesKey] {
        let fresh = presentKeys().filter { selector?.matches($0) ?? true }
        return Set(fresh).union(try await database.keys(matching: selector)).sorted()
    }

    /// What is in the head stays until it has been flushed.
    package func prune(before time: Timestamp) async throws(StoreError) -> Int {
        try await database.prune(before: time)
    }
}
