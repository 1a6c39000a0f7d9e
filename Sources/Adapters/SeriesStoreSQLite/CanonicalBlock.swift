internal import Series

/// A label block as `SeriesKey.labelBlock` makes it, cut behind the name without building text.
struct CanonicalBlock {
    let bytes: [UInt8]
    /// Where the metric's name lies, and where the other labels begin.
    private let name: Range<Int>, end: Int

    init(_ key: SeriesKey) throws { try self.init(key.labelBlock) }

    /// - Throws: where the bytes do not begin with a name.
    init(_ bytes: [UInt8]) throws {
        var reader = VarintReader(bytes)
        guard reader.next() == 0x0A, let length = reader.next(), let label = reader.bytes(length) else {
            throw SeriesNameError.badLabelBlock
        }
        var fields = VarintReader(Array(label))
        guard fields.next() == 0x0A, fields.next() == UInt64(Self.nameLabel.count),
            let field = fields.bytes(UInt64(Self.nameLabel.count)), field.elementsEqual(Self.nameLabel),
            fields.next() == 0x12, let size = fields.next(), size == UInt64(fields.rest.count)
        else { throw SeriesNameError.badLabelBlock }
        (self.bytes, end) = (bytes, label.endIndex)
        name = label.endIndex - Int(size)..<label.endIndex
    }

    private static let nameLabel = Array("__name__".utf8)

    var metric: String { String(decoding: bytes[name], as: UTF8.self) }
    /// All labels but the name.
    var labels: ArraySlice<UInt8> { bytes[end...] }
    var hash: Int32 { Self.hash(bytes) }

    /// FNV-1a of 64 bits, its halves folded into 32.
    static func hash(_ bytes: some Sequence<UInt8>) -> Int32 {
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        return Int32(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
