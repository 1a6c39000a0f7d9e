import Foundation
import Kernels
import Ports
import Series
import SeriesStoreSQLite
import Synchronization
import TestSupport
import Testing
import Units

/// What goes wrong around a head: nothing that was acknowledged is lost.
@Suite(.timeLimit(.minutes(2)))
struct HeadTroubleTests {
    private let key: SeriesKey
    init() throws { key = try SeriesKey(metric: "m") }

    /// The log must define a series where its first sample stands, not where it was first spoken of.
    @Test func aSeriesWhoseFirstPushWasRefusedIsFoundAgain() async throws {
        try await withStore { path, directory in
            var limits = HeadStore.Limits()
            limits.lateSeconds = 3_600
            try await withHead(path, limits) { head in
                let refused = try await head.append(batch(key, at: -4_000, 1))
                #expect(refused.added == 0)
                #expect(try await head.append(batch(key, at: 0, 2)).added == 1)
                #expect(try await foundInCopy(of: directory, key) == [2])
            }
        }
    }

    @Test func aLowerBoundOnSeriesForgetsNone() async throws {
        try await withStore { path, directory in
            let names = try (0..<3).map { try SeriesKey(metric: "m\($0)") }
            try await withHead(path) { head in
                for name in names { _ = try await head.append(batch(name, at: 0, 1)) }
                var limits = HeadStore.Limits()
                limits.series = 1
                for name in names { #expect(try await foundInCopy(of: directory, name, limits) == [1]) }
            }
        }
    }

    @Test func flushesAtOnceStoreEverySampleOnce() async throws {
        try await withStore { path, _ in
            try await withHead(path) { head in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<4 {
                        group.addTask {
                            for push in 0..<50 { _ = try await head.append(batch(key, at: 50 * writer + push, 1)) }
                        }
                        group.addTask { for _ in 0..<20 { await head.flush() } }
                    }
                    try await group.waitForAll()
                }
                await head.flush()
                #expect(try await head.database.check().samples == 200)
            }
        }
    }

    @Test func filesThatAreNoSegmentsAreLeftAlone() async throws {
        try await withStore { path, directory in
            let names = ["9223372036854775807", "99999999999999999999", "-0000005", "7", "x", "00000000", "+0000003"]
            for name in names { try Data([1, 2, 3]).write(to: URL(filePath: "\(path)-head-\(name).log")) }
            try await withHead(path) { head in
                _ = try await head.append(batch(key, at: 0, 1))
                await head.flush()
                _ = try await head.append(batch(key, at: 1, 2))
                #expect(try await foundInCopy(of: directory, key) == [1, 2])
            }
            #expect(try segments(in: directory).count == names.count)
        }
    }

    @Test func aSegmentThatCannotBeReadIsAnErrorAndStays() async throws {
        try await withStore { path, directory in
            _ = try SQLiteStore(path: path, missing: .create)
            let segment = directory.appending(path: "a.db-head-00000001.log")
            try FileManager.default.createDirectory(at: segment, withIntermediateDirectories: true)
            let error = await #expect(throws: StoreError.self) { _ = try await open(path) }
            #expect(error?.code == .unwritable && error?.detail.contains("00000001.log: cannot be read") == true)
            #expect(FileManager.default.fileExists(atPath: segment.path))
        }
    }

    /// A record is passed over, those around it are read, `check` tells, and the segment is kept for a look.
    @Test func aDamagedRecordCostsItsOwnSamplesAlone() async throws {
        try await withStore { path, directory in
            let damaged = directory.appending(path: "d")
            try await withHead(path) { head in
                var sizes: [Int] = []
                for push in 0..<3 {
                    _ = try await head.append(batch(key, at: push, Double(push)))
                    let segment = try #require(try segments(in: directory).first)
                    sizes.append(try Data(contentsOf: segment).count)
                }
                try FileManager.default.createDirectory(at: damaged, withIntermediateDirectories: true)
                let segment = try #require(try segments(in: directory).first)
                var bytes = try Data(contentsOf: segment)
                bytes[sizes[0] + 10] ^= 0x40
                try bytes.write(to: damaged.appending(path: "a.db-head-00000001.log"))
            }
            let other = damaged.appending(path: "a.db").path
            let problems = try await SQLiteStore(path: other, missing: .create).check().problems
            #expect(problems.count == 1 && problems.first?.contains("a record is damaged") == true)
            try await withHead(other) { head in
                #expect(head.damage == problems)
                let found = try await head.samples(of: key, in: always)
                #expect(found.values == [0, 2])
                await head.flush()
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: damaged.path).filter { $0.contains("head") }
            #expect(left == ["a.db-head-00000001.log.damaged"])
            #expect(try await SQLiteStore(path: other, missing: .refuse).check().problems == [])
        }
    }

