import ConformanceKit
import Logging
import NIOCore
import NIOPosix
import Ports
import Series
import StatsDReceiver
import Synchronization
import TestSupport
import Testing
import Units

/// Real datagrams on loopback.
@Suite struct StatsDReceiverTests {
    @Test func addsUpWhatComesWithinAnInterval() async throws {
        try await withReceiver { port, clock, store in
            for _ in 0..<20 { try await send("a:2|c\nb:7|g\nnonsense\na:1|c|#k:v", to: port) }
            try await arrived("a", 40, clock, store)
            #expect(try await total("b", store, \.last) == 7)
            #expect(try await total(#"a{k="v"}"#, store) == 20)
            try await send("a:5|c", to: port)
            try await arrived("a", 45, clock, store)
            let times = try await samples("a", store).timestamps
            #expect(
                times.allSatisfy { $0.millisecondsSinceEpoch % 10_000 == 0 }, "an interval has the time of its start")
        }
    }

    /// Whatever comes, what is right is counted and the receiver lives.
    @Test func rubbishDoesNoHarm() async throws {
        try await withReceiver { port, clock, store in
            try await send("", to: port)
            try await send(String(repeating: "x", count: 60_000), to: port)
            try await send("\u{0}\u{1}|:|c\n:1|c\na:nan|c\na:1|", to: port)
            try await send("good:1|c", to: port)
            try await arrived("good", 1, clock, store)
            #expect(try await store.series(matching: nil).map(\.key.metric) == ["good"])
        }
    }

    /// The interval that runs when the receiver ends is stored too: its zero for a counter that was seen before.
    @Test func whatWasAddedUpIsStoredAtTheEnd() async throws {
        let store = InMemorySampleStore(), before = Port()
        try await withReceiver(store: store) { port, clock, _ in
            try await send("a:3|c", to: port)
            try await arrived("a", 3, clock, store)
            // Only the wait for the next interval: no flush is under way.
            #expect(await clock.waitForSleepers(1))
            before.set(try await samples("a", store).count)
        }
        #expect(try await samples("a", store).count == before.value + 1)
    }

    @Test func anAddressThatIsTakenIsTold() async throws {
        try await withReceiver { port, clock, store in
            let second = StatsDReceiver(
                host: "127.0.0.1", port: port, flushSeconds: 10, into: store, clock: clock,
                now: { Timestamp(secondsSinceEpoch: 0) }, logger: quiet)
            await #expect { try await second.run() } throws: {
                "\($0)".hasPrefix("statsd.listen 127.0.0.1:\(port): cannot be listened on")
            }
        }
    }

    @Test func theKernelsTableTellsWhatItDropped() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
              101: 0100007F:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 123 2 0000000000000000 42
              102: 0100007F:1FBE 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 124 2 0000000000000000 7
            short row
            """
        #expect(droppedDatagrams(table, port: 8_125) == 42 && droppedDatagrams(table, port: 1) == 0)
        #expect(droppedDatagrams("", port: 8_125) == 0)
    }

    // MARK: Driving

    private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func withReceiver(
        store: InMemorySampleStore = InMemorySampleStore(),
        _ body: @escaping @Sendable (Int, ManualClock, InMemorySampleStore) async throws -> Void
    ) async throws {
        let clock = ManualClock(), start = clock.now, port = Port()
        let receiver = StatsDReceiver(
            host: "127.0.0.1", port: 0, flushSeconds: 10, into: store, clock: clock,
            now: { Timestamp(millisecondsSinceEpoch: Int64(start.duration(to: clock.now) / .milliseconds(1))) },
            logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await receiver.run { port.set($0) } }
            group.addTask {
                #expect(await eventually { port.value > 0 })
                try await body(port.value, clock, store)
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func send(_ text: String, to port: Int) async throws {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        try await channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: ByteBuffer(string: text)))
        try await channel.close()
    }

    /// Lets intervals pass until that much has been stored.
    private func arrived(
        _ series: String, _ expected: Double, _ clock: ManualClock, _ store: InMemorySampleStore
    ) async throws {
        let isThere = try await eventually {
            clock.advance(by: .seconds(10))
            return try await total(series, store) == expected
        }
        let found = try await total(series, store)
        #expect(isThere, "\(found)")
    }

    private func samples(_ series: String, _ store: InMemorySampleStore) async throws -> SampleColumns {
        let all = try await store.series(matching: nil)
        guard let found = all.first(where: { $0.key.description == series }) else { return SampleColumns() }
        return try await store.samples(of: found.key, in: found.first..<found.last.advanced(bySeconds: 1))
    }

    private func total(
        _ series: String, _ store: InMemorySampleStore, _ pick: (([Double]) -> Double?)? = nil
    ) async throws -> Double {
        let values = try await samples(series, store).values
        return pick.map { $0(values) ?? .nan } ?? values.reduce(0, +)
    }
}

/// A number that tasks share: the port that is listened on, 0 until one is.
private final class Port: Sendable {
    private let number = Mutex(0)
    var value: Int { number.withLock { $0 } }
    func set(_ port: Int) { number.withLock { $0 = port } }
}
