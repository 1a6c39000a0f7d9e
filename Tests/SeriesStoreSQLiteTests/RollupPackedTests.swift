import Foundation
import GRDB
import Ports
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// Rollups of series whose labels share a page and whose chunks share a list: they keep their series, and its number, alive.
@Suite struct RollupPackedTests {
    private static let day = 86_400
    private static let start = Timestamp(secondsSinceEpoch: 20_000 * 86_400)

    @Test func aSeriesStaysWhileItHasRollupsAndLeavesNothingBehind() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            var limits = HeadStore.Limits()
            (limits.series, limits.lateSeconds) = (2, 1_000_000_000)
            try await withHead(path, limits, now: { Self.start }) { head in
                let (old, other) = (try key("old"), try key("other"))
                _ = try await head.append(samples(old, days: 0..<2))
                _ = try await head.append(samples(other, days: 0..<1))
                await head.flush()
                let now = Self.start.advanced(bySeconds: 3 * Self.day)
                #expect(try await head.database.rollUp(now: now) == 3)
                // Noted as due when all of its samples go.
                _ = try await head.append(samples(old, days: 1..<2))
                await head.flush()
                let windows = try await head.windows(of: old, in: always, step: 300)
                #expect(try await head.prune(before: now) > 0)
                #expect(try await head.keys(matching: nil) == [old, other])
                #expect(try await head.windows(of: old, in: always, step: 300) == windows && windows.count == 576)
                #expect(try await head.write(WriteColumns(samples(key("new"), days: 2..<3))).overLimit > 0)
                #expect(try await head.database.check().problems == [])

                #expect(try await head.pruneRollups(fineBefore: now, coarseBefore: now) == 3)
                #expect(try await head.keys(matching: nil) == [])
                #expect(try await count(path, "SELECT count(*) FROM rollup_due") == 0)
                // The numbers are given again: nothing of the former series is read.
                let new = try key("new")
                #expect(try await head.write(WriteColumns(samples(new, days: 1..<2))).overLimit == 0)
                await head.flush()
                #expect(try await count(path, "SELECT min(series) FROM series_hash") == 64)
                let found = try await head.windows(of: new, in: always, step: 3_600)
                #expect(found.count == 24 && found.windows.map(\.count).reduce(0, +) == 288)
            }
        }
    }

    /// A list of chunks that cannot be read costs the series in it their rollups until it is whole again, and no others.
    @Test func aDamagedListMakesNoRollup() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let store = try SQLiteStore(path: path, missing: .create)
            let (a, b) = (try SeriesKey(metric: "a"), try SeriesKey(metric: "b"))
            for key in [a, b] { _ = try await store.append(samples(key, days: 0..<1)) }
            let now = Self.start.advanced(bySeconds: 9 * Self.day)
            #expect(try await store.rollUp(now: Self.start) == 0)
            try await execute(path, "UPDATE chunk SET entries = CAST(entries || x'FF' AS BLOB) WHERE block = 1")
            #expect(try await store.rollUp(now: now) == 1)
            await #expect(throws: StoreError.self) { _ = try await store.windows(of: a, in: always, step: 300) }
            #expect(try await store.windows(of: b, in: always, step: 300).count == 288)
            try await execute(
                path, "UPDATE chunk SET entries = CAST(substr(entries, 1, length(entries) - 1) AS BLOB) WHERE block = 1"
            )
            #expect(try await store.rollUp(now: now) == 1, "what could not be read stays due")
            #expect(try await store.check().problems == [])
        }
    }

    private func key(_ pod: String) throws -> SeriesKey {
        try SeriesKey(metric: "m", labels: [.init(name: "pod", value: pod)])
    }

    /// A sample every five minutes.
    private func samples(_ key: SeriesKey, days: Range<Int>) -> SampleBatch {
        var batch = SampleBatch()
        for index in days.lowerBound * 288..<days.upperBound * 288 {
            batch.append(key, Self.start.advanced(bySeconds: 300 * index), Double((index * 7_919) % 10_007))
        }
        return batch
    }

    private func execute(_ path: String, _ sql: String) async throws {
        try await DatabaseQueue(path: path).write { try $0.execute(sql: sql) }
    }

    private func count(_ path: String, _ sql: String) async throws -> Int {
        try await DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: sql) ?? 0 }
    }
}
