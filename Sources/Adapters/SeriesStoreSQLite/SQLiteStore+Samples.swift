internal import GRDB
package import Ports
package import Series
package import Units

/// Samples straight into chunks and out of them: for batches, as a file gives them. A stream of small pushes goes through
/// `HeadStore`.
extension SQLiteStore: SampleStore {
    package func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome {
        try await write { database in
            var outcome = AppendOutcome()
            var (reader, writer, table) = (ChunkReader(database), BlockWriter(database), SeriesTable(database))
            let late = try LateSamples(database)
            for (key, columns) in zip(batch.keys, batch.columns) {
                let series = try table.madeNumber(of: key)
                let change = try Self.change(columns, of: series, &reader)
                outcome += change.outcome
                if !change.run.times.isEmpty { try writer.append(change.run, of: series) }
                try late.note(change.run, of: series)
            }
            try writer.finish()
            return outcome
        }
    }

    package func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        try await read { database in
            var reader = ChunkReader(database)
            return try SeriesTable(database).all(of: selector?.metric)
                .filter { selector?.matches($0.key) ?? true }
                .compactMap { try Self.summary(of: $0.number, $0.key, &reader) }
                .sorted { $0.key < $1.key }
        }
    }

    package func keys(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesKey] {
        try await read { database in
            try SeriesTable(database).all(of: selector?.metric).map(\.key)
                .filter { selector?.matches($0) ?? true }.sorted()
        }
    }

    package func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        let run = try await run(of: key, in: range)
        return SampleColumns(
            timestamps: run.times.map { Timestamp(millisecondsSinceEpoch: $0) }, values: run.values)
    }

    func run(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> Run {
        try await read { database in
            guard let series = try SeriesTable(database).number(of: key) else { return Run() }
            var reader = ChunkReader(database)
            return try reader.samples(
                of: series, from: range.lowerBound.millisecondsSinceEpoch, to: range.upperBound.millisecondsSinceEpoch)
        }
    }

    package func prune(before time: Timestamp) async throws(StoreError) -> Int {
        try await write { database in
            let limit = time.millisecondsSinceEpoch
            try database.execute(sql: "DELETE FROM decision WHERE time < ?", arguments: [limit])
            try Self.noteSamplesPruned(before: limit, database)
            var removed =
                try Int.fetchOne(database, sql: "SELECT sum(count) FROM chunk WHERE last < ?", arguments: [limit]) ?? 0
            try database.execute(sql: "DELETE FROM chunk WHERE last < ?", arguments: [limit])
            removed += try Self.cutChunks(before: limit, database)
            try Self.removeEmptyBlocks(database)
            return removed
        }
    }

    /// Writes anew the chunks that hold the limit, without what lies before it; with them whatever overlaps, as what is written
    /// later counts. Damaged ones stay until all that they hold is old.
    private static func cutChunks(before limit: Int64, _ database: Database) throws -> Int {
        var (reader, writer) = (ChunkReader(database), BlockWriter(database))
        var removed = 0
        for series in try Int64.fetchAll(
            database, sql: "SELECT DISTINCT series FROM chunk WHERE start < ?", arguments: [limit])
        {
            let rows = try overlapping(limit, of: series, reader)
            guard let runs = try reader.readAll(rows) else { continue }
            let whole = Run.merged(runs), kept = whole.within(limit, .max)
            removed += whole.times.count - kept.times.count
            try writer.append(kept, of: series)
            for row in rows { try delete(row, database) }
        }
        try writer.finish()
        return removed
    }

    /// The chunks that begin before `limit`, and all that overlap one of them, by way of others too.
    private static func overlapping(_ limit: Int64, of series: Int64, _ reader: ChunkReader) throws -> [ChunkRow] {
        var end = limit
        while true {
            let rows = try reader.rows(of: series, from: .min, to: end)
            let reach = rows.map(\.last).max() ?? end
            guard reach >= end, reach < .max else { return rows }
            end = reach + 1
        }
    }

    static func delete(_ row: ChunkRow, _ database: Database) throws {
        try database.cachedStatement(
            sql: "DELETE FROM chunk WHERE series = ? AND start = ? AND block = ? AND offset = ?"
        ).execute(arguments: [row.series, row.start, row.block, row.offset])
    }

    static func removeEmptyBlocks(_ database: Database) throws {
        try database.execute(sql: "DELETE FROM block WHERE id NOT IN (SELECT block FROM chunk)")
    }

    /// Nil for a series whose samples have all been pruned. A damaged chunk counts as empty: the rest is still to be seen.
    private static func summary(
        of number: Int64, _ key: SeriesKey, _ reader: inout ChunkReader
    ) throws -> SeriesSummary? {
        let rows = try reader.rows(of: number, from: .min, to: .max)
        var runs: [Run] = []
        for row in rows {
            if case .success(let run) = try reader.readOrTell(row) { runs.append(run) }
        }
        let run = Run.merged(runs)
        return SeriesSummary(key, times: run.times, bytes: rows.reduce(0) { $0 + $1.size })
    }

    /// What a batch changes in a series, and how that is told.
    private static func change(
        _ columns: SampleColumns, of series: Int64, _ reader: inout ChunkReader
    ) throws -> (run: Run, outcome: AppendOutcome) {
        var run = Run()
        for (time, value) in zip(columns.timestamps, columns.values) where !value.isNaN {
            run.times.append(time.millisecondsSinceEpoch)
            run.values.append(value)
        }
        guard let first = run.times.min(), let last = run.times.max() else { return (run, AppendOutcome()) }
        let isAscending = zip(run.times, run.times.dropFirst()).allSatisfy(<)
        let known = try reader.samples(of: series, from: first, to: last == .max ? last : last + 1)
        if isAscending, known.times.isEmpty { return (run, AppendOutcome(added: run.times.count)) }
        return changed(run, known: known)
    }

    private static func changed(_ run: Run, known: Run) -> (run: Run, outcome: AppendOutcome) {
        var now = Dictionary(zip(known.times, known.values)) { _, later in later }
        var outcome = AppendOutcome()
        var touched: Set<Int64> = []
        for (time, value) in zip(run.times, run.values) {
            switch now.updateValue(value, forKey: time) {
            case nil: outcome.added += 1
            case value: outcome.unchanged += 1
            default: outcome.replaced += 1
            }
            touched.insert(time)
        }
        let before = Dictionary(zip(known.times, known.values)) { _, later in later }
        let times = touched.filter { before[$0] != now[$0] }.sorted()
        return (Run(times: times, values: times.map { now[$0] ?? 0 }), outcome)
    }
}

extension SeriesSummary {
    /// Nil where there is no time; `times` ascend.
    init?(_ key: SeriesKey, times: [Int64], bytes: Int) {
        guard let first = times.first, let last = times.last else { return nil }
        var gapCounts: [Int64: Int] = [:]
        for (earlier, later) in zip(times, times.dropFirst()) {
            let (gap, isTooFar) = later.subtractingReportingOverflow(earlier)
            gapCounts[isTooFar ? .max : gap, default: 0] += 1
        }
        // Of equally common gaps the shortest.
        let step = gapCounts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
        let gaps = step.map { step in gapCounts.reduce(0) { $0 + ($1.key - step > step / 2 ? $1.value : 0) } }
        self.init(
            key: key, samples: times.count, first: Timestamp(millisecondsSinceEpoch: first),
            last: Timestamp(millisecondsSinceEpoch: last), stepMilliseconds: step, gaps: gaps ?? 0, bytes: bytes)
    }
}
