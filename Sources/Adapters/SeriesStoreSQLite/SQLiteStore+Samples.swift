internal import GRDB
package import Ports
package import Series
package import Units

extension SQLiteStore: SampleStore {
    package func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome {
        try await write { database in
            var writer = try SampleWriter(database)
            for (key, columns) in zip(batch.keys, batch.columns) {
                try writer.write(columns, of: try Self.seriesNumber(key, database))
            }
            return writer.outcome
        }
    }

    package func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        try await read { database in
            let bytesPerSample = try Self.bytesPerSample(database)
            return try Self.numberedKeys(of: selector?.metric, database)
                .filter { selector?.matches($0.key) ?? true }
                .compactMap { number, key in
                    try Self.summary(of: number, key, bytesPerSample: bytesPerSample, database)
                }
                .sorted { $0.key < $1.key }
        }
    }

    package func keys(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesKey] {
        try await read { database in
            try Self.numberedKeys(of: selector?.metric, database).map(\.key)
                .filter { selector?.matches($0) ?? true }.sorted()
        }
    }

    package func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        try await read { database in
            var columns = SampleColumns()
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT time, value FROM sample
                    WHERE series = (SELECT id FROM series WHERE key = ?) AND time >= ? AND time < ? ORDER BY time
                    """,
                arguments: [
                    key.description, range.lowerBound.millisecondsSinceEpoch, range.upperBound.millisecondsSinceEpoch,
                ])
            while let row = try rows.next() {
                columns.append(Timestamp(millisecondsSinceEpoch: row[0]), row[1])
            }
            return columns
        }
    }

    package func prune(before time: Timestamp) async throws(StoreError) -> Int {
        try await write { database in
            let limit = time.millisecondsSinceEpoch
            try database.execute(sql: "DELETE FROM decision WHERE time < ?", arguments: [limit])
            try database.execute(sql: "DELETE FROM sample WHERE time < ?", arguments: [limit])
            return database.changesCount
        }
    }

    private static func seriesNumber(_ key: SeriesKey, _ database: Database) throws -> Int64 {
        let text = key.description
        let find = try database.cachedStatement(sql: "SELECT id FROM series WHERE key = ?")
        if let number = try Int64.fetchOne(find, arguments: [text]) { return number }
        try database.execute(sql: "INSERT INTO series (key, metric) VALUES (?, ?)", arguments: [text, key.metric])
        return database.lastInsertedRowID
    }

    private static func numberedKeys(
        of metric: String?, _ database: Database
    ) throws -> [(number: Int64, key: SeriesKey)] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT id, key FROM series WHERE ?1 IS NULL OR metric = ?1", arguments: [metric])
        return try rows.map { row in
            let selector = try SeriesSelector(parsing: row[1])
            return (row[0], try SeriesKey(metric: selector.metric, labels: selector.labels))
        }
    }

    /// Nil for a series whose samples have all been pruned.
    private static func summary(
        of number: Int64, _ key: SeriesKey, bytesPerSample: Double, _ database: Database
    ) throws -> SeriesSummary? {
        let times = try Int64.fetchCursor(
            database, sql: "SELECT time FROM sample WHERE series = ? ORDER BY time", arguments: [number])
        var steps = StepCounter()
        while let time = try times.next() { steps.add(time) }
        guard let first = steps.first, let last = steps.last else { return nil }
        return SeriesSummary(
            key: key, samples: steps.count, first: Timestamp(millisecondsSinceEpoch: first),
            last: Timestamp(millisecondsSinceEpoch: last), stepMilliseconds: steps.commonest, gaps: steps.gaps,
            bytes: Int((Double(steps.count) * bytesPerSample).rounded()))
    }

    /// The sample table's share of the file, per sample; SQLite tells no size of a part of a table.
    private static func bytesPerSample(_ database: Database) throws -> Double {
        let size = try Int.fetchOne(
            database, sql: "SELECT sum(pgsize) FROM dbstat WHERE name = 'sample' AND aggregate = TRUE")
        let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM sample") ?? 0
        return count == 0 ? 0 : Double(size ?? 0) / Double(count)
    }
}

/// Inserts samples and counts what became of them.
private struct SampleWriter {
    private let insert: Statement, update: Statement
    private let database: Database
    private(set) var outcome = AppendOutcome()

    init(_ database: Database) throws {
        self.database = database
        insert = try database.cachedStatement(
            sql: "INSERT INTO sample (series, time, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        update = try database.cachedStatement(
            sql: "UPDATE sample SET value = ?3 WHERE series = ?1 AND time = ?2 AND value <> ?3")
    }

    mutating func write(_ columns: SampleColumns, of series: Int64) throws {
        for (time, value) in zip(columns.timestamps, columns.values) {
            // SQLite has no NaN, and a missing value is no sample.
            guard !value.isNaN else { continue }
            let arguments: StatementArguments = [series, time.millisecondsSinceEpoch, value]
            try insert.execute(arguments: arguments)
            if database.changesCount == 1 {
                outcome.added += 1
            } else {
                try update.execute(arguments: arguments)
                if database.changesCount == 1 { outcome.replaced += 1 } else { outcome.unchanged += 1 }
            }
        }
    }
}

/// The commonest gap between ascending times, and how many are longer than one and a half of it.
struct StepCounter {
    private(set) var count = 0
    private(set) var first: Int64?, last: Int64?
    private var gapCounts: [Int64: Int] = [:]

    mutating func add(_ time: Int64) {
        if let last { gapCounts[time - last, default: 0] += 1 }
        if first == nil { first = time }
        last = time
        count += 1
    }

    /// Of equally common gaps the shortest; nil below two times.
    var commonest: Int64? { gapCounts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key }

    var gaps: Int {
        guard let commonest else { return 0 }
        return gapCounts.reduce(0) { $0 + (2 * $1.key > 3 * commonest ? $1.value : 0) }
    }
}
