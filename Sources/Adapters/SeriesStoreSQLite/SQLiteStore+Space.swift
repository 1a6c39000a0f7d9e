internal import GRDB
package import Ports
internal import Units

extension SQLiteStore {
    /// The size of the database, and how much of it holds nothing, bytes.
    package func space() async throws(StoreError) -> (bytes: Int, free: Int) {
        try await read { database in
            let page = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
            let all = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
            return (all * page, free * page)
        }
    }

    /// Samples as young as this before the newest are worth more than rollups, milliseconds.
    private static let freshest: Int64 = 2 * Day.milliseconds

    /// Removes the oldest samples, a twentieth of the time they span at once, until the database needs no more than
    /// `limit` bytes; where only those of the newest two days are left, rollups, and those samples last. Returns how many samples
    /// went.
    package func prune(toBytes limit: Int) async throws(StoreError) -> Int {
        var removed = 0
        for _ in 0..<200 {
            let space = try await space()
            guard space.bytes - space.free > limit else { break }
            let span = try await span()
            let isFresh =
                span.map { $0.upperBound.subtractingReportingOverflow($0.lowerBound) }
                .map { !$0.overflow && $0.partialValue <= Self.freshest } ?? true
            if isFresh, try await pruneOldestRollups() { continue }
            guard let span else { break }
            var end = span.lowerBound + max(3_600_000, (span.upperBound - span.lowerBound) / 20)
            if !isFresh { end = min(end, span.upperBound - Self.freshest + 1) }
            removed += try await prune(before: Timestamp(millisecondsSinceEpoch: end))
        }
        return removed
    }

    /// The first and the last time stored, milliseconds; nil where nothing is.
    private func span() async throws(StoreError) -> Range<Int64>? {
        try await read { database in
            guard let row = try Row.fetchOne(database, sql: "SELECT min(start), max(last) FROM chunk"),
                let first: Int64 = row[0], let last: Int64 = row[1]
            else { return nil }
            return first..<max(first + 1, last)
        }
    }
}
