import Foundation
import GRDB
import Ports
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// Damage within the database: it costs what it hit.
@Suite struct DamagedChunkTests {
    @Test func aDamagedChunkCostsItsOwnSamplesAlone() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let (a, b) = (try SeriesKey(metric: "a"), try SeriesKey(metric: "b"))
            let store = try SQLiteStore(path: path, missing: .create)
            // Blocks 1 to 4: two of each series.
            for round in 0..<2 { for key in [a, b] { _ = try await store.append(run(key, from: 100 * round)) } }
            try await damage(path, block: 1)
            let report = try await store.check()
            #expect(report.problems.count == 1 && report.problems.first?.contains("block 1") == true)
            #expect(try await store.samples(of: b, in: always).count == 200)
            let error = await #expect(throws: StoreError.self) { _ = try await store.samples(of: a, in: always) }
            #expect(error?.code == .corrupt && error?.detail.contains("`forecast store check`") == true)
            let later = headStart.advanced(bySeconds: 100)..<headStart.advanced(bySeconds: 200)
            #expect(try await store.samples(of: a, in: later).count == 100)
            #expect(try await store.series(matching: nil).map(\.samples) == [100, 200])
            let counts = try await store.compact()
            #expect(counts.before == 4 && counts.after == 3, "b is compacted, a stays")
            #expect(try await store.prune(before: headStart.advanced(bySeconds: 50)) == 50)
            #expect(try await store.prune(before: headStart.advanced(bySeconds: 150)) == 250)
            #expect(try await store.check().problems == [])
            #expect(try await store.samples(of: a, in: always).count == 50)
        }
    }

    /// What is left of a series is read, and what is lost is told once per chunk that touches the range.
    @Test func soundSamplesPassOverDamage() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path, key = try SeriesKey(metric: "a")
            let store = try SQLiteStore(path: path, missing: .create)
            for round in 0..<3 { _ = try await store.append(run(key, from: 100 * round)) }
            try await damage(path, block: 1)
            try await damage(path, block: 3)
            let head = try await HeadStore(reading: path)
            let (samples, lost) = try await head.soundSamples(of: key, in: always)
            #expect(samples.values == (100..<200).map(Double.init))
            #expect(lost.map(\.samples) == [100, 100] && lost.allSatisfy { $0.reason.contains("block") })
            #expect(lost.map(\.first) == [headStart, headStart.advanced(bySeconds: 200)])
            let extent = try #require(try await head.extent(of: key))
            #expect(extent.first == headStart && extent.last == headStart.advanced(bySeconds: 299))
            #expect(extent.samples == 300)
            let part = headStart.advanced(bySeconds: 150)..<headStart.advanced(bySeconds: 160)
            #expect(try await head.soundSamples(of: key, in: part).lost.isEmpty)
            #expect(try await head.extent(of: SeriesKey(metric: "b")) == nil)
        }
    }

    /// Of a list of chunks that cannot be read, its times are told to every series that may have had some in it.
    @Test func soundSamplesPassOverADamagedList() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path, key = try SeriesKey(metric: "a")
            let store = try SQLiteStore(path: path, missing: .create)
            for round in 0..<3 { _ = try await store.append(run(key, from: 100 * round)) }
            // The last byte goes on, and nothing follows; or a count that no chunk has; or a chunk that ends before it begins.
            for list in ["00000000008080", "000000FFFFFFFFFFFFFFFF010010", "000013640010", ""] {
                try await execute(path, "UPDATE chunk SET entries = CAST(x'\(list)' AS BLOB) WHERE block = 2")
                let head = try await HeadStore(reading: path)
                let (samples, lost) = try await head.soundSamples(of: key, in: always)
                #expect(samples.values == (Array(0..<100) + Array(200..<300)).map(Double.init), "\(list)")
                #expect(lost.count == 1 && lost[0].samples == nil && lost[0].reason.contains("the list of its chunks"))
                #expect(lost.first?.first == headStart.advanced(bySeconds: 100))
                #expect(lost.first?.last == headStart.advanced(bySeconds: 199))
                let extent = try #require(try await head.extent(of: key))
                #expect(extent.last == headStart.advanced(bySeconds: 299) && extent.samples == 200)
                let part = headStart.advanced(bySeconds: 250)..<headStart.advanced(bySeconds: 260)
                #expect(try await head.soundSamples(of: key, in: part).lost.isEmpty)
                #expect(try await store.check().problems.count == 1)
                await #expect(throws: StoreError.self) { _ = try await store.samples(of: key, in: always) }
            }
        }
    }

    @Test func aBlockThatIsGoneOrCutIsTold() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path, key = try SeriesKey(metric: "a")
            let store = try SQLiteStore(path: path, missing: .create)
            _ = try await store.append(run(key, from: 0))
            try await execute(path, "UPDATE block SET data = CAST(substr(data, 1, 3) AS BLOB)")
            #expect(try await store.check().problems.first?.contains("does not hold the chunk") == true)
            try await execute(path, "UPDATE chunk SET offset = 9223372036854775807")
            #expect(try await store.check().problems.first?.contains("does not hold the chunk") == true)
            try await execute(path, "DELETE FROM block")
            let problems = try await store.check().problems
            #expect(problems.contains { $0.contains("refers to one that is not there") }, "\(problems)")
        }
    }

    @Test func timesAtTheEndsOfTheWorldAreListed() async throws {
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory.appending(path: "a.db").path, missing: .create)
            let key = try SeriesKey(metric: "a")
            var batch = SampleBatch()
            for time in [Int64.min, 0, Int64.max - 1] as [Int64] {
                batch.append(key, Timestamp(millisecondsSinceEpoch: time), 1)
            }
            _ = try await store.append(batch)
            #expect(try await store.series(matching: nil).map(\.samples) == [3])
        }
    }

    private func run(_ key: SeriesKey, from first: Int) -> SampleBatch {
        var batch = SampleBatch()
        for second in first..<first + 100 { batch.append(key, headStart.advanced(bySeconds: second), Double(second)) }
        return batch
    }

    private func damage(_ path: String, block: Int) async throws {
        try await execute(path, "UPDATE block SET data = CAST(x'FF' || substr(data, 2) AS BLOB) WHERE id = \(block)")
    }

    private func execute(_ path: String, _ sql: String) async throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        try await DatabaseQueue(path: path, configuration: configuration).write { try $0.execute(sql: sql) }
    }
}
