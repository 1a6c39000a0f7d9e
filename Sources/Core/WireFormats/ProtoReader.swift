/// One field of a protobuf message.
struct ProtoField {
    enum Wire: UInt8 {
        case varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5
    }

    let number: UInt64
    let wire: Wire
    /// The value of a number field, in the low bits; 0 for `.bytes`.
    let scalar: UInt64
    /// Where the content of a `.bytes` field lies, always inside the message; empty for numbers.
    let range: Range<Int>

    var double: Double { Double(bitPattern: scalar) }
    var int64: Int64 { Int64(bitPattern: scalar) }

    /// True where this is field `number` in the wire type it is defined with; another type makes it an unknown field.
    func isField(_ number: UInt64, _ wire: Wire) -> Bool { self.number == number && self.wire == wire }
}

/// Walks the fields of a protobuf message, or of one inside it, without building anything.
///
/// It keeps places only: the bytes are handed to each call, so that nothing is retained or copied. A caller that
/// passes over what it does not know skips it by its wire type.
struct ProtoReader {
    private(set) var position: Int
    private let end: Int

    init(_ range: Range<Int>) { (position, end) = (range.lowerBound, range.upperBound) }

    /// The next field, or nil at the end. Every length is checked against the end of the message.
    ///
    /// Complexity: O(1); contents are not read.
    @inline(__always)
    mutating func next(in bytes: Span<UInt8>) throws(DecodeError) -> ProtoField? {
        guard position < end else { return nil }
        let start = position
        let tag = try varint(in: bytes)
        guard tag >> 3 != 0 else { throw DecodeError("a protobuf field with number 0", at: start) }
        switch tag & 7 {
        case 0: return ProtoField(number: tag >> 3, wire: .varint, scalar: try varint(in: bytes), range: 0..<0)
        case 1: return ProtoField(number: tag >> 3, wire: .fixed64, scalar: try fixed64(in: bytes), range: 0..<0)
        case 2: return ProtoField(number: tag >> 3, wire: .bytes, scalar: 0, range: try content(in: bytes))
        case 5: return ProtoField(number: tag >> 3, wire: .fixed32, scalar: try fixed32(in: bytes), range: 0..<0)
        default: throw DecodeError("a protobuf field of wire type \(tag & 7), which is not in use", at: start)
        }
    }

    /// A number of up to ten bytes of seven bits, the lowest first.
    @inline(__always)
    mutating func varint(in bytes: Span<UInt8>) throws(DecodeError) -> UInt64 {
        if position < end, bytes[position] < 0x80 {
            position += 1
            return UInt64(bytes[position - 1])
        }
        return try longVarint(in: bytes)
    }

    private mutating func longVarint(in bytes: Span<UInt8>) throws(DecodeError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < end else { throw DecodeError("the message ends inside a number", at: position) }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw DecodeError("a protobuf number of more than ten bytes", at: position)
    }

    /// The length before a `.bytes` field's content, and where that lies.
    @inline(__always)
    mutating func content(in bytes: Span<UInt8>) throws(DecodeError) -> Range<Int> {
        let length = try varint(in: bytes)
        guard length <= UInt64(end - position) else {
            throw DecodeError("a length of \(length) with \(end - position) bytes left", at: position)
        }
        let start = position
        position += Int(length)
        return start..<position
    }

    @inline(__always)
    mutating func fixed64(in bytes: Span<UInt8>) throws(DecodeError) -> UInt64 {
        guard end - position >= 8 else { throw DecodeError("the message ends inside a number", at: position) }
        defer { position += 8 }
        return UInt64(littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    private mutating func fixed32(in bytes: Span<UInt8>) throws(DecodeError) -> UInt64 {
        guard end - position >= 4 else { throw DecodeError("the message ends inside a number", at: position) }
        defer { position += 4 }
        let value = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self)
        return UInt64(UInt32(littleEndian: value))
    }
}

extension Span<UInt8> {
    /// The UTF-8 text in `range`. Throws where it is none.
    func text(_ range: Range<Int>) throws(DecodeError) -> String {
        let text = unsafe extracting(range).withUnsafeBufferPointer { unsafe String(validating: $0, as: UTF8.self) }
        guard let text else { throw DecodeError("text that is not UTF-8", at: range.lowerBound) }
        return text
    }
}