    /// Whatever stands in a segment behind a right checksum: it is read as far as it makes sense.
    @Test func aSegmentOfAnyBytesIsReadWithoutATrap() async throws {
        try await withStore { path, _ in
            let definition: [UInt8] = [1, 0, 15, 10, 13, 10, 8] + Array("__name__".utf8) + [18, 1, 109]
            let content = definition + [2, 0, 2, 0, 0, 0, 0, 0, 0, 240, 63, 0, 2, 0, 0, 0, 0, 0, 0, 0, 64]
            for seed in UInt64(0)..<300 {
                var (rng, bytes) = (SplitMix64(seed: seed), [UInt8]())
                for record in 0..<4 {
                    var changed = content
                    for _ in 0..<Int(rng.next() % 4) where record > 0 {
                        changed[Int(rng.next() % UInt64(content.count))] = UInt8(truncatingIfNeeded: rng.next())
                    }
                    changed.removeLast(record > 0 ? Int(rng.next() % 3) : 0)
                    for word in [UInt32(changed.count), crc32(changed)] {
                        bytes += (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
                    }
                    bytes += changed
                }
                try Data(bytes).write(to: URL(filePath: path + "-head-00000001.log"))
                let head = try await open(path)
                #expect(head.headBytes <= 4 * 4 * 20, "seed \(seed)")
                #expect(try await head.samples(of: key, in: always).count >= 2, "the first is sound")
            }
        }
    }

    /// CRC-32 as zlib has it, a bit at a time.
    private func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
    }

    /// SQLite goes on writing to a file that has no name any more; what would be lost with it stays in the log.
    @Test func aDatabaseRemovedBeneathLosesNothing() async throws {
        try await withStore { path, directory in
            var limits = HeadStore.Limits()
            limits.retrySeconds = 0.01
            let reports = Mutex<[StoreError?]>([])
            let head = try await open(path, limits)
            async let running: Void = head.run { report in reports.withLock { $0.append(report) } }
            _ = try await head.append(batch(key, at: 0, 1))
            let away = directory.deletingLastPathComponent().appending(path: "away").path
            try move(path, to: away)
            await head.flush()
            #expect(head.flushFailure?.detail.contains("removed or replaced beneath") == true)
            _ = try await head.append(batch(key, at: 1, 2))
            _ = try SQLiteStore(path: path, missing: .create)
            await head.flush()
            #expect(head.flushFailure?.code == .unwritable, "another database of that name is not ours")
            #expect(try segments(in: directory).count == 2)
            #expect(try await foundInCopy(of: directory, key) == [1, 2])
            for ending in Self.endings { try? FileManager.default.removeItem(atPath: path + ending) }
            try move(away, to: path)
            await head.flush()
            #expect(head.flushFailure == nil)
            #expect(reports.withLock { $0.map { $0?.code } } == [.unwritable, nil])
            head.stop()
            try await running
        }
    }

    @Test func aSegmentRemovedBeneathIsTold() async throws {
        try await withStore { path, directory in
            try await withHead(path) { head in
                _ = try await head.append(batch(key, at: 0, 1))
                for segment in try segments(in: directory) { try FileManager.default.removeItem(at: segment) }
                let error = await #expect(throws: StoreError.self) { _ = try await head.append(batch(key, at: 1, 2)) }
                #expect(error?.detail.contains("was removed while it was written to") == true)
                #expect(try await head.append(batch(key, at: 2, 3)).added == 1)
                #expect(try await foundInCopy(of: directory, key) == [3])
                await head.flush()
                #expect(try await head.database.samples(of: key, in: always).values == [1, 2, 3])
            }
        }
    }

