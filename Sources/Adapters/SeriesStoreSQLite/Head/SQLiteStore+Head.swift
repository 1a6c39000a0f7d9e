internal import GRDB
internal import Ports
internal import Series

extension SQLiteStore {
    /// The last write-ahead segment whose samples are all in the database; 0 where there was none.
    func flushedSegment() async throws(StoreError) -> Int {
        let flushed = try await read { try Int.fetchOne($0, sql: "SELECT value FROM head WHERE name = 'flushed'") ?? 0 }
        guard (0...SegmentFiles.highestNumber).contains(flushed) else {
            throw StoreError(.corrupt, "\(path): it speaks of a segment \(flushed), which cannot be; restore a backup")
        }
        return flushed
    }

    /// Stores the samples of a head and notes that its segment is done, in one transaction that is on the disk afterwards.
    ///
    /// `rows` holds the series' rows by number, 0 where they have none yet; `block` gives a number's label block. Returns the
    /// rows of the series that were met.
    func store(
        _ head: HeadColumns, rows: [Int64], segment: Int, block: @Sendable @escaping (Int) -> [UInt8]
    ) async throws(StoreError) -> [Int: Int64] {
        try requireInPlace()
        let met = try await storeDurably(head, rows: rows, segment: segment, block: block)
        // What went into a file without a name is not stored.
        try requireInPlace()
        return met
    }

    private func storeDurably(
        _ head: HeadColumns, rows: [Int64], segment: Int, block: @Sendable @escaping (Int) -> [UInt8]
    ) async throws(StoreError) -> [Int: Int64] {
        do {
            return try await pool.writeWithoutTransaction { database in
                // The segment is dropped after this: it must not be the only copy.
                try database.execute(sql: Synchronous.full.pragma)
                defer { try? database.execute(sql: synchronous.pragma) }
                var met: [Int: Int64] = [:]
                try database.inTransaction(.immediate) {
                    met = try Self.write(head, rows: rows, block: block, database)
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO head (name, value) VALUES ('flushed', ?)", arguments: [segment])
                    return .commit
                }
                return met
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static func write(
        _ head: HeadColumns, rows: [Int64], block: (Int) -> [UInt8], _ database: Database
    ) throws -> [Int: Int64] {
        let grouped = head.grouped(seriesCount: rows.count)
        var (writer, table) = (BlockWriter(database), SeriesTable(database))
        let late = try LateSamples(database)
        var met: [Int: Int64] = [:]
        var start = 0
        for (number, end) in grouped.ends.enumerated() where end > start {
            let row = rows[number] != 0 ? rows[number] : try table.madeNumber(of: SeriesKey(labelBlock: block(number)))
            if rows[number] == 0 { met[number] = row }
            let run = Run(times: Array(grouped.times[start..<end]), values: Array(grouped.values[start..<end]))
            let sorted = run.sortedByTime()
            try writer.append(sorted, of: row)
            try late.note(sorted, of: row)
            start = end
        }
        try writer.finish()
        return met
    }
}
