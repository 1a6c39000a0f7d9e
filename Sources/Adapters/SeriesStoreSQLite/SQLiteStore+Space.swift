internal import GRDB
package import Ports

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
}
