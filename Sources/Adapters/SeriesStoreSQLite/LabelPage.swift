internal import CZlib
internal import Foundation

/// The labels of up to 64 series of one metric, packed together: neighbours share most of their bytes.
///
/// Holds label blocks without the name, each in its slot. The number of a series is that of its page times 64, and its slot.
struct LabelPage {
    static let slots = 64

    /// By slot; nil where there is no series.
    private(set) var labels = [ArraySlice<UInt8>?](repeating: nil, count: slots)

    init() {}

    static func page(of number: Int64) -> Int64 { number >> 6 }
    static func slot(of number: Int64) -> Int { Int(number & 63) }
    static func number(page: Int64, slot: Int) -> Int64 { page << 6 | Int64(slot) }

    var isEmpty: Bool { labels.allSatisfy { $0 == nil } }
    var freeSlots: [Int] { labels.indices.filter { labels[$0] == nil } }

    subscript(slot: Int) -> ArraySlice<UInt8>? {
        get { labels[slot] }
        set { labels[slot] = newValue }
    }

    // MARK: Bytes

    /// No page is larger when unpacked, bytes: 64 series of the most and longest labels there may be.
    static let maximumBytes = 8 << 20

    /// The size unpacked, as a varint, and a zlib stream of a slot, a length and a label block for each series.
    ///
    /// - Throws: `ChunkDamage` where zlib has no memory.
    func packed() throws -> Data {
        var content: [UInt8] = []
        for (slot, block) in labels.enumerated() {
            guard let block else { continue }
            content.append(UInt8(slot))
            Varint.append(UInt64(block.count), to: &content)
            content += block
        }
        var result: [UInt8] = []
        Varint.append(UInt64(content.count), to: &result)
        return Data(result + (try Self.deflated(content)))
    }

    /// - Throws: `ChunkDamage` where the bytes are not those of a page.
    init(packed data: Data) throws {
        var reader = VarintReader(Array(data))
        guard let size = reader.next(), size <= UInt64(Self.maximumBytes),
            let content = Self.inflated(reader.rest, size: Int(size))
        else { throw ChunkDamage("a page of labels cannot be unpacked") }
        var entries = VarintReader(content)
        while !entries.isAtEnd {
            guard let slot = entries.next(), slot < UInt64(Self.slots), labels[Int(slot)] == nil,
                let length = entries.next(), let block = entries.bytes(length)
            else { throw ChunkDamage("a page of labels holds what is no label block") }
            labels[Int(slot)] = block
        }
    }

    private static func deflated(_ content: [UInt8]) throws -> ArraySlice<UInt8> {
        var size = compressBound(UInt(content.count))
        var target = [UInt8](repeating: 0, count: Int(size))
        guard unsafe compress2(&target, &size, content, UInt(content.count), 3) == Z_OK else {
            throw ChunkDamage("zlib cannot pack a page of labels")
        }
        return target.prefix(Int(size))
    }

    private static func inflated(_ stream: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
        var length = UInt(size)
        var target = [UInt8](repeating: 0, count: max(size, 1))
        let code = unsafe stream.withUnsafeBufferPointer { source in
            unsafe uncompress(&target, &length, source.baseAddress, UInt(source.count))
        }
        guard code == Z_OK, length == UInt(size) else { return nil }
        if size == 0 { target = [] }
        return target
    }
}
