internal import Foundation
internal import GRDB
internal import Glibc
internal import NIOPosix
package import Ports
package import Series
internal import Synchronization
package import Units

/// The store of a daemon: pushes go to a bounded head in memory and to a write-ahead segment, and are acknowledged once that is
/// on the disk; a flush turns the head into chunks in the database and drops the segment.
///
/// Pushes that come while the disk is busy share the next write (group commit). `run()` does the writing and the flushing;
/// without it a push waits for ever. One at a time on a database: hold its `StoreLock`.
package final class HeadStore: SampleStore, Sendable {
    package struct Limits: Hashable, Sendable {
        /// Samples held in memory at most, bytes; a push beyond it is told to come again.
        package var headBytes = 64 << 20
        /// Series at most, in the database and beyond it; samples of further ones are refused.
        package var series = 1_000_000
        /// Samples that come older than this are refused, seconds.
        package var lateSeconds = 90 * 86_400
        /// Whether a push is answered once its samples are written, before they are synced: a power cut may take it then.
        package var acknowledgesUnsynced = false
        /// How long a sample may stay out of the database, seconds.
        package var flushSeconds = 300.0
        /// After a flush that failed, seconds until the next; doubled each time it fails again, up to thirtyfold.
        package var retrySeconds = 1.0

        package init() {}
    }

    package let database: SQLiteStore
    private let limits: Limits
    private let now: @Sendable () -> Timestamp
    private let state: Mutex<HeadState>
    private let files: SegmentFiles
    /// For the calls that block: writes and syncs of the log.
    private let threads = NIOThreadPool(numberOfThreads: 1)
    private let writes: AsyncStream<Void>, flushes: AsyncStream<Void>
    private let writer: AsyncStream<Void>.Continuation, flusher: AsyncStream<Void>.Continuation
    private let isStopping = Atomic(false)
    private let flushTurn = Turn()
    /// Of the series that were met since the start, by their numbers in the head.
    let index = SeriesIndex()
    private let troubles = Mutex(Troubles())
    /// What of the segments found at the start could not be read, a sentence a segment.
    package let damage: [String]
    private let damagedSegments: Set<Int>

    /// Takes over what earlier segments hold that is not in the database yet.
    ///
    /// - Throws: where the database or a segment cannot be read. What is damaged within a segment is passed over and told in
    ///   `damage`.
    package init(
        _ database: SQLiteStore, limits: Limits = Limits(), now: @escaping @Sendable () -> Timestamp
    ) async throws(StoreError) {
        (self.database, self.limits, self.now) = (database, limits, now)
        files = SegmentFiles(database: database.path)
        (writes, writer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (flushes, flusher) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let flushed = try await database.flushedSegment()
        let segments = try files.numbers().filter { $0 > flushed }
        var recovered = HeadState(
            bounds: .init(bytes: limits.headBytes, series: limits.series), segment: (segments.last ?? flushed) + 1,
            flushed: flushed, stored: try await database.storedSeries())
        var damage: [Int: String] = [:]
        for number in segments {
            damage[number] = Self.recover(try files.content(number), into: &recovered)
                .problem(in: files.path(number))
        }
        (self.damage, damagedSegments) = (damage.sorted { $0.key < $1.key }.map(\.value), Set(damage.keys))
        if recovered.active.count > 0 { flusher.yield() }
        state = Mutex(recovered)
    }

    /// For reading what is stored, and what a daemon has acknowledged and not flushed yet, whether it still runs or not.
    package convenience init(
        reading path: String, synchronous: SQLiteStore.Synchronous = .normal
    ) async throws(StoreError) {
        var limits = Limits()
        limits.headBytes = .max
        try await self.init(
            SQLiteStore(path: path, missing: .refuse, synchronous: synchronous), limits: limits,
            now: { Timestamp(millisecondsSinceEpoch: 0) })
    }

    private static func recover(_ bytes: [UInt8], into state: inout HeadState) -> LogRecord.Findings {
        var numbers: [UInt32: Int] = [:]
        return LogRecord.read(bytes) { number, block in
            numbers[number] =
                state.labels.series(of: Array(block), in: 0..<block.count).map(Int.init)
                ?? state.add(block, isAcknowledged: true)
        } sample: { number, time, value in
            if let known = numbers[number], known >= 0 { state.recover(known, time, value) }
        }
    }

    // MARK: Pushes

    package func write(_ columns: WriteColumns) async throws(StoreError) -> WriteOutcome {
        let oldest = now().advanced(bySeconds: -limits.lateSeconds).millisecondsSinceEpoch
        let (outcome, push, isFlushDue) = try admit(columns, oldest)
        if isFlushDue { flusher.yield() }
        guard outcome.accepted > 0 else { return outcome }
        writer.yield()
        try await durable(push)
        return outcome
    }

    private func admit(
        _ columns: WriteColumns, _ oldest: Int64
    ) throws(StoreError) -> (outcome: WriteOutcome, push: Int, isFlushDue: Bool) {
        do throws(StoreError) {
            return try state.withLock { state throws(StoreError) in
                let outcome = try state.admit(columns, oldest: oldest)
                return (outcome, state.admitted, state.isFlushDue)
            }
        } catch {
            if error.code == .full { flusher.yield() }
            throw error
        }
    }

    private func durable(_ push: Int) async throws(StoreError) {
        do {
            try await withCheckedThrowingContinuation { continuation in
                switch state.withLock({ $0.wait(for: push, continuation) }) {
                case .unknown: break
                case .durable: continuation.resume()
                case .refused(let reason): continuation.resume(throwing: reason)
                }
            }
        } catch {
            throw StoreError(error, path: database.path)
        }
    }

    /// A head cannot tell what a sample replaces without a look at the disk: all that are taken count as added.
    package func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome {
        AppendOutcome(added: try await write(WriteColumns(batch)).accepted)
    }

    // MARK: Writing the log, and flushing

    /// Writes and flushes until `stop()`; then flushes all there is and returns. Call once.
    ///
    /// `report` is told when writing or flushing begins to fail, and gets nil when all is well again.
    package func run(report: @escaping @Sendable (StoreError?) -> Void = { _ in }) async throws {
        troubles.withLock { $0.report = report }
        threads.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.writeLog() }
            group.addTask { await self.keepFlushing() }
            try await group.waitForAll()
        }
        let closed = StoreError(.cancelled, "\(database.path): the store is closed")
        for waiter in state.withLock({ $0.stop(closed) }) { waiter.resume(throwing: closed) }
        // What was frozen when the loops ended, and what came after.
        for _ in 0..<2 { await flush() }
        await database.checkpoint()
        try await threads.shutdownGracefully()
    }

    /// Ends `run()`.
    package func stop() {
        isStopping.store(true, ordering: .relaxed)
        writer.finish()
        flusher.finish()
    }

    private func writeLog() async {
        var open: (segment: Int, descriptor: Int32)?
        for await _ in writes {
            while state.withLock({ $0.hasPending }) { open = await writePending(open) }
        }
        while state.withLock({ $0.hasPending }) { open = await writePending(open) }
        if let open { close(open.descriptor) }
    }

    private func writePending(_ open: (segment: Int, descriptor: Int32)?) async -> (segment: Int, descriptor: Int32)? {
        let (parts, push) = state.withLock { $0.takePending() }
        do {
            let now = try await threads.runIfActive { try self.write(parts, open) }
            for waiter in state.withLock({ $0.settle(upTo: push) }) { waiter.resume() }
            note(nil, of: .log)
            return now
        } catch {
            let reason = StoreError(error, path: database.path)
            for waiter in state.withLock({ $0.fail(reason) }) { waiter.resume(throwing: reason) }
            note(reason, of: .log)
            // Chunks take less than the log: a flush may make room.
            if reason.code == .full { flusher.yield() }
            return nil
        }
    }

    /// Closes whatever is open where it fails.
    private func write(
        _ parts: [(segment: Int, bytes: [UInt8])], _ open: (segment: Int, descriptor: Int32)?
    ) throws(StoreError) -> (segment: Int, descriptor: Int32)? {
        var open = open
        for part in parts {
            if let last = open, last.segment != part.segment {
                close(last.descriptor)
                open = nil
            }
            let current: (segment: Int, descriptor: Int32)
            if let open { current = open } else { current = (part.segment, try files.create(part.segment)) }
            open = current
            do throws(StoreError) { try append(part.bytes, to: current.descriptor, part.segment) } catch {
                close(current.descriptor)
                throw error
            }
        }
        return open
    }

    /// Whoever removed the segment beneath the daemon removed what was acknowledged; it is not to go on unnoticed.
    private func append(_ bytes: [UInt8], to descriptor: Int32, _ segment: Int) throws(StoreError) {
        guard try !files.append(bytes, to: descriptor, segment, syncing: !limits.acknowledgesUnsynced) else { return }
        // A flush removes what it has stored.
        guard state.withLock({ $0.flushedSegment }) < segment else { return }
        throw StoreError(.unwritable, "\(files.path(segment)): was removed while it was written to")
    }

    private func keepFlushing() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.flushWhenTold() }
            group.addTask {
                while (try? await Task.sleep(for: .seconds(self.limits.flushSeconds))) != nil { self.flusher.yield() }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func flushWhenTold() async {
        for await _ in flushes {
            await flush()
            var pause = limits.retrySeconds
            while flushFailure != nil, await rest(pause) {
                await flush()
                pause = min(2 * pause, 30 * limits.retrySeconds)
            }
        }
    }

    /// Waits, but not for longer than the store runs. False where it is to stop.
    private func rest(_ seconds: Double) async -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end, !isStopping.load(ordering: .relaxed) {
            guard (try? await Task.sleep(for: .seconds(min(seconds, 0.1)))) != nil else { return false }
        }
        return !isStopping.load(ordering: .relaxed)
    }

    /// Turns the head into chunks, one flush at a time. One that fails keeps the samples, and is tried again with the next.
    package func flush() async {
        await flushTurn.take()
        defer { flushTurn.give() }
        guard let head = state.withLock({ $0.freeze() }) else { return }
        do throws(StoreError) {
            let removals = state.withLock { $0.stored.removals }
            let flushed = try await database.store(
                head.columns, rows: head.rows, removals: removals, segment: head.segment
            ) { number in
                self.state.withLock { Array($0.block(of: number)) }
            }
            state.withLock { $0.thaw(flushed) }
            note(nil, of: .flush)
            try removeSegments(upTo: head.segment)
        } catch {
            note(error, of: .flush)
        }
    }

    /// Does what may remove series while nothing is flushed, and then counts anew.
    func betweenFlushes(_ body: () async throws(StoreError) -> Int) async throws(StoreError) -> Int {
        await flushTurn.take()
        defer { flushTurn.give() }
        let result = try await body()
        if try await database.removals() != state.withLock({ $0.stored.removals }) {
            let stored = try await database.storedSeries()
            state.withLock { $0.recount(stored) }
        }
        return result
    }

    private func removeSegments(upTo last: Int) throws(StoreError) {
        for number in try files.numbers() where number <= last {
            if damagedSegments.contains(number) { files.setAside(number) } else { files.remove(number) }
        }
    }

    private func note(_ failure: StoreError?, of work: Troubles.Work) {
        guard let (report, told) = troubles.withLock({ $0.note(failure, of: work) }) else { return }
        report(told)
    }

    func withState<Result: Sendable>(_ body: (HeadState) -> Result) -> Result { state.withLock { body($0) } }

    /// Why the last flush failed; nil where none did.
    package var flushFailure: StoreError? { troubles.withLock { $0.flush } }
    /// What is in memory now, bytes of samples.
    package var headBytes: Int { state.withLock { $0.bytes } }
}

/// What goes wrong now, and who is told.
private struct Troubles: Sendable {
    enum Work { case log, flush }

    private(set) var log: StoreError?, flush: StoreError?
    var report: @Sendable (StoreError?) -> Void = { _ in }

    /// What is to be told to whom; nil where that is no news. The same trouble may name another file each time.
    mutating func note(_ failure: StoreError?, of work: Work) -> (report: @Sendable (StoreError?) -> Void, StoreError?)?
    {
        let before = log ?? flush
        switch work {
        case .log: log = failure
        case .flush: flush = failure
        }
        let now = log ?? flush
        return now?.code == before?.code ? nil : (report, now)
    }
}
