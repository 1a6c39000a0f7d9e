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
            let numbers = try table.madeNumbers(of: batch.keys.map { try CanonicalBlock($0) })
            let late = try LateSamples(database)
            for (series, columns) in zip(numbers, batch.columns) {
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

    package func prune(before time: Timestamp) async throws(StoreError) -> Int {
        try await write { database in
            let limit = time.millisecondsSinceEpoch
            try database.execute(sql: "DELETE FROM decision WHERE time < ?", arguments: [limit])
            try Self.noteSamplesPruned(before: limit, database)
            let old = try Self.chunks(startingBefore: limit, database)
            let directory = ChunkDirectory(database)
            for place in old.places { try directory.delete(place) }
            try directory.remove(old.ended)
            let removed = old.samples + (try Self.cutChunks(of: old.held, before: limit, database))
            try Self.removeEmptyBlocks(database)
            try Self.removeEmptySeries(among: old.series.sorted(), database)
            return removed
        }
    }

    /// What pruning finds.
    private struct OldChunks {
        /// Lists of which every chunk ends before the limit; chunks that do, of other lists; and how many samples those hold.
        var places: [ChunkPlace] = [], ended: [ChunkRow] = [], samples = 0
        /// The series of chunks that hold the limit, and all that have a chunk before it.
        var held: Set<Int64> = [], series: Set<Int64> = []
    }

    private static func chunks(startingBefore limit: Int64, _ database: Database) throws -> OldChunks {
        var old = OldChunks()
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM chunk WHERE start < ?", arguments: [limit])
        while let row = try rows.next() {
            let isWhole = (row["last"] as Int64) < limit
            if isWhole { old.places.append(ChunkDirectory.place(row)) }
            do {
                try ChunkDirectory.forEach(row) { chunk in
                    guard chunk.start < limit else { return }
                    old.series.insert(chunk.series)
                    guard chunk.last < limit else { return _ = old.held.insert(chunk.series) }
                    old.samples += chunk.count
                    if !isWhole { old.ended.append(chunk) }
                }
            } catch is ChunkDamage {}
        }
        return old
    }

    /// Writes anew the chunks that hold the limit, without what lies before it; with them whatever overlaps, as what is written
    /// later counts. Damaged ones stay until all that they hold is old.
    private static func cutChunks(
        of held: Set<Int64>, before limit: Int64, _ database: Database
    ) throws -> Int {
        var (reader, writer) = (ChunkReader(database), BlockWriter(database))
        var (removed, replaced): (Int, [ChunkRow]) = (0, [])
        for series in held.sorted() {
            guard let rows = try intact({ try overlapping(limit, of: series, reader) }),
                let runs = try reader.readAll(rows)
            else { continue }
            let whole = Run.merged(runs), kept = whole.within(limit, .max)
            removed += whole.times.count - kept.times.count
            try writer.append(kept, of: series)
            replaced += rows
        }
        try ChunkDirectory(database).remove(replaced)
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

    /// Nil where the list of chunks that is read is damaged.
    static func intact(_ rows: () throws -> [ChunkRow]) throws -> [ChunkRow]? {
        do { return try rows() } catch is ChunkDamage { return nil }
    }

    /// Forgets those of these series, ascending, of which neither samples nor rollups are left.
    static func removeEmptySeries(among series: [Int64], _ database: Database) throws {
        let rollups = RollupTable(database)
        let empty = try ChunkDirectory(database).withoutChunks(series).filter { try !rollups.hasAny(of: $0) }
        // Their numbers are given again.
        for series in empty { try rollups.forgetDueDays(of: series) }
        try SeriesTable(database).remove(empty)
    }

    static func removeEmptyBlocks(_ database: Database) throws {
        try database.execute(sql: "DELETE FROM block WHERE id NOT IN (SELECT block FROM chunk)")
    }

    /// Nil for a series whose samples have all been pruned. A damaged chunk counts as empty: the rest is still to be seen.
    private static func summary(
        of number: Int64, _ key: SeriesKey, _ reader: inout ChunkReader
    ) throws -> SeriesSummary? {
        let rows = try intact { try reader.rows(of: number, from: .min, to: .max) } ?? []
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
