package import Series

/// Reads a remote_write 1.0 request (`prometheus.WriteRequest`) as it comes in: a snappy block.
///
/// The message is decompressed straight into `columns.bytes`, and the label blocks are ranges of it: nothing is built for
/// a series. Labels are not read here: who meets a block for the first time does (`SeriesKey.init(labelBlock:)`).
/// Stale marks, exemplars and native histograms are counted in `skipped`; other NaNs, metadata and unknown fields are
/// passed over; a series without samples is not listed. After an error the columns are empty.
///
/// `limit` bounds the bytes of the message after decompression; the columns take at most some ten times that.
/// Complexity: linear in the message.
package func decodeRemoteWrite1(
    compressed body: Span<UInt8>, limit: Int, into columns: inout WriteColumns
) throws(DecodeError) {
    columns.removeAll()
    try snappyDecompress(body, limit: limit, into: &columns.bytes)
    try decodeBytes(of: &columns)
}

/// Reads a remote_write 1.0 message that is not compressed, or no longer. `message` becomes `columns.bytes`.
package func decodeRemoteWrite1(
    _ message: consuming [UInt8], into columns: inout WriteColumns
) throws(DecodeError) {
    columns.removeAll()
    columns.bytes = message
    try decodeBytes(of: &columns)
}

private func decodeBytes(of columns: inout WriteColumns) throws(DecodeError) {
    // Out of the columns while they grow, so that each has one owner and nothing is copied.
    var message: [UInt8] = []
    swap(&message, &columns.bytes)
    do throws(DecodeError) {
        var decoder = RemoteWrite1Decoder(messageSize: message.count)
        try decoder.decode(message.span, into: &columns)
        message += decoder.rebuilt
    } catch {
        columns.removeAll()
        throw error
    }
    swap(&message, &columns.bytes)
}

private struct RemoteWrite1Decoder {
    private let messageSize: Int
    /// Blocks of series whose labels do not lie together; they will stand behind the message.
    private(set) var rebuilt: [UInt8] = []

    init(messageSize: Int) { self.messageSize = messageSize }

    mutating func decode(_ bytes: Span<UInt8>, into columns: inout WriteColumns) throws(DecodeError) {
        guard bytes.count <= Int32.max else { throw DecodeError("a message of \(bytes.count) bytes", at: 0) }
        var reader = ProtoReader(0..<bytes.count)
        while let field = try reader.next(in: bytes) {
            if field.isField(1, .bytes) { try series(bytes, field.range, into: &columns) }
        }
    }

    /// A series: labels, then samples, as every known sender has it; protobuf allows any order.
    private mutating func series(
        _ bytes: Span<UInt8>, _ range: Range<Int>, into columns: inout WriteColumns
    ) throws(DecodeError) {
        let labelsEnd = try endOfLabels(bytes, range)
        var reader = ProtoReader(labelsEnd..<range.upperBound)
        let samplesBefore = columns.sampleCount
        var areLabelsTogether = true
        while let field = try reader.next(in: bytes) {
            guard field.wire == .bytes else { continue }
            switch field.number {
            case 1: areLabelsTogether = false
            case 2: try columns.appendSample(bytes, field.range)
            case 3: columns.skipped.exemplars += 1
            case 4: columns.skipped.histograms += 1
            default: break
            }
        }
        guard columns.sampleCount > samplesBefore else { return }
        columns.blocks.append(
            areLabelsTogether ? range.lowerBound..<labelsEnd : try rebuildBlock(bytes, range))
    }

    /// Where the labels end that a series begins with.
    @inline(__always)
    private func endOfLabels(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(DecodeError) -> Int {
        var position = range.lowerBound
        while position < range.upperBound, bytes[position] == 0x0A {
            var reader = ProtoReader(position + 1..<range.upperBound)
            position = try reader.content(in: bytes).upperBound
        }
        return position
    }

    private mutating func rebuildBlock(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(DecodeError) -> Range<Int> {
        let start = rebuilt.count
        var reader = ProtoReader(range)
        while let field = try reader.next(in: bytes) {
            guard field.isField(1, .bytes) else { continue }
            rebuilt.append(0x0A)
            rebuilt.appendVarint(UInt64(field.range.count))
            for index in field.range { rebuilt.append(bytes[index]) }
        }
        return messageSize + start..<messageSize + rebuilt.count
    }
}

/// The instants that a sample may have: milliseconds, as far from 1970 as calendars are defined.
let acceptedTimes: ClosedRange<Int64> = -8_640_000_000_000_000...8_640_000_000_000_000

extension WriteColumns {
    /// What marks the end of a series in Prometheus: a NaN of these bits.
    static let staleMark: UInt64 = 0x7FF0_0000_0000_0002

    /// Adds a sample, `{double value = 1; int64 timestamp = 2}`, to the series that will be listed next.
    @inline(__always)
    mutating func appendSample(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(DecodeError) {
        var (bits, time) = (UInt64(0), Int64(0))
        var reader = ProtoReader(range)
        while let field = try reader.next(in: bytes) {
            if field.isField(1, .fixed64) { bits = field.scalar }
            if field.isField(2, .varint) { time = field.int64 }
        }
        let value = Double(bitPattern: bits)
        guard !value.isNaN else {
            if bits == Self.staleMark { skipped.staleMarks += 1 }
            return
        }
        guard acceptedTimes.contains(time) else {
            throw DecodeError("a sample at \(time) ms since 1970, beyond any calendar", at: range.lowerBound)
        }
        guard sampleCount < PushBounds.samples else {
            throw DecodeError("over \(PushBounds.samples) samples in one push; send it in parts", at: range.lowerBound)
        }
        series.append(UInt32(truncatingIfNeeded: blocks.count))
        times.append(time)
        values.append(value)
    }
}
