import ConformanceKit
import Foundation
import Kernels
import Ports
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

@Suite(.timeLimit(.minutes(2)))
struct HeadStoreTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_700_000_000)

    /// Whatever stays in the head.
    @Test func conformsFromTheHead() async throws {
        try await withTemporaryDirectory { directory in
            let conformance = StoreConformance(tellsOutcomes: false, upkeep: rollUp) { check in
                try await withHead(directory.appending(path: "\(UUID()).db").path) { try await check($0) }
            }
            let findings = try await conformance.findings()
            #expect(findings == [])
        }
    }

    /// Some in the database and some in the head, in turn.
    @Test func conformsAcrossFlushes() async throws {
        try await withTemporaryDirectory { directory in
            let conformance = StoreConformance(tellsOutcomes: false) { check in
                try await withHead(directory.appending(path: "\(UUID()).db").path) { head in
                    try await check(FlushingStore(head: head))
                }
            }
            let findings = try await conformance.findings()
            #expect(findings == [])
        }
    }

    /// A process that ends without a word leaves segments behind, and every acknowledged sample in them or in the database.
    @Test func everyAcknowledgedSampleIsFoundAgain() async throws {
        for seed in UInt64(0)..<6 {
            try await withTemporaryDirectory { directory in
                let path = directory.appending(path: "a.db").path
                var acknowledged: [SeriesKey: [Timestamp: Double]] = [:]
                try await withHead(path) { head in
                    var rng = SplitMix64(seed: seed)
                    for push in 0..<30 {
                        let batch = try randomBatch(&rng, push: push)
                        _ = try await head.append(batch)
                        for (key, columns) in zip(batch.keys, batch.columns) {
                            for (time, value) in zip(columns.timestamps, columns.values) {
                                acknowledged[key, default: [:]][time] = value
                            }
                        }
                        if rng.next() % 8 == 0 { await head.flush() }
                    }
                    // While it still runs: what another process would find if this one ended now.
                    let found = try await open(path)
                    try await expectAll(acknowledged, in: found, "seed \(seed), before the end")
                }
                let store = try SQLiteStore(path: path, missing: .refuse)
                try await expectAll(acknowledged, in: store, "seed \(seed), after it")
                #expect(try await store.check().problems == [])
            }
        }
    }

    /// More samples than a part of the head holds, in no order: each series is found whole, before and after a flush.
    @Test func fullPartsOfTheHeadAreReadAsTheyCame() async throws {
        try await withTemporaryDirectory { directory in
            try await withHead(directory.appending(path: "a.db").path) { head in
                var rng = SplitMix64(seed: 7)
                var expected: [SeriesKey: [Timestamp: Double]] = [:]
                let keys = try (0..<70).map { try SeriesKey(metric: "m", labels: [.init(name: "s", value: "\($0)")]) }
                for push in 0..<4 {
                    var batch = SampleBatch()
                    for index in 0..<50_000 {
                        let key = keys[Int(rng.next() % 64) + push]
                        let time = headStart.advanced(bySeconds: Int(rng.next() % 2_000)), value = Double(index)
                        batch.append(key, time, value)
                        expected[key, default: [:]][time] = value
                    }
                    _ = try await head.append(batch)
                    try await expectAll(expected, in: head, "push \(push)")
                    if push == 1 { await head.flush() }
                }
                #expect(head.headBytes == 100_000 * 20)
                let read = try await head.samples(ofFirst: keys[...], in: always, limit: .max)
                #expect(read.map(\.values.count) == keys.map { expected[$0]?.count ?? 0 })
                await head.flush()
                try await expectAll(expected, in: head.database, "flushed")
            }
        }
    }

    @Test func aTornEndOfASegmentIsPassedOver() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path, key = try SeriesKey(metric: "m")
            try await withHead(path) { head in
                for push in 0..<3 { _ = try await head.append(batch(key, at: push, Double(push))) }
                let segment = try #require(
                    try FileManager.default.contentsOfDirectory(atPath: directory.path).first { $0.hasSuffix(".log") })
                let whole = try Data(contentsOf: directory.appending(path: segment))
                for cut in [1, 5, 9, whole.count / 3, whole.count - 1] {
                    let copy = directory.appending(path: "copy-\(cut)")
                    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
                    _ = try SQLiteStore(path: copy.appending(path: "a.db").path, missing: .create)
                    try whole.prefix(cut).write(to: copy.appending(path: segment))
                    let found = try await open(copy.appending(path: "a.db").path)
                    let values = try await found.samples(of: key, in: always).values
                    #expect(
                        values == Array([0, 1, 2].prefix(values.count)) && values.count < 3,
                        "cut \(cut) of \(whole.count): \(values)")
                }
            }
        }
    }

    /// The example of `docs/formats/store.md`.
    @Test func theWorkedSegmentIsItsBytes() async throws {
        let bytes: [UInt8] = [
            0x1E, 0, 0, 0, 0x1E, 0xD4, 0x0C, 0x37, 1, 0, 0x0F, 0x0A, 0x0D, 0x0A, 8, 0x5F, 0x5F, 0x6E, 0x61, 0x6D, 0x65,
            0x5F, 0x5F, 0x12, 1, 0x6D, 1, 0, 0xD0, 0x0F, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F,
        ]
        try await withTemporaryDirectory { directory in
            let key = try SeriesKey(metric: "m"), copy = directory.appending(path: "b.db").path
            try await withHead(directory.appending(path: "a.db").path) { head in
                var batch = SampleBatch()
                batch.append(key, Timestamp(secondsSinceEpoch: 1), 1.5)
                _ = try await head.append(batch)
                let segment = try #require(try segments(in: directory).first)
                #expect(try Data(contentsOf: segment) == Data(bytes))
            }
            try Data(bytes).write(to: URL(filePath: copy + "-head-00000003.log"))
            let found = try await open(copy).samples(of: key, in: always)
            #expect(found.timestamps == [Timestamp(secondsSinceEpoch: 1)] && found.values == [1.5])
        }
    }

    @Test func boundsAreKeptAndTold() async throws {
        try await withTemporaryDirectory { directory in
            var limits = HeadStore.Limits()
            (limits.series, limits.headBytes, limits.lateSeconds) = (2, 200, 3_600)
            try await withHead(directory.appending(path: "a.db").path, limits) { head in
                var columns = WriteColumns()
                for name in ["a", "b", "c"] {
                    let block = try SeriesKey(metric: name).labelBlock
                    columns.blocks.append(columns.bytes.count..<columns.bytes.count + block.count)
                    columns.bytes += block
                }
                columns.blocks.append(0..<3)
                columns.series = [0, 0, 1, 2, 3]
                let now = Self.start.millisecondsSinceEpoch
                (columns.times, columns.values) = ([now, now - 3_600_001, now, now, now], [1, 2, 3, 4, 5])
                let outcome = try await head.write(columns)
                #expect(outcome == WriteOutcome(accepted: 2, badNames: 1, tooOld: 1, overLimit: 1))
                let key = try SeriesKey(metric: "a")
                var many = SampleBatch()
                for second in 0..<9 { many.append(key, Self.start.advanced(bySeconds: second), 1) }
                let error = await #expect(throws: StoreError.self) { _ = try await head.append(many) }
                #expect(error?.code == .full && error?.isRetryable == true)
                await head.flush()
                #expect(try await head.append(batch(key, at: 1, 1)).added == 1)
            }
        }
    }

    /// Many writers at once, while flushes go on beneath them.
    @Test func writersReadersAndFlushesGetAlong() async throws {
        try await withTemporaryDirectory { directory in
            try await withHead(directory.appending(path: "a.db").path) { head in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<8 {
                        group.addTask {
                            let key = try SeriesKey(metric: "m", labels: [.init(name: "w", value: "\(writer)")])
                            for push in 0..<60 {
                                _ = try await head.append(batch(key, at: push, Double(push)))
                                let count = try await head.samples(of: key, in: always).count
                                #expect(count == push + 1, "writer \(writer)")
                            }
                        }
                    }
                    group.addTask { for _ in 0..<20 { await head.flush() } }
                    try await group.waitForAll()
                }
                #expect(try await head.series(matching: nil).map(\.samples) == Array(repeating: 60, count: 8))
            }
        }
    }

    @Test func compactionKeepsEverySampleInFewerChunks() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path, key = try SeriesKey(metric: "m")
            try await withHead(path) { head in
                for push in 0..<40 {
                    _ = try await head.append(batch(key, at: push, Double(push)))
                    await head.flush()
                }
            }
            let store = try SQLiteStore(path: path, missing: .refuse)
            let counts = try await store.compact()
            #expect(counts.before == 40 && counts.after == 1)
            #expect(try await store.samples(of: key, in: always).values == (0..<40).map(Double.init))
            let report = try await store.check()
            #expect(report.problems == [] && report.samples == 40 && report.blocks == 1)
        }
    }
}

