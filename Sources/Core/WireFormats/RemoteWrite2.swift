package import Series

/// Reads a remote_write 2.0 request (`io.prometheus.write.v2.Request`) as it comes in: a snappy block.
///
/// Names are symbols here, so the label blocks are built, in the encoding of 1.0 and the order sent, in `columns.bytes`:
/// a series has one block whichever protocol it came by. The rest is as in `decodeRemoteWrite1`.
///
/// `limit` bounds the bytes of the message after decompression; the blocks may take eight times that and no more, because
/// a reference of one byte can stand for a long symbol. Complexity: linear in the message and the blocks.
package func decodeRemoteWrite2(
    compressed body: Span<UInt8>, limit: Int, into columns: inout WriteColumns
) throws(DecodeError) {
    var message: [UInt8] = []
    columns.removeAll()
    try snappyDecompress(body, limit: limit, into: &message)
    try decodeRemoteWrite2(message.span, limit: limit, into: &columns)
}

/// Reads a remote_write 2.0 message that is not compressed, or no longer.
package func decodeRemoteWrite2(
    _ message: Span<UInt8>, limit: Int, into columns: inout WriteColumns
) throws(DecodeError) {
    columns.removeAll()
    do throws(DecodeError) {
        let decoder = RemoteWrite2Decoder(symbols: try symbols(of: message), limit: limit)
        try decoder.decode(message, into: &columns)
    } catch {
        columns.removeAll()
        throw error
    }
}

/// Where the symbols lie. They may come after what refers to them, so they are gathered first.
private func symbols(of message: Span<UInt8>) throws(DecodeError) -> [Range<Int>] {
    guard message.count <= Int32.max else { throw DecodeError("a message of \(message.count) bytes", at: 0) }
    var symbols: [Range<Int>] = []
    var reader = ProtoReader(0..<message.count)
    while let field = try reader.next(in: message) {
        guard field.isField(4, .bytes) else { continue }
        if symbols.isEmpty, !field.range.isEmpty {
            throw DecodeError("the first symbol must be the empty string", at: field.range.lowerBound)
        }
        symbols.append(field.range)
    }
    return symbols
}

private struct RemoteWrite2Decoder {
    private let symbols: [Range<Int>]
    private let blockLimit: Int

    init(symbols: [Range<Int>], limit: Int) {
        self.symbols = symbols
        blockLimit = limit.multipliedReportingOverflow(by: 8).overflow ? .max : limit * 8
    }

    func decode(_ bytes: Span<UInt8>, into columns: inout WriteColumns) throws(DecodeError) {
        var reader = ProtoReader(0..<bytes.count)
        while let field = try reader.next(in: bytes) {
            if field.isField(5, .bytes) { try series(bytes, field.range, into: &columns) }
        }
    }

    private func series(
        _ bytes: Span<UInt8>, _ range: Range<Int>, into columns: inout WriteColumns
    ) throws(DecodeError) {
        let (blockStart, samplesBefore) = (columns.bytes.count, columns.sampleCount)
        var pair = ReferencePair()
        var reader = ProtoReader(range)
        while let field = try reader.next(in: bytes) {
            switch (field.number, field.wire) {
            case (1, .bytes): try labels(bytes, field.range, &pair, into: &columns.bytes)
            case (1, .varint): try reference(field.scalar, at: reader.position, &pair, bytes, into: &columns.bytes)
            case (2, .bytes): try columns.appendSample(bytes, field.range)
            case (3, .bytes): columns.skipped.histograms += 1
            case (4, .bytes): columns.skipped.exemplars += 1
            default: break
            }
        }
        guard pair.name == nil else { throw DecodeError("an odd count of label references", at: range.lowerBound) }
        guard columns.sampleCount > samplesBefore else { return columns.bytes.removeSubrange(blockStart...) }
        columns.blocks.append(blockStart..<columns.bytes.count)
    }

    /// The name of a label whose value has yet to come. Protobuf lets a packed list be cut into parts anywhere.
    private struct ReferencePair {
        var name: Range<Int>?
    }

    @inline(__always)
    private func labels(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ pair: inout ReferencePair, into block: inout [UInt8]
    ) throws(DecodeError) {
        var reader = ProtoReader(range)
        while reader.position < range.upperBound {
            let value = try reader.varint(in: bytes)
            try reference(value, at: reader.position, &pair, bytes, into: &block)
        }
    }

    @inline(__always)
    private func reference(
        _ value: UInt64, at position: Int, _ pair: inout ReferencePair, _ bytes: Span<UInt8>,
        into block: inout [UInt8]
    ) throws(DecodeError) {
        guard value < UInt64(symbols.count) else {
            throw DecodeError("a label refers to symbol \(value) of \(symbols.count)", at: position)
        }
        let symbol = symbols[Int(value)]
        guard let name = pair.name else { return pair.name = symbol }
        pair.name = nil
        guard block.count + name.count + symbol.count + 32 <= blockLimit else {
            throw DecodeError("the labels of this message take more than \(blockLimit) bytes", at: position)
        }
        block.append(0x0A)
        block.appendVarint(UInt64(2 + sizeWithLength(name) + sizeWithLength(symbol)))
        block.append(0x0A)
        block.appendVarint(UInt64(name.count))
        block.append(bytes, name)
        block.append(0x12)
        block.appendVarint(UInt64(symbol.count))
        block.append(bytes, symbol)
    }
}

/// Bytes of a field's content and of the length before it.
@inline(__always)
private func sizeWithLength(_ content: Range<Int>) -> Int {
    content.count < 0x80 ? content.count + 1 : content.count + (70 - content.count.leadingZeroBitCount) / 7
}

extension [UInt8] {
    /// Adds a part of `source` as one piece.
    @inline(__always)
    mutating func append(_ source: Span<UInt8>, _ range: Range<Int>) {
        unsafe source.extracting(range).withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
