internal import GRDB
package import Ports
package import Units

extension SQLiteStore: BackfillLedger {
    package func stored(of source: String) async throws(StoreError) -> Range<Timestamp>? {
        try await read { database in
            let found = try Row.fetchOne(
                database, sql: "SELECT start, done FROM backfill WHERE source = ?", arguments: [source])
            guard let found, (found[0] as Int64) <= (found[1] as Int64) else { return nil }
            return Timestamp(millisecondsSinceEpoch: found[0])..<Timestamp(millisecondsSinceEpoch: found[1])
        }
    }

    package func setStored(_ range: Range<Timestamp>, of source: String) async throws(StoreError) {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO backfill (source, start, done) VALUES (?1, ?2, ?3)
                    ON CONFLICT DO UPDATE SET start = ?2, done = ?3
                    """,
                arguments: [
                    source, range.lowerBound.millisecondsSinceEpoch, range.upperBound.millisecondsSinceEpoch,
                ])
        }
    }
}
