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

    /// Complexity: linear in the head, and in what is stored of the series that are in it.
    package func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        let fresh = freshRuns(matching: selector)
        var found: [SeriesKey: SeriesSummary] = [:]
        for summary in try await database.series(matching: selector) { found[summary.key] = summary }
        let always = Timestamp(millisecondsSinceEpoch: .min)..<Timestamp(millisecondsSinceEpoch: .max)
        for (key, runs) in fresh {
            let times = Run.merged([try await database.run(of: key, in: always)] + runs).times
            found[key] = SeriesSummary(key, times: times, bytes: found[key]?.bytes ?? 0)
        }
        return found.values.sorted { $0.key < $1.key }
    }

    /// The samples of every matching series in the head, oldest first.
    private func freshRuns(matching selector: SeriesSelector?) -> [SeriesKey: [Run]] {
        let (columns, keys) = contents()
        var runs: [SeriesKey: [Run]] = [:]
        for part in columns {
            let grouped = part.grouped(seriesCount: (keys.keys.max() ?? -1) + 1)
            for (number, key) in keys where selector?.matches(key) ?? true {
                let range = (number == 0 ? 0 : grouped.ends[number - 1])..<grouped.ends[number]
                let run = Run(times: Array(grouped.times[range]), values: Array(grouped.values[range]))
                runs[key, default: []].append(run.sortedByTime())
            }
        }
        return runs
    }

    package func keys(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesKey] {
        let fresh = presentKeys().filter { selector?.matches($0) ?? true }
        return Set(fresh).union(try await database.keys(matching: selector)).sorted()
    }

    /// What is in the head stays until it has been flushed.
    package func prune(before time: Timestamp) async throws(StoreError) -> Int {
        try await betweenFlushes { () async throws(StoreError) in try await self.database.prune(before: time) }
    }

    /// As `SQLiteStore.prune(toBytes:)`. What is in the head stays.
    package func prune(toBytes limit: Int) async throws(StoreError) -> Int {
        try await betweenFlushes { () async throws(StoreError) in try await self.database.prune(toBytes: limit) }
    }
}
