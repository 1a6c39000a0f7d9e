import Foundation
import Kernels
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// The daemon on a disk, and with files, that misbehave.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct StoreTroubleTests {
    @Test(.enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
    func aFullDiskStopsPushesAndNothingElse() async throws {
        try await SmallDisk.with(kilobytes: 8_192) { disk in
            let path = disk.appending(path: "a.db").path, ballast = disk.appending(path: "ballast")
            try Data(count: 4 << 20).write(to: ballast)
            try await withTemporaryDirectory { logs in
                let daemon = try await PushedDaemon(path, logs)
                var sender = BulkSender()
                let refusal = try #require(await sender.pushUntilRefused(to: daemon, atMost: 2_000))
                #expect(refusal.status == 429 && refusal.body.contains("No space left"), "\(refusal)")
                for _ in 0..<20 {
                    let answer = try #require(await sender.push(to: daemon))
                    #expect([429, 503].contains(answer.status) || answer.status == 204, "\(answer)")
                }
                #expect(await daemon.get("/healthz")?.status == 200)
                let log = try String(contentsOf: logs.appending(path: "log"), encoding: .utf8)
                #expect(log.contains("the store cannot write; it goes on trying"))
                let segments = try FileManager.default.contentsOfDirectory(atPath: disk.path).filter {
                    $0.hasSuffix(".log")
                }
                #expect(segments.count < 10, "refused pushes leave no files behind: \(segments.count)")
                try FileManager.default.removeItem(at: ballast)
                let (before, isWell) = (sender.acknowledged.count, await sender.succeeds(to: daemon))
                #expect(isWell && sender.acknowledged.count > before)
                daemon.kill()
                await daemon.ended()
                try await sender.expectAll(in: path)
            }
        }
    }

    @Test(.enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
    func aReadOnlyDiskIsAClearError() async throws {
        try await SmallDisk.with(kilobytes: 1_024) { disk in
            let path = disk.appending(path: "a.db").path
            do { _ = try SQLiteStore(path: path, missing: .create) }
            try #require(SmallDisk.makeReadOnly(disk))
            for command in [["daemon", "--db", path, "--listen", "127.0.0.1:0"], ["store", "compact", "--db", path]] {
                let outcome = try await BuiltBinary.run(command)
                #expect(outcome.status == 1 && outcome.isExit)
                #expect(outcome.errors.contains(path) && outcome.errors.contains("cannot be"), "\(outcome.errors)")
            }
        }
    }

    /// Ingest and compaction beside a daemon that takes pushes and flushes them all the while.
    @Test func otherWritersGetAlong() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let daemon = try await PushedDaemon(path, directory, flush: "1s")
            let file = directory.appending(path: "in.csv")
            var sender = BulkSender()
            for round in 0..<6 {
                let rows = (0..<2_000).map { "\(1_700_000_000 + 60 * (2_000 * round + $0)),\($0)" }
                try ("timestamp,value\n" + rows.joined(separator: "\n")).write(
                    to: file, atomically: true, encoding: .utf8)
                async let ingest = BuiltBinary.run(["ingest", file.path, "--db", path, "--metric", "file"])
                async let compact = BuiltBinary.run(["store", "compact", "--db", path])
                for _ in 0..<10 {
                    #expect(await sender.push(to: daemon)?.status == 204)
                    try? await Task.sleep(for: .milliseconds(30))
                }
                let (ingested, compacted) = try await (ingest, compact)
                #expect(ingested.status == 0 && compacted.status == 0, "\(ingested.errors) \(compacted.errors)")
            }
            daemon.stop()
            await daemon.ended()
            try await sender.expectAll(in: path)
            let store = try SQLiteStore(path: path, missing: .refuse)
            #expect(try await store.samples(of: SeriesKey(metric: "file"), in: BulkSender.always).count == 12_000)
            #expect(try await store.check().problems == [])
        }
    }

    @Test func aDamagedSegmentIsToldAndTheRestIsRead() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let daemon = try await PushedDaemon(path, directory)
            var sender = BulkSender()
            for _ in 0..<3 { #expect(await sender.push(to: daemon)?.status == 204) }
            daemon.kill()
            await daemon.ended()
            let segment = URL(filePath: path + "-head-00000001.log")
            var bytes = try Data(contentsOf: segment)
            bytes[bytes.count - 20] ^= 1
            try bytes.write(to: segment)
            let check = try await BuiltBinary.run(["store", "check", "--db", path])
            #expect(check.status == 1 && check.output.contains("00000001.log: a record is damaged"), "\(check.output)")
            let again = try await PushedDaemon(path, directory)
            let log = try String(contentsOf: directory.appending(path: "log"), encoding: .utf8)
            #expect(log.contains("a part of the log is damaged"))
            again.stop()
            await again.ended()
            let store = try SQLiteStore(path: path, missing: .refuse)
            #expect(try await store.samples(of: sender.key, in: BulkSender.always).count == 2 * BulkSender.size)
            #expect(FileManager.default.fileExists(atPath: segment.path + ".damaged"))
        }
    }

    @Test func aDatabaseRemovedBeneathTheDaemonIsToldAndComesBackWithTheLog() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let daemon = try await PushedDaemon(path, directory)
            var sender = BulkSender()
            #expect(await sender.push(to: daemon)?.status == 204)
            for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) }
            #expect(await sender.push(to: daemon)?.status == 204)
            #expect(await daemon.get("/healthz")?.status == 200)
            daemon.stop()
            await daemon.ended()
            let log = try String(contentsOf: directory.appending(path: "log"), encoding: .utf8)
            #expect(log.contains("removed or replaced beneath"))
            let again = try await PushedDaemon(path, directory)
            again.stop()
            await again.ended()
            try await sender.expectAll(in: path)
        }
    }
}

