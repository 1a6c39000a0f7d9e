import CoreMetrics
package import Logging
import NIOCore
import NIOPosix
package import Ports
import Series
import Synchronization
package import Units
import WireFormats

/// Takes in StatsD over UDP and stores what it adds up to, once an interval.
///
/// Nothing queues without a bound: a datagram is added up before the next is read, the kernel keeps a few meanwhile and drops
/// the rest, and how many it dropped is counted where it tells.
package struct StatsDReceiver<C: Clock>: Sendable where C.Duration == Duration {
    /// A datagram that is longer is cut by the kernel, and its last line is malformed.
    package static var maximumDatagram: Int { 65_507 }

    private let host: String, port: Int, flushSeconds: Int
    private let store: any SampleStore
    private let clock: C
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let metrics = StatsDMetrics()

    /// `port` 0 lets the system choose; the log tells which.
    package init(
        host: String, port: Int, flushSeconds: Int, into store: any SampleStore, clock: C,
        now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        (self.host, self.port, self.flushSeconds) = (host, port, flushSeconds)
        (self.store, self.clock, self.now, self.logger) = (store, clock, now, logger)
    }

    /// Until the task is cancelled; what has been added up by then is stored. `onListening` gets the port.
    ///
    /// - Throws: where the address cannot be listened on.
    package func run(onListening: @Sendable (Int) -> Void = { _ in }) async throws {
        let channel = try await bind()
        let port = channel.channel.localAddress?.port ?? port
        logger.info("listening for StatsD", metadata: ["address": "\(host):\(port)"])
        onListening(port)
        let sums = Sums(start: now())
        let failure = await receiveAndFlush(channel, sums, port: port)
        await flush(sums)
        // However the channel took its end, a cancellation is none of its failures.
        if let failure, !Task.isCancelled { throw failure }
    }

    /// Until the task is cancelled or the channel fails; what it failed with.
    private func receiveAndFlush(
        _ channel: NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>, _ sums: Sums,
        port: Int
    ) async -> (any Error)? {
        await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do { try await receive(channel, into: sums) } catch { return error }
                return nil
            }
            group.addTask {
                await flushOnTime(sums, port: port)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private func bind() async throws -> NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>> {
        let allocator = FixedSizeRecvByteBufferAllocator(capacity: Self.maximumDatagram)
        do {
            return try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelOption(.socketOption(.so_rcvbuf), value: 4 << 20)
                .channelOption(.recvAllocator, value: allocator)
                .bind(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(
                                backPressureStrategy: .init(lowWatermark: 16, highWatermark: 64)))
                    }
                }
        } catch {
            throw StatsDError(description: "statsd.listen \(host):\(port): cannot be listened on (\(error))")
        }
    }

    private func receive(
        _ channel: NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>, into sums: Sums
    ) async throws {
        try await channel.executeThenClose { inbound, _ in
            for try await datagram in inbound {
                metrics.received()
                sums.add(Array(buffer: datagram.data))
            }
        }
    }

    private func flushOnTime(_ sums: Sums, port: Int) async {
        var due = clock.now, drops = KernelDrops(port: port)
        while true {
            repeat { due = due.advanced(by: .seconds(flushSeconds)) } while due <= clock.now
            guard (try? await clock.sleep(until: due, tolerance: nil)) != nil else { return }
            metrics.dropped(drops.newOnes())
            await flush(sums)
        }
    }

    private func flush(_ sums: Sums) async {
        let flushed = sums.flush(at: now())
        metrics.flushed(flushed)
        if let problem = flushed.firstProblem {
            logger.debug(
                "StatsD lines that are no metric",
                metadata: ["lines": "\(flushed.malformedLines)", "first": "\(problem.prefix(200))"])
        }
        guard !flushed.batch.isEmpty else { return }
        do throws(StoreError) { _ = try await store.append(flushed.batch) } catch {
            metrics.notStored()
            logger.error("what StatsD sent was lost", metadata: ["error": "\(error)"])
        }
    }
}

/// Why StatsD cannot be taken in.
package struct StatsDError: Error, CustomStringConvertible { package let description: String }

/// What has been added up since the last flush. A class because two tasks share it.
private final class Sums: Sendable {
    struct Flushed {
        let batch: SampleBatch
        let malformedLines: Int, droppedMetrics: Int, firstProblem: String?
    }
    private struct State {
        var aggregator = StatsDAggregator()
        var start: Timestamp
    }

    private let state: Mutex<State>

    /// `start` is when the first interval begins.
    init(start: Timestamp) { state = Mutex(State(start: start)) }

    func add(_ datagram: [UInt8]) { state.withLock { $0.aggregator.add(datagram: datagram[...]) } }

    /// Ends the interval now; its counts are stamped with its beginning.
    func flush(at now: Timestamp) -> Flushed {
        state.withLock { state in
            let (malformed, dropped) = (state.aggregator.malformedLines, state.aggregator.droppedMetrics)
            let problem = state.aggregator.firstProblem
            let batch = state.aggregator.flush(at: state.start)
            state.start = now
            return Flushed(
                batch: batch, malformedLines: malformed, droppedMetrics: dropped, firstProblem: problem)
        }
    }
}

private struct StatsDMetrics: Sendable {
    private let datagrams = Counter(label: "prewarm_statsd_datagrams_total")
    private let malformed = Counter(label: "prewarm_statsd_dropped_total", dimensions: [("reason", "malformed")])
    private let overLimit = Counter(label: "prewarm_statsd_dropped_total", dimensions: [("reason", "limit")])
    private let full = Counter(label: "prewarm_statsd_dropped_total", dimensions: [("reason", "kernel_buffer")])
    private let lost = Counter(label: "prewarm_statsd_dropped_total", dimensions: [("reason", "store")])

    func received() { datagrams.increment() }
    func dropped(_ count: Int) { if count > 0 { full.increment(by: count) } }
    func notStored() { lost.increment() }

    func flushed(_ flushed: Sums.Flushed) {
        if flushed.malformedLines > 0 { malformed.increment(by: flushed.malformedLines) }
        if flushed.droppedMetrics > 0 { overLimit.increment(by: flushed.droppedMetrics) }
    }
}
