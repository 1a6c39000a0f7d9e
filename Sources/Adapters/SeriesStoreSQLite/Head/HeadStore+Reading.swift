package import Ports
package import Series
package import Units

/// The head is looked at before the database throughout: what a flush moves in between is then seen twice, and not missed.
extension HeadStore {
    package func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        SampleColumns(try await run(of: key, in: range))
    }

    private func run(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> Run {
        let fresh = freshRun(of: key, in: range)
        return Run.merged([try await database.run(of: key, in: range), fresh])
    }

    /// What the head holds of a series, ascending. Complexity: that of its samples, and linear in the open part.
    func freshRun(of key: SeriesKey, in range: Range<Timestamp>) -> Run {
        let canonical = key.labelBlock
        guard let head = withState({ $0.snapshot(of: canonical) }) else { return Run() }
        let runs = head.columns.flatMap { columns in
            columns.parts.filter { $0.touches(range) }.map { $0.run(of: head.number) } + [columns.newest]
        }
        return Run.merged(runs.map { $0.sortedByTime().within(range) })
    }

    package func samples(
        ofFirst keys: ArraySlice<SeriesKey>, in range: Range<Timestamp>, limit: Int
    ) async throws(StoreError) -> [SampleColumns] {
        let keys = keys.prefix(SQLiteStore.keysAtOnce)
        let blocks = keys.map(\.labelBlock)
        let (numbers, columns) = withState { $0.snapshot(of: blocks) }
        let parts = columns.flatMap { $0.parts(within: range) }
        let stored = try await database.runs(ofFirst: keys, in: range, limit: limit)
        return zip(stored, numbers).map { stored, number in
            guard let number else { return SampleColumns(stored) }
            return SampleColumns(
                Run.merged([stored] + parts.map { $0.run(of: number).sortedByTime().within(range) }))
        }
    }

    /// Complexity: linear in the head, and in what is stored of the series that are in it.
    package func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        let fresh = freshRuns(matching: selector)
        var found: [SeriesKey: SeriesSummary] = [:]
        for summary in try await database.series(matching: selector) { found[summary.key] = summary }
        for (key, runs) in fresh {
            let times = Run.merged([try await database.run(of: key, in: .always)] + runs).times
            found[key] = SeriesSummary(key, times: times, bytes: found[key]?.bytes ?? 0)
        }
        return found.values.sorted { $0.key < $1.key }
    }

    /// The samples of every matching series in the head, oldest first.
    private func freshRuns(matching selector: SeriesSelector?) -> [SeriesKey: [Run]] {
        let (parts, blocks) = withState { state in
            ([state.frozen, state.active.copied()], state.presentSeries().map { ($0, Array(state.block(of: $0))) })
        }
        let all = parts.flatMap { $0.parts(within: .always) }
        var runs: [SeriesKey: [Run]] = [:]
        for (number, block) in blocks {
            guard let key = try? SeriesKey(labelBlock: block), selector?.matches(key) ?? true else { continue }
            runs[key] = all.map { $0.run(of: UInt32(number)).sortedByTime() }
        }
        return runs
    }

    package func keys(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesKey] {
        let fresh = freshKeys(matching: selector)
        let stored = try await database.keys(matching: selector)
        return fresh.isEmpty ? stored : Set(fresh).union(stored).sorted()
    }

    package func keys(
        matching selector: SeriesSelector?, in range: Range<Timestamp>
    ) async throws(StoreError) -> [SeriesKey] {
        let all = try await keys(matching: selector)
        let blocks = all.map(\.labelBlock)
        let (numbers, columns) = withState { $0.snapshot(of: blocks) }
        let parts = columns.flatMap { $0.parts(within: range) }
        var found = Set(try await database.keys(all, with: range))
        for (key, number) in zip(all, numbers) where !found.contains(key) {
            guard let number else { continue }
            let isIn = parts.contains { $0.run(of: number).times.contains { range.contains(milliseconds: $0) } }
            if isIn { found.insert(key) }
        }
        return all.filter(found.contains)
    }

    /// The matching series that the database does not know yet.
    private func freshKeys(matching selector: SeriesSelector?) -> [SeriesKey] {
        var candidates: [UInt32]?
        if let selector, selector.namesLabels {
            candidates = index.candidates(selector, generation: withState { $0.generation }) { place, take in
                var place = place
                while case let series = withState({ $0.series(givenAfter: place) }), !series.isEmpty {
                    for (number, block) in series { take(number, block) }
                    place += series.count
                }
                return place
            }
        }
        let blocks = withState { $0.unstored(candidates) }
        return blocks.compactMap { try? SeriesKey(labelBlock: $0) }.filter { selector?.matches($0) ?? true }
    }

    /// What is in the head stays until it has been flushed.
    package func prune(before time: Timestamp) async throws(StoreError) -> Int {
        try await betweenFlushes { () async throws(StoreError) in try await self.database.prune(before: time) }
    }

    /// As `SQLiteStore.pruneRollups`.
    package func pruneRollups(fineBefore: Timestamp, coarseBefore: Timestamp) async throws(StoreError) -> Int {
        try await betweenFlushes { () async throws(StoreError) in
            try await self.database.pruneRollups(fineBefore: fineBefore, coarseBefore: coarseBefore)
        }
    }

    /// As `SQLiteStore.prune(toBytes:)`. What is in the head stays.
    package func prune(toBytes limit: Int) async throws(StoreError) -> Int {
        try await betweenFlushes { () async throws(StoreError) in try await self.database.prune(toBytes: limit) }
    }
}

extension HeadColumns {
    /// Those that a range touches, oldest first, the open one put in order too.
    fileprivate func parts(within range: Range<Timestamp>) -> [GroupedPart] {
        (parts + [GroupedPart(open)]).filter { $0.touches(range) }
    }
}

extension GroupedPart {
    fileprivate func touches(_ range: Range<Timestamp>) -> Bool {
        touches(range.lowerBound.millisecondsSinceEpoch, range.upperBound.millisecondsSinceEpoch)
    }
}
