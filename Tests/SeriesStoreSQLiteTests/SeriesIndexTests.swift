import Foundation
import GRDB
import Kernels
import Ports
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// The index of labels follows what comes, goes and comes again under a number given before.
@Suite struct SeriesIndexTests {
    @Test func everyLabelIsFoundWhileSeriesComeAndGo() async throws {
        for seed in UInt64(0)..<6 {
            try await withTemporaryDirectory { directory in
                var rng = SplitMix64(seed: seed)
                var limits = HeadStore.Limits()
                limits.lateSeconds = 1_000_000_000
                let path = directory.appending(path: "a.db").path
                let reader = try SQLiteStore(path: path, missing: .create)
                try await withHead(path, limits) { head in
                    for round in 0..<24 {
                        var batch = SampleBatch()
                        // Some fill the last pages of their metrics, some make new ones, some come again.
                        for _ in 0..<(rng.next() % 60) {
                            batch.append(try key(&rng), headStart.advanced(bySeconds: 100 * round), 1)
                        }
                        let isPushed = rng.uniform() < 0.6
                        if isPushed { _ = try await head.append(batch) } else { _ = try await reader.append(batch) }
                        if rng.uniform() < 0.4 { await head.flush() }
                        if rng.uniform() < 0.2 {
                            _ = try await head.prune(before: headStart.advanced(bySeconds: 100 * (round - 5)))
                        }
                        try await expectAllFound(head, &rng, "seed \(seed), round \(round), the head")
                        try await expectAllFound(reader, &rng, "seed \(seed), round \(round), the database")
                    }
                    #expect(try await reader.check().problems == [])
                }
            }
        }
    }

    /// A page of labels that cannot be read is told by every search that would look into it, and forgotten once it can be.
    @Test func aSearchThatFailedLeavesTheIndexAsItWas() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let store = try SQLiteStore(path: path, missing: .create)
            for metric in ["a", "b"] { _ = try await store.append(batch(labelled(metric), at: 0, 1)) }
            let sound = try await labelsOfPages(path)
            try await execute(path, "UPDATE series_page SET labels = CAST(x'0203' AS BLOB) WHERE id = 2")
            let selector = SeriesSelector(metric: "a", labels: [.init(name: "x", value: "1")])
            for _ in 0..<2 {
                let error = await #expect(throws: StoreError.self) { _ = try await store.keys(matching: selector) }
                #expect(error?.code == .corrupt)
            }
            try await execute(path, "UPDATE series_page SET labels = x'\(sound[1])' WHERE id = 2")
            #expect(try await store.keys(matching: selector) == [labelled("a")])
        }
    }

    /// The labels of every page, in hexadecimal.
    private func labelsOfPages(_ path: String) async throws -> [String] {
        try await DatabaseQueue(path: path).read {
            try String.fetchAll($0, sql: "SELECT hex(labels) FROM series_page ORDER BY id")
        }
    }

    private func execute(_ path: String, _ sql: String) async throws {
        try await DatabaseQueue(path: path).write { try $0.execute(sql: sql) }
    }

    private func labelled(_ metric: String) throws -> SeriesKey {
        try SeriesKey(metric: metric, labels: [.init(name: "x", value: "1")])
    }

    private func key(_ rng: inout SplitMix64) throws -> SeriesKey {
        try SeriesKey(
            metric: "m\(rng.next() % 3)",
            labels: [
                .init(name: "pod", value: "\(rng.next() % 100)"), .init(name: "zone", value: "\(rng.next() % 3)"),
            ])
    }

    private func expectAllFound(_ store: any SampleStore, _ rng: inout SplitMix64, _ what: String) async throws {
        let all = try await store.keys(matching: nil)
        for label in [("zone", rng.next() % 3), ("pod", rng.next() % 100), ("pod", rng.next() % 100)] {
            let selector = SeriesSelector(
                metric: "m\(rng.next() % 3)", labels: [.init(name: label.0, value: "\(label.1)")])
            let expected = all.filter { selector.matches($0) }
            #expect(try await store.keys(matching: selector) == expected, "\(what): \(selector)")
        }
    }
}
