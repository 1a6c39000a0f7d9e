import Foundation
import GRDB
import Kernels
import Ports
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// Pages of labels and lists of chunks.
@Suite struct PackedStoreTests {
    /// Random writes, prunings and compactions over several pages, beside a plain dictionary.
    @Test func packedSeriesBehaveAsPlainOnes() async throws {
        for seed in UInt64(0)..<4 {
            try await withTemporaryDirectory { directory in
                let store = try SQLiteStore(path: directory.appending(path: "a.db").path, missing: .create)
                var (rng, twin) = (SplitMix64(seed: seed), [SeriesKey: [Int: Double]]())
                for round in 0..<12 {
                    let batch = try randomBatch(&rng, &twin, round: round)
                    _ = try await store.append(batch)
                    if round % 4 == 3 {
                        let limit = round * 50
                        let removed = try await store.prune(before: headStart.advanced(bySeconds: limit))
                        #expect(removed >= prune(&twin, before: limit), "what was replaced counts too")
                        _ = try await store.compact()
                    }
                    #expect(try await store.keys(matching: nil) == twin.keys.sorted(), "seed \(seed), round \(round)")
                }
                for (key, samples) in twin {
                    let found = try await store.samples(of: key, in: always)
                    #expect(found.values == samples.sorted { $0.key < $1.key }.map(\.value))
                }
                let report = try await store.check()
                #expect(report.problems == [] && report.series == twin.count)
            }
        }
    }

    private func randomBatch(
        _ rng: inout SplitMix64, _ twin: inout [SeriesKey: [Int: Double]], round: Int
    ) throws -> SampleBatch {
        var batch = SampleBatch()
        for _ in 0..<120 {
            let key = try SeriesKey(
                metric: "m\(rng.next() % 3)", labels: [.init(name: "pod", value: "p-\(round / 4)-\(rng.next() % 100)")])
            for _ in 0..<(1 + rng.next() % 3) {
                let second = round * 50 + Int(rng.next() % 150), value = Double(rng.next() % 1_000)
                batch.append(key, headStart.advanced(bySeconds: second), value)
                twin[key, default: [:]][second] = value
            }
        }
        return batch
    }

    private func prune(_ twin: inout [SeriesKey: [Int: Double]], before limit: Int) -> Int {
        let before = twin.values.reduce(0) { $0 + $1.count }
        twin = twin.mapValues { $0.filter { $0.key >= limit } }.filter { !$0.value.isEmpty }
        return before - twin.values.reduce(0) { $0 + $1.count }
    }

