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

    /// The series there are, for whoever bounds them.
    func storedSeries() async throws(StoreError) -> StoredSeries {
        try await read { database in
            let table = SeriesTable(database)
            return StoredSeries(hashes: try table.hashes(), removals: try table.removals())
        }
    }

    func removals() async throws(StoreError) -> Int { try await read { try SeriesTable($0).removals() } }

    /// Stores the samples of a head and notes that its segment is done, in one transaction that is on the disk afterwards.
    ///
    /// `rows` holds the series' numbers in the database by those in the head, 0 where they are not known, as they were when
    /// `removals` was noted; `block` gives the label block of a number in the head.
    func store(
        _ head: HeadColumns, rows: [Int64], removals: Int, segment: Int, block: @Sendable @escaping (Int) -> [UInt8]
    ) async throws(StoreError) -> FlushedSeries {
        try requireInPlace()
        let flushed = try await storeDurably(head, rows: rows, removals: removals, segment: segment, block: block)
        // What went into a file without a name is not stored.
        try requireInPlace()
        return flushed
    }

    private func storeDurably(
        _ head: HeadColumns, rows: [Int64], removals: Int, segment: Int, block: @Sendable @escaping (Int) -> [UInt8]
    ) async throws(StoreError) -> FlushedSeries {
        do {
            return try await pool.writeWithoutTransaction { database in
                // The segment is dropped after this: it must not be the only copy.
                try database.execute(sql: Synchronous.full.pragma)
                defer { try? database.execute(sql: synchronous.pragma) }
                var flushed = FlushedSeries()
                try database.inTransaction(.immediate) {
                    flushed.removals = try SeriesTable(database).removals()
                    let isStale = flushed.removals != removals
                    let rows = isStale ? [Int64](repeating: 0, count: rows.count) : rows
                    try Self.write(head, rows: rows, block: block, database, &flushed)
                    if isStale { flushed.all = try SeriesTable(database).hashes() }
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO head (name, value) VALUES ('flushed', ?)", arguments: [segment])
                    return .commit
                }
                return flushed
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// How many new series are held in memory at once.
    private static let batch = 4_096

    /// Series by series in the order of their numbers in the database, so that neighbours there come to lie side by side.
    private static func write(
        _ head: HeadColumns, rows: [Int64], block: (Int) -> [UInt8], _ database: Database,
        _ flushed: inout FlushedSeries
    ) throws {
        let grouped = head.grouped(seriesCount: rows.count)
        let range = { (number: Int) in (number == 0 ? 0 : grouped.ends[number - 1])..<grouped.ends[number] }
        var (writer, table, rows) = (BlockWriter(database), SeriesTable(database), rows)
        let late = try LateSamples(database)
        var present = rows.indices.filter { !range($0).isEmpty }
        let unknown = present.filter { rows[$0] == 0 }
        for first in stride(from: 0, to: unknown.count, by: batch) {
            let some = unknown[first..<min(first + batch, unknown.count)]
            let numbers = try table.madeNumbers(of: some.map { try CanonicalBlock(block($0)) })
            for (index, number) in zip(some, numbers) {
                rows[index] = number
                flushed.rows.append((index, number))
            }
        }
        present.sort { rows[$0] < rows[$1] }
        for index in present {
            let range = range(index)
            let run = Run(times: Array(grouped.times[range]), values: Array(grouped.values[range]))
            let sorted = run.sortedByTime()
            try writer.append(sorted, of: rows[index])
            try late.note(sorted, of: rows[index])
        }
        try writer.finish()
        flushed.made = table.madeHashes
    }
}

/// What a flush found out about the series in the database.
struct FlushedSeries: Sendable {
    /// The numbers in the database of the series whose number was not known, by those in the head.
    var rows: [(number: Int, row: Int64)] = []
    /// The hashes of the series that were not stored before.
    var made: [Int32] = []
    /// The hashes of all series, ascending; nil where none was removed since the head looked last.
    var all: [Int32]?
    var removals = 0
}

/// The series in the database as a daemon remembers them: enough to know a new one.
struct StoredSeries: Sendable {
    /// Of the labels, ascending. A series that is new and has the hash of another counts as stored: the bound on series is
    /// passed by a few in a million.
    private(set) var hashes: [Int32] = []
    /// See `SeriesTable.removals`.
    private(set) var removals = 0

    var count: Int { hashes.count }

    /// Complexity: O(log n).
    func contains(_ hash: Int32) -> Bool {
        var (low, high) = (0, hashes.count)
        while low < high {
            let middle = low + (high - low) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low < hashes.count && hashes[low] == hash
    }

    mutating func take(_ flushed: FlushedSeries) {
        removals = flushed.removals
        if let all = flushed.all {
            hashes = all
        } else if !flushed.made.isEmpty {
            hashes = (hashes + flushed.made).sorted()
        }
    }
}
