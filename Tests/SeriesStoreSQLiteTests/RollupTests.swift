import ConformanceKit
import Foundation
import GRDB
import Kernels
import Ports
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// Rollups tell what the samples tell, bit for bit, and outlive them.
@Suite(.timeLimit(.minutes(3)))
struct RollupTests {
    private static let day = 86_400
    private static let start = Timestamp(secondsSinceEpoch: 20_000 * 86_400)
    private let key: SeriesKey
    init() throws { key = try SeriesKey(metric: "m", labels: [.init(name: "a", value: "1")]) }

    /// Samples of 40 days in random order with gaps, resets and samples again, rolled up at random moments; read from the database
    /// and from a head before it, and compared with a store that keeps samples alone.
    @Test func everyKindReadsTheSameFromRollupsAndSamples() async throws {
        for seed in UInt64(1)...6 {
            try await withTemporaryDirectory { directory in
                var rng = SplitMix64(seed: seed)
                let twin = InMemorySampleStore()
                try await withHead(directory.appending(path: "a.db").path) { head in
                    for round in 0..<12 {
                        let batch = self.batch(&rng, upTo: 4 * (round + 1))
                        _ = try await twin.append(batch)
                        if rng.uniform() < 0.5 {
                            _ = try await head.append(batch)
                        } else {
                            await head.flush()
                            _ = try await head.database.append(batch)
                        }
                        if rng.uniform() < 0.6 { await head.flush() }
                        if rng.uniform() < 0.6 {
                            _ = try await head.database.rollUp(
                                now: Self.start.advanced(bySeconds: 4 * round * Self.day))
                        }
                        if rng.uniform() < 0.3 { _ = try await head.database.compact() }
                        try await expectSame(head, twin, &rng, "seed \(seed), round \(round)")
                    }
                    await head.flush()
                    let made = try await head.database.rollUp(now: Self.start.advanced(bySeconds: 100 * Self.day))
                    try #require(made > 0)
                    try await expectSame(head.database, twin, &rng, "seed \(seed), at the end")
                    #expect(try await head.database.check().problems == [])
                    #expect(try await head.database.rollUp(now: Self.start.advanced(bySeconds: 200 * Self.day)) == 0)
                }
            }
        }
    }

    private func batch(_ rng: inout SplitMix64, upTo days: Int) -> SampleBatch {
        var batch = SampleBatch()
        let isLate = rng.uniform() < 0.4
        let first = isLate ? Int(rng.next() % UInt64(days)) : max(0, days - 4)
        var (second, total) = (first * Self.day + Int(rng.next() % 86_400), Double(rng.next() % 1_000))
        let end = isLate ? second + 20_000 : days * Self.day
        while second < end {
            total = rng.uniform() < 0.01 ? 0 : total + (rng.uniform() * 1_000).rounded() / 100
            batch.append(key, Self.start.advanced(bySeconds: second), rng.uniform() < 0.001 ? .infinity : total)
            // Every so often a gap, and at times the same instant again.
            let gap = rng.uniform()
            second += gap < 0.005 ? Int(rng.next() % 200_000) : gap < 0.01 ? 0 : 60 + Int(rng.next() % 400)
        }
        return batch
    }

