/// Seven bits a byte, the lowest first, the top bit set in all bytes but the last.
enum Varint {
    @inline(__always)
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Signed numbers as unsigned ones: 0, -1, 1, -2 … as 0, 1, 2, 3 ….
    @inline(__always)
    static func appendSigned(_ value: Int64, to bytes: inout [UInt8]) {
        append(UInt64(bitPattern: value << 1 ^ value >> 63), to: &bytes)
    }
}

/// Reads varints and bytes one after the other; nil where they end too soon.
struct VarintReader {
    private let all: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    init(_ bytes: ArraySlice<UInt8>) { (all, position) = (bytes, bytes.startIndex) }

    var isAtEnd: Bool { position == all.endIndex }
    var rest: ArraySlice<UInt8> { all[position...] }

    @inline(__always)
    mutating func next() -> UInt64? {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while position < all.endIndex, shift < 64 {
            let byte = all[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    @inline(__always)
    mutating func nextSigned() -> Int64? {
        next().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    mutating func bytes(_ count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(all.endIndex - position) else { return nil }
        defer { position += Int(count) }
        return all[position..<position + Int(count)]
    }

    /// Eight bytes, little-endian.
    @inline(__always)
    mutating func word() -> UInt64? {
        guard all.endIndex - position >= 8 else { return nil }
        defer { position += 8 }
        return (0..<8).reduce(0) { $0 | UInt64(all[position + $1]) << UInt64(8 * $1) }
    }
}
