/// Windows as bytes: `docs/formats/store.md` has them one by one. Every column is a chunk.
package enum WindowPage {
    /// Windows in one page at most.
    package static let maximumCount = 384
    private static let version: UInt8 = 1
    private static let checksumBytes = 8
    /// Set where every increase is the last value less the first, and none is written.
    private static let plainIncreases: UInt8 = 1

    /// - Precondition: 1 to `maximumCount` windows.
    package static func encode(_ columns: WindowColumns) -> [UInt8] {
        precondition((1...maximumCount).contains(columns.count), "a page holds 1 to \(maximumCount) windows")
        let windows = columns.windows
        let isPlain = windows.allSatisfy { $0.increase.bitPattern == $0.plainIncrease.bitPattern }
        var bytes = [version, isPlain ? plainIncreases : 0]
        append(Chunk.encode(times: columns.numbers, values: windows.map { Double($0.count) }), to: &bytes)
        let indices = windows.indices.map(Int64.init)
        let fields: [(Window) -> Double] = [\.sum, \.maximum, \.first, \.last] + (isPlain ? [] : [\.increase])
        for field in fields { append(Chunk.encode(times: indices, values: windows.map(field)), to: &bytes) }
        let sum = checksum(bytes[...])
        return bytes + (0..<checksumBytes).map { UInt8(truncatingIfNeeded: sum >> UInt64(8 * $0)) }
    }

    /// Reads a page of windows of `step` seconds back; throws where the bytes are damaged or of another version.
    package static func decode(_ bytes: [UInt8], step: Int) throws(ChunkError) -> WindowColumns {
        guard bytes.count >= 2 + checksumBytes else { throw ChunkError("a rollup of \(bytes.count) bytes") }
        let content = bytes.dropLast(checksumBytes)
        let written = bytes.suffix(checksumBytes).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard checksum(content) == written else { throw ChunkError("the checksum of a rollup is wrong") }
        guard content[0] == version else {
            throw ChunkError("format \(content[0]) of a rollup is not known; upgrade the program")
        }
        var rest = content.dropFirst(2)
        let isPlain = content[1] & plainIncreases != 0
        let (numbers, counts) = try takeChunk(&rest, count: nil)
        var fields: [[Double]] = []
        for _ in 0..<(isPlain ? 4 : 5) { fields.append(try takeChunk(&rest, count: numbers.count).values) }
        guard rest.isEmpty, numbers.count <= maximumCount else {
            throw ChunkError("a rollup has other bytes than windows")
        }
        var columns = WindowColumns(step: step)
        for (row, number) in numbers.enumerated() {
            columns.append(number, try window(count: counts[row], fields.map { $0[row] }))
        }
        return columns
    }

    private static func window(count: Double, _ fields: [Double]) throws(ChunkError) -> Window {
        func made(_ increase: Double) -> Window? {
            Int(exactly: count).flatMap {
                Window(
                    count: $0, sum: fields[0], maximum: fields[1], first: fields[2], last: fields[3],
                    increase: increase)
            }
        }
        guard let plain = made(fields.count > 4 ? fields[4] : 0) else { throw ChunkError("a window that cannot be") }
        guard fields.count <= 4 else { return plain }
        return made(plain.plainIncrease) ?? plain
    }

    /// A length of two bytes, the low one first, and a chunk.
    private static func append(_ chunk: [UInt8], to bytes: inout [UInt8]) {
        bytes += [UInt8(truncatingIfNeeded: chunk.count), UInt8(truncatingIfNeeded: chunk.count >> 8)]
        bytes += chunk
    }

    private static func takeChunk(
        _ rest: inout ArraySlice<UInt8>, count: Int?
    ) throws(ChunkError) -> (times: [Int64], values: [Double]) {
        guard let low = rest.popFirst(), let high = rest.popFirst() else { throw ChunkError("a rollup ends too soon") }
        let length = Int(low) | Int(high) << 8
        guard length <= rest.count else { throw ChunkError("a rollup ends too soon") }
        let chunk = try Chunk.decode(rest.prefix(length))
        rest = rest.dropFirst(length)
        guard count == nil || chunk.values.count == count else {
            throw ChunkError("columns of a rollup differ in length")
        }
        return chunk
    }

    /// FNV-1a, 64 bits: against accidents.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