    private func expectSame(
        _ store: any SampleStore, _ twin: InMemorySampleStore, _ rng: inout SplitMix64, _ what: String
    ) async throws {
        for step in [300, 900, 3_600, 10_800] {
            let from = Self.start.advanced(bySeconds: Int(rng.next() % UInt64(30 * Self.day)) - 3 * Self.day)
            let to = from.advanced(bySeconds: Int(rng.next() % UInt64(50 * Self.day)))
            for range in [from..<to, always] {
                let ours = try await store.windows(of: key, in: range, step: step)
                let expected = try await twin.windows(of: key, in: range, step: step)
                #expect(ours == expected, "\(what), \(step) s")
                for kind in DemandKind.allCases {
                    let a = RegularSeries(windows: ours, kind: kind, endingBy: to)
                    let samples = try await twin.samples(of: key, in: Self.whole(range, step))
                    let b = RegularSeries(resampling: samples, kind: kind, step: step, endingBy: to)
                    #expect(
                        a?.start == b?.start && a?.values.map(\.bitPattern) == b?.values.map(\.bitPattern),
                        "\(what), \(step) s, \(kind)")
                }
            }
        }
    }

    /// `range` from the start of a window on.
    private static func whole(_ range: Range<Timestamp>, _ step: Int) -> Range<Timestamp> {
        guard range != always else { return range }
        let first = WindowColumns.numbers(of: step, in: range).lowerBound
        return Timestamp(secondsSinceEpoch: Int(first) * step)..<range.upperBound
    }

    // MARK: Age

    @Test func rollupsOutliveTheirSamplesAndStayAsTheyAre() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let store = try SQLiteStore(path: path, missing: .create)
            _ = try await store.append(plain(days: 0..<40))
            let now = Self.start.advanced(bySeconds: 40 * Self.day + 7_200)
            #expect(try await store.rollUp(now: now) == 40 + pagesOfHours(days: 0..<40))
            let fine = try await store.windows(of: key, in: always, step: 300)
            let coarse = try await store.windows(of: key, in: always, step: 3_600)
            let cut = Self.start.advanced(bySeconds: 30 * Self.day + 1_000)
            #expect(try await store.prune(before: cut) > 0)
            #expect(try await store.windows(of: key, in: always, step: 300) == fine)
            #expect(try await store.windows(of: key, in: always, step: 3_600) == coarse)
            // Later samples: made anew where all the others are still there, and nowhere else.
            _ = try await store.append(batch(key, at: 5 * Self.day + 1, 1e6))
            _ = try await store.append(batch(key, at: 35 * Self.day + 1, 1e6))
            _ = try await store.rollUp(now: now)
            let later = try await store.windows(of: key, in: always, step: 300)
            let changed = zip(fine.windows, later.windows).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
            #expect(fine.numbers == later.numbers && changed == [35 * 288])
            // The rollups of five minutes go, those of an hour stay.
            let limit = Self.start.advanced(bySeconds: 30 * Self.day)
            #expect(try await store.pruneRollups(fineBefore: limit, coarseBefore: Self.start) == 30)
            let hours = try await store.windows(of: key, in: Self.start..<limit, step: 3_600)
            let old = RollupDays.finishedHours(Self.start, days: 30)
            #expect(hours.within(old) == coarse.within(old) && old.count > 300)
            _ = try await store.append(batch(key, at: 3 * Self.day, 1e6))
            _ = try await store.rollUp(now: now, verifying: true)
            #expect(
                try await store.windows(of: key, in: Self.start..<limit, step: 3_600).within(old) == coarse.within(old))
            #expect(try await store.pruneRollups(fineBefore: now, coarseBefore: now) > 0)
            #expect(try await store.check().problems == [])
        }
    }

    @Test func aSmallStoreGivesUpSamplesBeforeRollupsAndTheNewestLast() async throws {
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory.appending(path: "a.db").path, missing: .create)
            _ = try await store.append(plain(days: 0..<40))
            _ = try await store.rollUp(now: Self.start.advanced(bySeconds: 41 * Self.day))
            let fine = try await store.windows(of: key, in: always, step: 300)
            let size = try await store.space()
            _ = try await store.prune(toBytes: size.bytes - size.free - 20_000)
            let first = try await store.samples(of: key, in: always).timestamps.first
            #expect(try #require(first) > Self.start)
            #expect(try await store.windows(of: key, in: always, step: 300) == fine)
            // No size is small enough: all goes.
            _ = try await store.prune(toBytes: 0)
            #expect(try await store.windows(of: key, in: always, step: 3_600).count == 0)
        }
    }

    @Test func theNewestSamplesStayLongerThanRollups() async throws {
        try await withTemporaryDirectory { directory in
            var path = "", sizes: [Int] = []
            for name in ["measured.db", "a.db"] {
                path = directory.appending(path: name).path
                let store = try SQLiteStore(path: path, missing: .create)
                _ = try await store.append(plain(days: 0..<40))
                _ = try await store.rollUp(now: Self.start.advanced(bySeconds: 41 * Self.day))
                if let size = sizes.first {
                    // More than the samples of the older days take.
                    _ = try await store.prune(toBytes: size - 20_000)
                } else {
                    _ = try await store.prune(before: Self.start.advanced(bySeconds: 38 * Self.day))
                    let space = try await store.space()
                    sizes.append(space.bytes - space.free)
                }
            }
            let store = try SQLiteStore(path: path, missing: .refuse)
            let left = try await store.samples(of: key, in: always)
            let span = try #require(left.timestamps.last).seconds(since: try #require(left.timestamps.first))
            #expect(span > 1.9 * Double(Self.day) && span < 2.1 * Double(Self.day))
            let pages = try await count(path, "SELECT count(*) FROM rollup WHERE step = 300")
            #expect(pages < 40 && pages > 20)
        }
    }

    // MARK: Damage

    @Test func aDamagedRollupIsToldAndMadeAnew() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let store = try SQLiteStore(path: path, missing: .create)
            _ = try await store.append(plain(days: 0..<40))
            let now = Self.start.advanced(bySeconds: 41 * Self.day)
            _ = try await store.rollUp(now: now)
            let whole = try await store.windows(of: key, in: always, step: 3_600)
            try await execute(path, "UPDATE rollup SET data = CAST(x'FF' || substr(data, 2) AS BLOB) WHERE id % 3 = 0")
            try await execute(path, "UPDATE rollup SET page = page + 1000 WHERE id = 7")
            let problems = try await store.check().problems
            #expect(
                problems.count > 10 && problems.allSatisfy { $0.contains("`forecast store compact` makes it anew") })
            #expect(try await store.windows(of: key, in: always, step: 3_600) == whole)
            #expect(try await store.rollUp(now: now, verifying: true) > 10)
            #expect(try await store.check().problems == [])
            #expect(try await store.windows(of: key, in: always, step: 3_600) == whole)
            // Where the samples have gone, that is told.
            _ = try await store.prune(before: Self.start.advanced(bySeconds: 39 * Self.day))
            try await execute(path, "UPDATE rollup SET data = x'00' WHERE step = 300 AND page = 20003")
            #expect(try await store.check().problems.map { $0.contains("what it was made of is gone") } == [true])
            _ = try await store.rollUp(now: now, verifying: true)
            let error = await #expect(throws: StoreError.self) {
                _ = try await store.windows(of: key, in: always, step: 300)
            }
            #expect(error?.code == .corrupt && error?.detail.contains("page 20003") == true)
            #expect(try await store.windows(of: key, in: always, step: 3_600) == whole)
        }
    }

    @Test func damagedSamplesMakeNoRollup() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let store = try SQLiteStore(path: path, missing: .create)
            let other = try SeriesKey(metric: "other")
            _ = try await store.append(plain(days: 0..<2))
            var second = SampleBatch()
            for minute in 0..<3_000 { second.append(other, Self.start.advanced(bySeconds: 60 * minute), 1) }
            _ = try await store.append(second)
            try await execute(path, "UPDATE block SET data = CAST(x'FF' || substr(data, 2) AS BLOB) WHERE id = 1")
            let now = Self.start.advanced(bySeconds: 9 * Self.day)
            #expect(try await store.rollUp(now: now) == 3)
            await #expect(throws: StoreError.self) { _ = try await store.windows(of: key, in: always, step: 300) }
            #expect(try await store.windows(of: other, in: always, step: 300).count == 600)
            try await execute(path, "UPDATE block SET data = CAST(x'01' || substr(data, 2) AS BLOB) WHERE id = 1")
            #expect(try await store.rollUp(now: now) == 2, "what could not be read stays due")
            #expect(try await store.windows(of: key, in: always, step: 300).count == 576)
        }
    }

    @Test func aBackupHoldsRollups() async throws {
        try await withTemporaryDirectory { directory in
            let (path, copy) = (directory.appending(path: "a.db").path, directory.appending(path: "b.db").path)
            let store = try SQLiteStore(path: path, missing: .create)
            _ = try await store.append(plain(days: 0..<20))
            _ = try await store.rollUp(now: Self.start.advanced(bySeconds: 21 * Self.day))
            _ = try await store.prune(before: Self.start.advanced(bySeconds: 19 * Self.day))
            let windows = try await store.windows(of: key, in: always, step: 300)
            _ = try await store.backUp(to: copy)
            let restored = try SQLiteStore(path: copy, missing: .refuse)
            #expect(windows.count == 20 * 288)
            #expect(try await restored.windows(of: key, in: always, step: 300) == windows)
        }
    }

    /// Samples far apart, at the ends of the world, and a clock that once was far ahead.
    @Test func strangeTimesEnd() async throws {
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory.appending(path: "a.db").path, missing: .create)
            var batch = SampleBatch()
            for time in [Int64.min, -1, 0, Int64.max - 1] {
                batch.append(key, Timestamp(millisecondsSinceEpoch: time), 1)
            }
            _ = try await store.append(batch)
            #expect(try await store.rollUp(now: Self.start) > 0)
            #expect(try await store.windows(of: key, in: always, step: 300).windows.map(\.count).reduce(0, +) >= 3)
            let ahead = try SQLiteStore(path: directory.appending(path: "b.db").path, missing: .create)
            _ = try await ahead.append(plain(days: 0..<2))
            _ = try await ahead.rollUp(now: Self.start.advanced(bySeconds: 100_000 * Self.day))
            _ = try await ahead.append(plain(days: 2..<4))
            #expect(try await ahead.rollUp(now: Self.start.advanced(bySeconds: 5 * Self.day)) == 2)
        }
    }

    /// A gauge of two decimals a minute.
    private func plain(days: Range<Int>) -> SampleBatch {
        var batch = SampleBatch()
        for minute in days.lowerBound * 1_440..<days.upperBound * 1_440 {
            batch.append(key, Self.start.advanced(bySeconds: minute * 60), Double((minute * 7_919) % 10_007) / 100)
        }
        return batch
    }

    private func batch(_ key: SeriesKey, at second: Int, _ value: Double) -> SampleBatch {
        var batch = SampleBatch()
        batch.append(key, Self.start.advanced(bySeconds: second), value)
        return batch
    }

    private func pagesOfHours(days: Range<Int>) -> Int {
        Set(days.map { (20_000 + $0) / 16 }).count { ($0 + 1) * 16 <= 20_000 + days.upperBound }
    }

    private func execute(_ path: String, _ sql: String) async throws {
        try await DatabaseQueue(path: path).write { try $0.execute(sql: sql) }
    }

    private func count(_ path: String, _ sql: String) async throws -> Int {
        try await DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: sql) ?? 0 }
    }
}

private enum RollupDays {
    /// The hours of the pages of sixteen days that end within `days` after `start`.
    static func finishedHours(_ start: Timestamp, days: Int) -> Range<Int64> {
        let first = start.millisecondsSinceEpoch / 86_400_000
        return first * 24..<(first + Int64(days)) / 16 * 16 * 24
    }
}