    /// Long chunks have rows of their own, short ones share one; a series may have both.
    @Test func longAndShortChunksOfASeriesAreReadTogether() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let store = try SQLiteStore(path: path, missing: .create)
            var (rng, expected) = (SplitMix64(seed: 1), [[Double]](repeating: [], count: 3))
            for count in [4_096, 3, 2_000, 1] {
                var batch = SampleBatch()
                for index in 0..<3 {
                    for _ in 0..<count {
                        let value = Double(rng.next()) / 3
                        batch.append(
                            try SeriesKey(metric: "m\(index)"), headStart.advanced(bySeconds: expected[index].count),
                            value)
                        expected[index].append(value)
                    }
                }
                _ = try await store.append(batch)
            }
            let owners = try await DatabaseQueue(path: path).read {
                try Int64.fetchAll($0, sql: "SELECT DISTINCT owner FROM chunk")
            }
            #expect(owners.contains { $0 > 0 } && owners.contains { $0 < 0 })
            for _ in 0..<2 {
                for index in 0..<3 {
                    let found = try await store.samples(of: SeriesKey(metric: "m\(index)"), in: always).values
                    #expect(found == expected[index])
                }
                _ = try await store.compact()
            }
        }
    }

    @Test func aDamagedPageOrListIsToldAndCostsItself() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let store = try SQLiteStore(path: path, missing: .create)
            let (a, b) = (try SeriesKey(metric: "a"), try SeriesKey(metric: "b"))
            for key in [a, b] { _ = try await store.append(batch(key, at: 0, 1)) }
            try await execute(path, "UPDATE chunk SET entries = CAST(x'FF' AS BLOB) WHERE block = 1")
            let list = try await store.check().problems
            #expect(list.count == 1 && list.first?.contains("block 1: the list of its chunks is damaged") == true)
            let error = await #expect(throws: StoreError.self) { _ = try await store.samples(of: a, in: always) }
            #expect(error?.code == .corrupt)
            #expect(try await store.samples(of: b, in: always).values == [1])
            #expect(try await store.series(matching: nil).map(\.key) == [b])
            _ = try await store.compact()
            #expect(try await store.prune(before: headStart) == 0)
            #expect(try await store.keys(matching: nil) == [a, b])
            try await execute(path, "UPDATE series_page SET labels = CAST(x'0203' AS BLOB) WHERE id = 2")
            let page = try await store.check().problems
            #expect(page.contains { $0.contains("the series of b: a page of labels") }, "\(page)")
            #expect(try await store.prune(before: headStart.advanced(bySeconds: 1)) == 1)
        }
    }

    private func execute(_ path: String, _ sql: String) async throws {
        try await DatabaseQueue(path: path).write { try $0.execute(sql: sql) }
    }

    /// The example of docs/formats/store.md, up to the sizes of the chunks.
    @Test func theListOfTheExampleIsWritten() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let store = try SQLiteStore(path: path, missing: .create)
            var batch = SampleBatch()
            for (pod, scale) in [("a", 0.25), ("b", 1 / 3)] {
                let key = try SeriesKey(metric: "m", labels: [.init(name: "pod", value: pod)])
                for second in 1...10 { batch.append(key, Timestamp(secondsSinceEpoch: second), Double(second) * scale) }
            }
            _ = try await store.append(batch)
            let (fields, list) = try await DatabaseQueue(path: path).read { database in
                let all = try Row.fetchAll(database, sql: "SELECT * FROM chunk")
                let row = try #require(all.count == 1 ? all.first : nil)
                let fields = ["owner", "start", "offset", "last"].map { row[$0] as Int }
                return (fields, [UInt8](row["entries"] as Data))
            }
            #expect(fields == [-1, 1_000, 0, 10_000])
            #expect(list.prefix(7) == [0x00, 0x00, 0xD0, 0x8C, 0x01, 0x14, 0x00])
            #expect(list.count == 14 && list[8..<13] == [0x02, 0x00, 0x00, 0x00, 0x00])
        }
    }

    // MARK: Series that come and go

    @Test func monthsOfChangingLabelsEndInNoRefusal() async throws {
        try await withTemporaryDirectory { directory in
            var limits = HeadStore.Limits()
            (limits.series, limits.lateSeconds) = (10, 1_000_000_000)
            let path = directory.appending(path: "a.db").path, lasting = try SeriesKey(metric: "lasting")
            for start in [0, 40] {
                try await withHead(path, limits) { head in
                    for day in start..<start + 40 {
                        let second = day * 86_400
                        #expect(try await write(head, [lasting] + pods(4, day), second).overLimit == 0, "day \(day)")
                        await head.flush()
                        _ = try await head.prune(before: headStart.advanced(bySeconds: second - 80_000))
                        #expect(try await head.keys(matching: nil).count == 5)
                    }
                }
            }
            let store = try SQLiteStore(path: path, missing: .refuse)
            #expect(try await store.samples(of: lasting, in: always).count == 1)
            #expect(try await store.check().series == 5)
        }
    }

    /// The bound holds for all that exist, those from before the start among them; one that exists is always taken.
    @Test func theBoundCountsWhatIsStored() async throws {
        try await withTemporaryDirectory { directory in
            var limits = HeadStore.Limits()
            (limits.series, limits.lateSeconds) = (4, 1_000_000_000)
            let path = directory.appending(path: "a.db").path
            try await withHead(path, limits) { head in
                let outcome = try await write(head, pods(3, 0), 0)
                #expect(outcome.overLimit == 0)
            }
            try await withHead(path, limits) { head in
                #expect(try await write(head, pods(2, 1), 1).overLimit == 1)
                #expect(try await write(head, pods(3, 0), 2).overLimit == 0)
                await head.flush()
                #expect(try await write(head, pods(2, 1), 3).overLimit == 1)
                _ = try await head.prune(before: headStart.advanced(bySeconds: 3))
                #expect(try await write(head, pods(3, 0), 4).overLimit == 0, "known to the head, gone from the file")
                await head.flush()
                #expect(try await head.samples(of: pods(3, 0)[0], in: always).count == 1)
                #expect(try await write(head, pods(2, 1), 5).overLimit == 1)
                #expect(try await head.database.check().problems == [])
            }
        }
    }

    /// What is refused as too old takes no place for long.
    @Test func aSeriesWithoutSamplesIsForgotten() async throws {
        try await withTemporaryDirectory { directory in
            var limits = HeadStore.Limits()
            (limits.series, limits.lateSeconds) = (3, 3_600)
            try await withHead(directory.appending(path: "a.db").path, limits) { head in
                #expect(try await write(head, pods(2, 0), -10_000).tooOld == 2)
                #expect(try await write(head, pods(2, 1), 0).overLimit == 1)
                await head.flush()
                #expect(try await write(head, pods(3, 1), 1) == WriteOutcome(accepted: 3))
                await head.flush()
                for key in try pods(3, 1) { #expect(try await head.samples(of: key, in: always).count > 0) }
            }
        }
    }

    private func pods(_ count: Int, _ day: Int) throws -> [SeriesKey] {
        try (0..<count).map { try SeriesKey(metric: "m", labels: [.init(name: "pod", value: "\(day)-\($0)")]) }
    }

    private func write(_ head: HeadStore, _ keys: [SeriesKey], _ second: Int) async throws -> WriteOutcome {
        var batch = SampleBatch()
        for key in keys { batch.append(key, headStart.advanced(bySeconds: second), 1) }
        return try await head.write(WriteColumns(batch))
    }

    // MARK: Links

    @Test func aLinkMeansTheDatabase() async throws {
        try await withTemporaryDirectory { directory in
            let (path, link) = (directory.appending(path: "a.db").path, directory.appending(path: "b.db").path)
            let key = try SeriesKey(metric: "m")
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "a.db")
            try await withHead(link) { head in
                _ = try await head.append(batch(key, at: 0, 1.5))
                #expect(try segments(in: directory).map(\.lastPathComponent) == ["a.db-head-00000001.log"])
                #expect(try await HeadStore(reading: path).samples(of: key, in: always).values == [1.5])
            }
            let lock = try StoreLock(beside: link)
            #expect(throws: StoreError.self) { _ = try StoreLock(beside: path) }
            withExtendedLifetime(lock) {}
        }
    }
}