/// Pushes large batches of one series and notes which were acknowledged.
private struct BulkSender: Sendable {
    static let size = 1_000
    static let always = Timestamp(millisecondsSinceEpoch: 0)..<Timestamp(millisecondsSinceEpoch: 1 << 50)

    let key: SeriesKey
    private(set) var acknowledged: [Int64: Double] = [:]
    private var next = Int64(Date().timeIntervalSince1970) * 1_000 - 80_000_000
    private var rng = SplitMix64(seed: 7)

    init() { key = SeriesKey.bulk }

    mutating func push(to daemon: PushedDaemon) async -> (status: Int, body: String)? {
        let times = (0..<Int64(Self.size)).map { next + $0 }
        let values = times.map { _ in Double(rng.next() >> 12) * 0x1p-52 }
        next += Int64(Self.size)
        let line =
            #"{"metric":{"__name__":"bulk"},"values":[\#(values.map { "\($0)" }.joined(separator: ","))],"#
            + #""timestamps":[\#(times.map { "\($0)" }.joined(separator: ","))]}"#
        let answer = await daemon.push(line)
        if answer?.status == 204 { for (time, value) in zip(times, values) { acknowledged[time] = value } }
        return answer
    }

    mutating func pushUntilRefused(to daemon: PushedDaemon, atMost limit: Int) async -> (status: Int, body: String)? {
        for _ in 0..<limit {
            if let answer = await push(to: daemon), answer.status != 204 { return answer }
        }
        return nil
    }

    mutating func succeeds(to daemon: PushedDaemon) async -> Bool {
        for _ in 0..<500 {
            if await push(to: daemon)?.status == 204 { return true }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// All that was acknowledged is found, with its values; more may be.
    func expectAll(in path: String) async throws {
        #expect(try await SQLiteStore(path: path, missing: .refuse).check().problems == [])
        let found = try await HeadStore(reading: path).samples(of: key, in: Self.always)
        let isAscending = zip(found.timestamps, found.timestamps.dropFirst()).allSatisfy(<)
        #expect(isAscending, "once each")
        let stored = Dictionary(
            uniqueKeysWithValues: zip(found.timestamps.map(\.millisecondsSinceEpoch), found.values))
        let lost = acknowledged.count { stored[$0.key] != $0.value }
        #expect(lost == 0 && !acknowledged.isEmpty)
    }
}

extension SeriesKey {
    fileprivate static let bulk: SeriesKey = {
        guard let key = try? SeriesKey(metric: "bulk") else { preconditionFailure("a good name") }
        return key
    }()
}
