internal import Ports
internal import Series

/// Everything of the head that pushes change, under one lock. No I/O and no waiting here.
struct HeadState: Sendable {
    /// Bounds of the head; see `HeadStore.Limits`.
    struct Bounds: Sendable {
        let bytes: Int, series: Int
    }

    private let bounds: Bounds
    private(set) var labels = LabelTable()
    /// By number: where the canonical block of each series lies in `blocks`, its number in the database (0: unknown), and the
    /// segment that defines it last.
    private(set) var ranges: [Range<Int>] = []
    private(set) var blocks: [UInt8] = []
    private var rows: [Int64] = []
    private var definedIn: [Int32] = []
    /// The numbers in the order in which they were given, for an index that follows; it begins anew with another `generation`,
    /// where series went.
    private var given: [UInt32] = []
    private(set) var generation = 0
    /// Numbers that mean no series any more, to be given again.
    private var free: [Int] = []
    /// What is in the database, and how many series are here alone.
    private(set) var stored: StoredSeries
    private var fresh = 0

    private(set) var active = HeadColumns()
    /// What is on its way into the database.
    private(set) var frozen = HeadColumns()

    /// The segment that pushes go to.
    private(set) var segment: Int
    /// Log bytes that are not on the disk yet, by segment, ascending.
    private var pending: [(segment: Int, bytes: [UInt8])] = []
    /// Pushes admitted, and how many of them are on the disk.
    private(set) var admitted = 0
    private(set) var durable = 0
    private var waiters: [(push: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    /// The pushes that could not be logged, and why; the latest some.
    private var failed: [(pushes: ClosedRange<Int>, reason: StoreError)] = []
    /// Failures up to this push are not in `failed` any more: whoever asks so late is not told that all is well.
    private var forgotten = 0
    /// Why nothing is taken any more.
    private var stopped: StoreError?
    /// Pushes up to this segment are frozen.
    private var frozenSegment = 0
    /// All that segments up to this one hold is in the database.
    private(set) var flushedSegment: Int

    init(bounds: Bounds, segment: Int, flushed: Int, stored: StoredSeries) {
        (self.bounds, self.segment, flushedSegment, self.stored) = (bounds, segment, flushed, stored)
    }

    var seriesCount: Int { ranges.count }
    var bytes: Int { active.bytes + frozen.bytes }
    var hasPending: Bool { !pending.isEmpty }
    /// Half of what may be: the other half takes pushes while this is flushed.
    var isFlushDue: Bool { active.bytes * 2 >= bounds.bytes }

    func block(of number: Int) -> ArraySlice<UInt8> { blocks[ranges[number]] }

    // MARK: Pushes

    /// Takes a push into the head and into the pending log. `oldest`: samples before it are refused, milliseconds.
    mutating func admit(_ columns: WriteColumns, oldest: Int64) throws(StoreError) -> WriteOutcome {
        if let stopped { throw stopped }
        try checkRoom(for: columns)
        var outcome = WriteOutcome()
        var record = LogRecord.Builder(samples: columns.sampleCount)
        let numbers = columns.blocks.map { resolve(columns.bytes, $0, &record) }
        for index in columns.times.indices {
            let number = numbers[Int(columns.series[index])], time = columns.times[index]
            guard number >= 0, time >= oldest else {
                if number == Self.badName {
                    outcome.badNames += 1
                } else if number == Self.overLimit {
                    outcome.overLimit += 1
                } else {
                    outcome.tooOld += 1
                }
                continue
            }
            active.append(UInt32(number), time, columns.values[index])
            record.add(UInt32(number), time, columns.values[index])
        }
        outcome.accepted = record.sampleCount
        if record.sampleCount > 0 {
            log(record)
        } else {
            // What this record would have defined is not in the log.
            for number in numbers where number >= 0 { definedIn[number] = Self.undefined }
        }
        return outcome
    }

    private func checkRoom(for columns: WriteColumns) throws(StoreError) {
        let needed = columns.sampleCount * HeadColumns.bytesPerSample
        guard needed <= bounds.bytes, LogRecord.bytes(for: columns) <= LogRecord.maximumBytes else {
            throw StoreError(.tooLarge, "\(columns.sampleCount) samples are too many for one push; split it")
        }
        guard bytes + needed <= bounds.bytes else {
            throw StoreError(.full, "the head is full: the disk does not keep up; send it again later")
        }
    }

    private static let badName = -1, overLimit = -2
    private static let undefined: Int32 = -1

    /// The number of the series that a block names, new or known; negative where it is refused.
    private mutating func resolve(_ bytes: [UInt8], _ range: Range<Int>, _ record: inout LogRecord.Builder) -> Int {
        let number = labels.series(of: bytes, in: range).map(Int.init) ?? add(bytes[range])
        if number >= 0, definedIn[number] != Int32(truncatingIfNeeded: segment) {
            record.define(UInt32(number), block(of: number))
            definedIn[number] = Int32(truncatingIfNeeded: segment)
        }
        return number
    }

    /// Reads a block that was not met before. Its series may be known by another block: labels in another order.
    ///
    /// `isAcknowledged`: it stands in the log, and is taken whatever the bound says now.
    mutating func add(_ block: ArraySlice<UInt8>, isAcknowledged: Bool = false) -> Int {
        guard let key = try? SeriesKey(labelBlock: block) else { return Self.badName }
        let canonical = key.labelBlock
        if let known = labels.series(of: canonical, in: canonical.indices) {
            // Aliases are bounded too: beyond, they are read anew each time.
            if labels.count < 2 * bounds.series { labels.add(block, series: known) }
            return Int(known)
        }
        if !stored.contains(CanonicalBlock.hash(canonical)) {
            guard isAcknowledged || stored.count + fresh < bounds.series else { return Self.overLimit }
            fresh += 1
        }
        let number = place(canonical)
        if !block.elementsEqual(canonical) { labels.add(block, series: UInt32(number)) }
        return number
    }

    /// Gives a series a number that means none now.
    private mutating func place(_ canonical: [UInt8]) -> Int {
        let range = blocks.count..<blocks.count + canonical.count
        blocks += canonical
        let number: Int
        if let known = free.popLast() {
            number = known
            (ranges[known], rows[known], definedIn[known]) = (range, 0, Self.undefined)
        } else {
            number = ranges.count
            ranges.append(range)
            rows.append(0)
            definedIn.append(Self.undefined)
        }
        labels.add(canonical[...], series: UInt32(number))
        given.append(UInt32(number))
        return number
    }

    private mutating func log(_ record: LogRecord.Builder) {
        if pending.last?.segment != segment { pending.append((segment, [])) }
        record.write(to: &pending[pending.count - 1].bytes)
        admitted += 1
    }

    /// A sample out of a segment found at the start, which is in the log already.
    mutating func recover(_ number: Int, _ time: Int64, _ value: Double) { active.append(UInt32(number), time, value) }

    // MARK: The log

    /// What is to be written now, and up to which push it goes.
    mutating func takePending() -> (parts: [(segment: Int, bytes: [UInt8])], push: Int) {
        defer { pending = [] }
        return (pending, admitted)
    }

    /// Notes that pushes up to `push` are on the disk; whoever waits for them is to be resumed.
    mutating func settle(upTo push: Int) -> [CheckedContinuation<Void, any Error>] {
        durable = max(durable, push)
        let ready = waiters.filter { $0.push <= durable }.map(\.continuation)
        waiters.removeAll { $0.push <= durable }
        return ready
    }

    /// The log cannot be written: no push that is not on the disk yet is acknowledged. Whoever waits is to be told.
    ///
    /// Definitions of series were lost with the log, so a new segment begins, which defines them again. The samples stay in
    /// the head: a sender that comes again replaces them by the same.
    mutating func fail(_ reason: StoreError) -> [CheckedContinuation<Void, any Error>] {
        if admitted > durable { failed.append((durable + 1...admitted, reason)) }
        if failed.count > 32 { forgotten = failed.removeFirst().pushes.upperBound }
        (durable, pending) = (admitted, [])
        segment += 1
        return takeWaiters()
    }

    /// Takes nothing more, and gives up on whoever waits.
    mutating func stop(_ reason: StoreError) -> [CheckedContinuation<Void, any Error>] {
        stopped = reason
        return takeWaiters()
    }

    private mutating func takeWaiters() -> [CheckedContinuation<Void, any Error>] {
        defer { waiters = [] }
        return waiters.map(\.continuation)
    }

    /// What has become of a push. `continuation` is kept, to be resumed later, where that is not known yet.
    mutating func wait(for push: Int, _ continuation: CheckedContinuation<Void, any Error>) -> Fate {
        if let failure = failed.last(where: { $0.pushes.contains(push) }) { return .refused(failure.reason) }
        if push <= forgotten { return .refused(StoreError(.busy, "the log was in trouble; send it again")) }
        if push <= durable { return .durable }
        if let stopped { return .refused(stopped) }
        waiters.append((push, continuation))
        return .unknown
    }

    enum Fate { case durable, unknown, refused(StoreError) }

    // MARK: Flushing

    /// What is to be flushed now, with the database's numbers of the series that have one: what an earlier flush left, or else all there is,
    /// after which a new segment begins. Nil where there is nothing.
    mutating func freeze() -> (columns: HeadColumns, rows: [Int64], segment: Int)? {
        if frozen.count == 0, active.count > 0 {
            (frozen, active) = (active, HeadColumns())
            frozenSegment = segment
            segment += 1
        }
        return frozen.count == 0 ? nil : (frozen, rows, frozenSegment)
    }

    /// The frozen samples are in the database.
    mutating func thaw(_ flushed: FlushedSeries) {
        if flushed.removals != stored.removals { rows = [Int64](repeating: 0, count: rows.count) }
        for (number, row) in flushed.rows { rows[number] = row }
        frozen = HeadColumns()
        flushedSegment = max(flushedSegment, frozenSegment)
        stored.take(flushed)
        forget()
    }

    /// Series were removed from the database.
    mutating func recount(_ stored: StoredSeries) {
        self.stored = stored
        rows = [Int64](repeating: 0, count: rows.count)
        forget()
    }

    /// Forgets the series that are not known to be stored and have no samples here: those that were removed from the database,
    /// and those of which every sample was refused. One that is stored after all is found again when it comes.
    ///
    /// Complexity: linear in the series, and in the head where any is to be looked for.
    private mutating func forget() {
        guard rows.contains(0) else { return fresh = 0 }
        var isPresent = presence()
        for number in free { isPresent[number] = true }
        let gone = rows.indices.filter { rows[$0] == 0 && !isPresent[$0] }
        if !gone.isEmpty { remove(gone) }
        let isFree = Set(free)
        fresh = rows.indices.count {
            rows[$0] == 0 && !isFree.contains($0) && !stored.contains(CanonicalBlock.hash(blocks[ranges[$0]]))
        }
    }

    /// Sets these numbers free, and drops the bytes and the aliases of their series.
    private mutating func remove(_ gone: [Int]) {
        free += gone
        generation += 1
        let isFree = Set(free)
        let old = blocks
        (blocks, labels, given) = ([], LabelTable(), [])
        for number in ranges.indices {
            guard !isFree.contains(number) else {
                ranges[number] = 0..<0
                continue
            }
            let block = old[ranges[number]]
            ranges[number] = blocks.count..<blocks.count + block.count
            blocks += block
            labels.add(block, series: UInt32(number))
            given.append(UInt32(number))
        }
    }

    // MARK: Reading

    /// What the head holds of a series, oldest first: parts that never change again, and what the open one after them has now.
    func snapshot(of canonical: [UInt8]) -> (number: UInt32, columns: [(parts: [GroupedPart], newest: Run)])? {
        guard let number = labels.series(of: canonical, in: canonical.indices) else { return nil }
        return (number, [frozen, active].map { ($0.parts, $0.open.run(of: number)) })
    }

    /// The same of many series: their numbers, nil where one is not known, and all that the head holds.
    func snapshot(of canonical: [[UInt8]]) -> (numbers: [UInt32?], columns: [HeadColumns]) {
        let numbers = canonical.map { labels.series(of: $0, in: $0.indices) }
        return (numbers, numbers.contains { $0 != nil } ? [frozen, active.copied()] : [])
    }

    /// The numbers and label blocks of the series that were given one after the first `place`, 4,096 at most.
    func series(givenAfter place: Int) -> [(number: Int64, block: [UInt8])] {
        given.dropFirst(place).prefix(4_096).map { (Int64($0), Array(block(of: Int($0)))) }
    }

    /// Of the numbered series, or of all, those that have samples here and, as far as the head can tell, are not in the
    /// database.
    func unstored(_ numbers: [UInt32]?) -> [[UInt8]] {
        let unknown = (numbers?.map(Int.init) ?? Array(ranges.indices)).filter { rows[$0] == 0 }
        guard unknown.count > 8 else { return unknown.filter(hasSamples).map { Array(block(of: $0)) } }
        let present = Set(presentSeries())
        return unknown.filter(present.contains).map { Array(block(of: $0)) }
    }

    private func hasSamples(_ number: Int) -> Bool {
        [frozen, active].contains { columns in
            columns.parts.contains { $0.holds(UInt32(number)) } || columns.open.series.contains(UInt32(number))
        }
    }

    /// The numbers of the series that have samples in the head, ascending. Complexity: linear in the series of its parts.
    func presentSeries() -> [Int] {
        let isPresent = presence()
        return isPresent.indices.filter { isPresent[$0] }
    }

    private func presence() -> [Bool] {
        var isPresent = [Bool](repeating: false, count: ranges.count)
        for columns in [frozen, active] {
            for part in columns.parts { for number in part.series { isPresent[Int(number)] = true } }
            for number in columns.open.series { isPresent[Int(number)] = true }
        }
        return isPresent
    }
}