/// Flushes after every batch but the third ones.
private struct FlushingStore: SampleStore {
    let head: HeadStore
    func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome {
        let outcome = try await head.append(batch)
        if batch.sampleCount % 3 != 0 { await head.flush() }
        return outcome
    }
    func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        try await head.series(matching: selector)
    }
    func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        try await head.samples(of: key, in: range)
    }
    func samples(
        ofFirst keys: ArraySlice<SeriesKey>, in range: Range<Timestamp>, limit: Int
    ) async throws(StoreError) -> [SampleColumns] {
        try await head.samples(ofFirst: keys, in: range, limit: limit)
    }
    func keys(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesKey] {
        try await head.keys(matching: selector)
    }
    func keys(
        matching selector: SeriesSelector?, in range: Range<Timestamp>
    ) async throws(StoreError) -> [SeriesKey] {
        try await head.keys(matching: selector, in: range)
    }
    func prune(before time: Timestamp) async throws(StoreError) -> Int { try await head.prune(before: time) }
}

private func randomBatch(_ rng: inout SplitMix64, push: Int) throws -> SampleBatch {
    var batch = SampleBatch()
    for _ in 0..<1 + Int(rng.next() % 50) {
        let key = try SeriesKey(metric: "m", labels: [.init(name: "s", value: "\(rng.next() % 7)")])
        let time = 1_700_000_000_000 + Int64(push) * 1_000 - Int64(rng.next() % 3_000)
        batch.append(key, Timestamp(millisecondsSinceEpoch: time), Double(rng.next() % 1_000) / 8)
    }
    return batch
}

private func expectAll(
    _ acknowledged: [SeriesKey: [Timestamp: Double]], in store: any SampleStore, _ when: String
) async throws {
    for (key, samples) in acknowledged {
        let found = try await store.samples(of: key, in: always)
        let expected = samples.sorted { $0.key < $1.key }
        #expect(found.timestamps == expected.map(\.key) && found.values == expected.map(\.value), "\(when): \(key)")
    }
}