    @Test func aFlushThatFailedIsTriedAgainByItself() async throws {
        try await withStore { path, directory in
            var limits = HeadStore.Limits()
            (limits.headBytes, limits.retrySeconds) = (400, 0.01)
            try await withHead(path, limits) { head in
                let away = directory.appending(path: "away").path
                try FileManager.default.moveItem(atPath: path, toPath: away)
                var sent = 0
                let isFull = await eventually {
                    do throws(StoreError) { _ = try await head.append(batch(key, at: sent, 1)) } catch {
                        return error.code == .full
                    }
                    sent += 1
                    return false
                }
                #expect(isFull && sent == 20)
                try FileManager.default.moveItem(atPath: away, toPath: path)
                #expect(await eventually { head.flushFailure == nil && head.headBytes < 400 })
                #expect(try await head.append(batch(key, at: sent, 1)).added == 1)
                #expect(try await head.samples(of: key, in: always).count == 21)
            }
        }
    }

    @Test func aPushThatCanNeverFitIsToldSo() async throws {
        try await withStore { path, _ in
            var limits = HeadStore.Limits()
            limits.headBytes = 100
            try await withHead(path, limits) { head in
                var large = SampleBatch()
                for second in 0..<6 { large.append(key, headStart.advanced(bySeconds: second), 1) }
                let error = await #expect(throws: StoreError.self) { _ = try await head.append(large) }
                #expect(error?.code == .tooLarge && error?.isRetryable == false)
            }
        }
    }

    /// The clock decides which samples are too old, and nothing else.
    @Test func aClockThatStepsBackLosesNothing() async throws {
        try await withStore { path, directory in
            let now = Mutex(headStart)
            var limits = HeadStore.Limits()
            (limits.lateSeconds, limits.flushSeconds) = (3_600, 0.01)
            try await withHead(path, limits, now: { now.withLock { $0 } }) { head in
                for (index, step) in [0, -7_200, -86_400 * 400, 3_000].enumerated() {
                    now.withLock { $0 = headStart.advanced(bySeconds: step) }
                    let outcome = try await head.append(batch(key, at: index, Double(index)))
                    #expect(outcome.added == 1, "step \(step)")
                    await head.flush()
                }
                #expect(try await head.append(batch(key, at: -601, 9)).added == 0)
                #expect(try await head.samples(of: key, in: always).values == [0, 1, 2, 3])
                #expect(await eventually { head.headBytes == 0 })
                #expect(try await foundInCopy(of: directory, key) == [0, 1, 2, 3])
            }
        }
    }

    /// Whoever is being served when the store stops gets an answer, and what was acknowledged is there.
    @Test func stoppingAnswersEveryone() async throws {
        for seed in UInt64(0)..<5 {
            try await withStore { path, _ in
                let head = try await open(path)
                async let running: Void = head.run()
                let acknowledged = await withTaskGroup(of: (Int, Int).self, returning: [Int: Int].self) { group in
                    for writer in 0..<4 {
                        group.addTask {
                            var sent = 0
                            while let name = try? SeriesKey(metric: "w\(writer)"),
                                (try? await head.append(batch(name, at: sent, 1))) != nil
                            { sent += 1 }
                            return (writer, sent)
                        }
                    }
                    _ = await eventually { head.headBytes > 20 * 50 * Int(seed) }
                    head.stop()
                    return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
                }
                try await running
                let store = try SQLiteStore(path: path, missing: .refuse)
                for (writer, count) in acknowledged {
                    let found = try await store.samples(of: SeriesKey(metric: "w\(writer)"), in: always).count
                    #expect(found == count || found == count + 1, "the last one may be stored without a word")
                }
                #expect(acknowledged.count == 4)
            }
        }
    }

    private static let endings = ["", "-wal", "-shm"]

    private func move(_ database: String, to target: String) throws {
        for ending in Self.endings {
            try FileManager.default.moveItem(atPath: database + ending, toPath: target + ending)
        }
    }

    private func withStore(_ body: (_ path: String, _ directory: URL) async throws -> Void) async throws {
        try await withTemporaryDirectory { outer in
            let directory = outer.appending(path: "store")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try await body(directory.appending(path: "a.db").path, directory)
        }
    }
}
