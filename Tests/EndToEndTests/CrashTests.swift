import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// The daemon under load, killed again and again: what it acknowledged is there, once, and the file is sound.
@Suite(.serialized) struct CrashTests {
    /// `PREWARM_KILLS` kills; some here, two hundred in `make soak`.
    private static let kills = ProcessInfo.processInfo.environment["PREWARM_KILLS"].flatMap { Int($0) } ?? 6

    @Test(.timeLimit(.minutes(20)))
    func everyAcknowledgedSampleSurvivesKills() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            var senders = (0..<3).map { Sender(number: $0) }
            var delay = SystemRandomNumberGenerator()
            for kill in 0..<Self.kills {
                let daemon = try await PushedDaemon(path, directory)
                let milliseconds = Int.random(in: 20...400, using: &delay)
                senders = await withTaskGroup(of: Sender.self, returning: [Sender].self) { group in
                    for sender in senders { group.addTask { await sender.pushed(to: daemon.port) } }
                    try? await Task.sleep(for: .milliseconds(milliseconds))
                    daemon.kill()
                    var after: [Sender] = []
                    for await sender in group { after.append(sender) }
                    return after
                }
                await daemon.ended()
                if kill % 10 == 9 || kill == Self.kills - 1 { try await expectAll(senders, in: path, kill) }
            }
            #expect(senders.reduce(0) { $0 + $1.acknowledged.count } > 20 * Self.kills, "there was a load")
        }
    }

    private func expectAll(_ senders: [Sender], in path: String, _ kill: Int) async throws {
        let database = try SQLiteStore(path: path, missing: .refuse)
        #expect(try await database.check().problems == [], "after kill \(kill)")
        let store = try await HeadStore(reading: path)
        let always = Timestamp(millisecondsSinceEpoch: 0)..<Timestamp(millisecondsSinceEpoch: 1 << 50)
        for sender in senders {
            let found = try await store.samples(of: sender.key(), in: always)
            #expect(zip(found.timestamps, found.timestamps.dropFirst()).allSatisfy(<), "once each")
            let times = Set(found.timestamps.map(\.millisecondsSinceEpoch))
            let lost = sender.acknowledged.filter { !times.contains($0) }
            #expect(lost == [], "after kill \(kill), sender \(sender.number)")
            let isSame = zip(found.timestamps, found.values).allSatisfy { Double($0.millisecondsSinceEpoch) == $1 }
            #expect(isSame, "values are what was sent")
        }
    }
}

/// Sends samples whose value is their time, one push after the other, and notes those that were acknowledged.
private struct Sender: Sendable {
    let number: Int
    var acknowledged: [Int64] = []
    private var next: Int64

    init(number: Int) {
        self.number = number
        next = Int64(Date().timeIntervalSince1970) * 1_000 - 80_000_000
    }

    func key() throws -> SeriesKey { try SeriesKey(metric: "m", labels: [.init(name: "s", value: "\(number)")]) }

    /// Until the daemon is gone.
    func pushed(to port: Int) async -> Sender {
        var sender = self
        while let times = await sender.push(to: port) {
            sender.acknowledged += times
            try? await Task.sleep(for: .milliseconds(1))
        }
        return sender
    }

    private mutating func push(to port: Int) async -> [Int64]? {
        let times = (0..<5).map { next + Int64($0) }
        next += 5
        let list = times.map { "\($0)" }.joined(separator: ",")
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v1/import")
        request.method = .POST
        let metric = #"{"__name__":"m","s":"\#(number)"}"#
        request.body = .bytes(ByteBuffer(string: #"{"metric":\#(metric),"values":[\#(list)],"timestamps":[\#(list)]}"#))
        guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(10)),
            response.status == .noContent
        else { return nil }
        return times
    }
}
