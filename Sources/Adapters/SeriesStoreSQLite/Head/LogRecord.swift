internal import CZlib
internal import Series

/// One push as it stands in a write-ahead segment: length, CRC-32 and content; little-endian. `docs/formats/store.md` has it byte
/// by byte.
///
/// A record defines every series it speaks of that its segment has not defined before, so that a segment can be read alone.
enum LogRecord {
    static let headerBytes = 8
    /// A longer record is damage: a push is bounded far below.
    static let maximumBytes = 1 << 28

    /// Collects the content of a record.
    struct Builder {
        private(set) var definitions: [UInt8] = []
        private(set) var definitionCount = 0
        private(set) var samples: [UInt8] = []
        private(set) var sampleCount = 0
        private var lastSeries: UInt32 = 0
        private var lastTime: Int64 = 0

        init(samples count: Int) { samples.reserveCapacity(count * 12) }

        mutating func define(_ number: UInt32, _ block: ArraySlice<UInt8>) {
            definitionCount += 1
            Varint.append(UInt64(number), to: &definitions)
            Varint.append(UInt64(block.count), to: &definitions)
            definitions += block
        }

        @inline(__always)
        mutating func add(_ series: UInt32, _ time: Int64, _ value: Double) {
            sampleCount += 1
            Varint.appendSigned(Int64(series) - Int64(lastSeries), to: &samples)
            Varint.appendSigned(time &- lastTime, to: &samples)
            unsafe withUnsafeBytes(of: value.bitPattern.littleEndian) { unsafe samples.append(contentsOf: $0) }
            (lastSeries, lastTime) = (series, time)
        }

        /// The record whole, appended to `log`.
        func write(to log: inout [UInt8]) {
            var content: [UInt8] = []
            content.reserveCapacity(definitions.count + samples.count + 20)
            Varint.append(UInt64(definitionCount), to: &content)
            content += definitions
            Varint.append(UInt64(sampleCount), to: &content)
            content += samples
            appendWord(UInt32(content.count), to: &log)
            appendWord(checksum(content[...]), to: &log)
            log += content
        }

        private func appendWord(_ word: UInt32, to bytes: inout [UInt8]) {
            unsafe withUnsafeBytes(of: word.littleEndian) { unsafe bytes.append(contentsOf: $0) }
        }
    }

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            UInt32(truncatingIfNeeded: unsafe crc32(0, buffer.baseAddress, UInt32(buffer.count)))
        }
    }

    /// No record of these samples is larger, bytes: a canonical block is no longer than the one it was read from.
    static func bytes(for columns: WriteColumns) -> Int {
        columns.sampleCount * 23 + columns.blocks.reduce(0) { $0 + $1.count + 10 } + 20
    }

    /// What reading a segment's bytes met beside samples.
    struct Findings: Hashable, Sendable {
        /// Records that are whole and not what was written.
        var damaged = 0
        /// Bytes at the end that are no whole record: one that was being written when the process ended, and whose push was
        /// never acknowledged.
        var tornBytes = 0

        /// What an operator is told; nil where all is well. A torn end is no damage.
        func problem(in path: String) -> String? {
            guard damaged > 0 else { return nil }
            return "\(path): \(damaged == 1 ? "a record is" : "\(damaged) records are") damaged and passed over; "
                + "its samples are lost unless the machine lost its power before they were acknowledged"
        }
    }

    /// What a segment's bytes hold, record after record. A damaged one is passed over; where its length is what is damaged, the
    /// rest of the segment is with it.
    static func read(
        _ bytes: [UInt8], define: (UInt32, ArraySlice<UInt8>) -> Void, sample: (UInt32, Int64, Double) -> Void
    ) -> Findings {
        var (findings, position) = (Findings(), 0)
        while let content = content(bytes, at: position) {
            position = content.upperBound
            let isSound = checksum(bytes[content]) == word(bytes, at: content.lowerBound - 4)
            if !isSound || !deliver(bytes[content], define: define, sample: sample) { findings.damaged += 1 }
        }
        findings.tornBytes = bytes.count - position
        return findings
    }

    /// Where the content of the record at `position` lies; nil where there is no whole one.
    private static func content(_ bytes: [UInt8], at position: Int) -> Range<Int>? {
        guard bytes.count - position >= headerBytes else { return nil }
        let length = Int(word(bytes, at: position)), start = position + headerBytes
        guard length > 0, length <= maximumBytes, bytes.count - start >= length else { return nil }
        return start..<start + length
    }

    private static func word(_ bytes: [UInt8], at position: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[position + $1]) << UInt32(8 * $1) }
    }
}

/// False where the content makes no sense, though its checksum is right.
private func deliver(
    _ content: ArraySlice<UInt8>, define: (UInt32, ArraySlice<UInt8>) -> Void, sample: (UInt32, Int64, Double) -> Void
) -> Bool {
    var reader = VarintReader(content)
    guard let definitions = reader.next() else { return false }
    for _ in 0..<definitions {
        guard let number = reader.next(), number <= UInt64(UInt32.max), let length = reader.next(),
            let block = reader.bytes(length)
        else { return false }
        define(UInt32(number), block)
    }
    guard let samples = reader.next() else { return false }
    var (series, time): (Int64, Int64) = (0, 0)
    for _ in 0..<samples {
        guard let seriesStep = reader.nextSigned(), let timeStep = reader.nextSigned(), let value = reader.word() else {
            return false
        }
        series &+= seriesStep
        time &+= timeStep
        guard let number = UInt32(exactly: series) else { return false }
        sample(number, time, Double(bitPattern: value))
    }
    return true
}
