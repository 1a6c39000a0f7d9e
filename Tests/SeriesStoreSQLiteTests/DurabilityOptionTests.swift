import Foundation
import Ports
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// What an operator may choose: how old samples may be, and what waits for the disk.
@Suite(.timeLimit(.minutes(1)))
struct DurabilityOptionTests {
    private let key: SeriesKey
    init() throws { key = try SeriesKey(metric: "m") }

    /// The window of late samples is its own: shorter than what is kept.
    @Test func samplesOlderThanTheLateWindowAreRefusedAndTheRestIsKept() async throws {
        try await withTemporaryDirectory { directory in
            var limits = HeadStore.Limits()
            limits.lateSeconds = 600
            try await withHead(directory.appending(path: "a.db").path, limits) { head in
                var batch = SampleBatch()
                for second in [-601, -600, -1, 0, 5_000] {
                    batch.append(key, headStart.advanced(bySeconds: second), Double(second))
                }
                let outcome = try await head.write(WriteColumns(batch))
                #expect(outcome == WriteOutcome(accepted: 4, tooOld: 1))
                #expect(try await head.samples(of: key, in: always).values == [-600, -1, 0, 5_000])
                // A file is no push: what it holds of the past is taken.
                _ = try await head.database.append(
                    SeriesStoreSQLiteTests.one(key, headStart.advanced(bySeconds: -9_000), 7))
                #expect(try await head.samples(of: key, in: always).values.first == 7)
            }
        }
    }

    @Test func aPushThatIsNotSyncedIsInTheLogWhenItIsAnswered() async throws {
        try await withTemporaryDirectory { directory in
            var limits = HeadStore.Limits()
            (limits.acknowledgesUnsynced, limits.lateSeconds) = (true, 1_000_000_000)
            try await withHead(directory.appending(path: "a.db").path, limits) { head in
                for second in 0..<20 {
                    _ = try await head.append(batch(key, at: second, Double(second)))
                    #expect(try await foundInCopy(of: directory, key, limits).count == second + 1)
                }
            }
            #expect(try await open(directory.appending(path: "a.db").path).samples(of: key, in: always).count == 20)
        }
    }

    @Test func aFlushLeavesTheLevelAsItWas() async throws {
        for level in SQLiteStore.Synchronous.allCases {
            try await withTemporaryDirectory { directory in
                let store = try SQLiteStore(
                    path: directory.appending(path: "a.db").path, missing: .create, synchronous: level)
                let head = try await HeadStore(store, now: { headStart })
                #expect(try await store.effectiveSynchronous() == level)
                async let running: Void = head.run()
                _ = try await head.append(batch(key, at: 0, 1))
                await head.flush()
                #expect(try await store.samples(of: key, in: always).count == 1)
                #expect(try await store.effectiveSynchronous() == level)
                head.stop()
                try await running
            }
        }
    }
}

extension SeriesStoreSQLiteTests {
    static func one(_ key: SeriesKey, _ time: Timestamp, _ value: Double) -> SampleBatch {
        var batch = SampleBatch()
        batch.append(key, time, value)
        return batch
    }
}