extension OldDatabaseTests {
    /// Before "packed", a series and a chunk had a row each.
    @Test func plainRowsArePacked() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "old.db").path
            try await DatabaseQueue(path: path).write { try makePlain($0) }
            let store = try SQLiteStore(path: path, missing: .refuse)
            let report = try await store.check()
            #expect(report.problems == [] && report.series == 150 && report.chunks == 300 && report.blocks == 2)
            for number in 1...150 {
                let found = try await store.samples(of: plainKey(number), in: always)
                #expect(found.values == [1.5, Double(number), 3, 1.5, Double(number), 3])
                #expect(found.timestamps.map(\.millisecondsSinceEpoch) == [1, 2, 3, 11, 12, 13])
            }
            #expect(try await store.append(batch(plainKey(7), at: 0, 4)).added == 1)
            #expect(try await store.keys(matching: nil).count == 150)
        }
    }

    private func plainKey(_ number: Int) throws -> SeriesKey {
        try SeriesKey(metric: "m\(number % 2)", labels: [.init(name: "pod", value: "p\(number)")])
    }

    private func makePlain(_ database: Database) throws {
        try database.execute(sql: Self.plainTables)
        for number in 1...150 {
            let key = try plainKey(number), name = try SeriesKey(metric: key.metric).labelBlock
            try database.execute(
                sql: "INSERT INTO series VALUES (?, ?, ?); INSERT INTO series_hash VALUES (?, ?)",
                arguments: [number, 1 + number % 2, Data(key.labelBlock.dropFirst(name.count)), number * 77, number])
        }
        for block in 1...2 {
            let start = Int64(block * 10 - 9)
            var bytes: [UInt8] = []
            try database.execute(sql: "INSERT INTO block VALUES (?, x'')", arguments: [block])
            for number in 1...150 {
                let chunk = Chunk.encode(times: [start, start + 1, start + 2], values: [1.5, Double(number), 3])
                try database.execute(
                    sql: "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, 3, ?)",
                    arguments: [number, start, block, bytes.count, start + 2, chunk.count])
                bytes += chunk
            }
            try database.execute(sql: "UPDATE block SET data = ? WHERE id = ?", arguments: [Data(bytes), block])
        }
    }

    private static let plainTables = """
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1'), ('2'), ('backfill');
        CREATE TABLE metric (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        INSERT INTO metric VALUES (1, 'm0'), (2, 'm1');
        CREATE TABLE series (
            id INTEGER PRIMARY KEY, metric INTEGER NOT NULL REFERENCES metric (id), labels BLOB NOT NULL) STRICT;
        CREATE INDEX series_by_metric ON series (metric);
        CREATE TABLE series_hash (
            hash INTEGER NOT NULL, series INTEGER NOT NULL REFERENCES series (id),
            PRIMARY KEY (hash, series)) STRICT, WITHOUT ROWID;
        CREATE TABLE block (id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL) STRICT;
        CREATE TABLE chunk (
            series INTEGER NOT NULL REFERENCES series (id), start INTEGER NOT NULL,
            block INTEGER NOT NULL REFERENCES block (id), offset INTEGER NOT NULL, last INTEGER NOT NULL,
            count INTEGER NOT NULL, size INTEGER NOT NULL,
            PRIMARY KEY (series, start, block, offset)) STRICT, WITHOUT ROWID;
        CREATE TABLE head (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE model (
            series TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, step INTEGER NOT NULL,
            kind TEXT NOT NULL, trained_from INTEGER NOT NULL, trained_to INTEGER NOT NULL,
            created_at INTEGER NOT NULL, scores TEXT NOT NULL, bytes BLOB NOT NULL,
            PRIMARY KEY (series, version)) STRICT;
        CREATE TABLE decision (
            workload TEXT NOT NULL, time INTEGER NOT NULL, record TEXT NOT NULL,
            PRIMARY KEY (workload, time)) STRICT, WITHOUT ROWID;
        CREATE TABLE backfill (
            source TEXT PRIMARY KEY, start INTEGER NOT NULL, done INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """
}
