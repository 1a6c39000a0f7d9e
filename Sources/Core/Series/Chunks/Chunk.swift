/// Samples of one series as bytes: `docs/formats/chunk.md` has them one by one.
///
/// Times are whole milliseconds and ascend; values are whatever a Double holds but NaN, and come back bit for bit.
package enum Chunk {
    /// Samples in one chunk at most.
    package static let maximumCount = 4_096
    private static let version: UInt8 = 1

    private enum ValueMode: UInt8 {
        /// Whole numbers over a power of ten.
        case scaled = 0
        /// Each the exclusive or with the one before.
        case xor = 1
    }

    /// - Precondition: 1 to `maximumCount` samples, columns of one length.
    /// - Complexity: linear.
    package static func encode(times: [Int64], values: [Double]) -> [UInt8] {
        precondition(
            times.count == values.count && (1...maximumCount).contains(times.count), "a chunk holds 1 to 4096 samples")
        var bits = BitWriter(reserving: times.count * 3 + 32)
        bits.write(byte: version)
        bits.write(varint: UInt64(times.count))
        IntegerStream.write(times, to: &bits)
        if let (exponent, numbers) = scaled(values) {
            bits.write(byte: ValueMode.scaled.rawValue)
            bits.write(byte: UInt8(exponent))
            IntegerStream.write(numbers, to: &bits)
        } else {
            bits.write(byte: ValueMode.xor.rawValue)
            XORStream.write(values, to: &bits)
        }
        return bits.finished()
    }

    /// Reads a chunk back; throws where the bytes are damaged or of another version. Holds no more than a chunk can.
    package static func decode(_ bytes: ArraySlice<UInt8>) throws(ChunkError) -> (times: [Int64], values: [Double]) {
        var bits = BitReader(bytes)
        let found = UInt8(bits.read(8))
        guard found == version else { throw ChunkError("format \(found) of a chunk is not known; upgrade the program") }
        let count = bits.readVarint()
        guard (1...UInt64(maximumCount)).contains(count) else { throw ChunkError("a chunk of \(count) samples") }
        guard let times = IntegerStream.read(Int(count), from: &bits),
            let values = readValues(Int(count), from: &bits), !bits.isPastEnd
        else { throw ChunkError("the bytes of a chunk are damaged") }
        for index in 1..<max(times.count, 1) where times[index] <= times[index - 1] {
            throw ChunkError("the times of a chunk do not ascend")
        }
        return (times, values)
    }

    private static func readValues(_ count: Int, from bits: inout BitReader) -> [Double]? {
        switch ValueMode(rawValue: UInt8(bits.read(8))) {
        case .scaled:
            let exponent = Int(bits.read(8))
            guard exponent < powersOfTen.count else { return nil }
            let scale = powersOfTen[exponent]
            return IntegerStream.read(count, from: &bits)?.map { Double($0) / scale }
        case .xor: return XORStream.read(count, from: &bits)
        case nil: return nil
        }
    }

    private static let powersOfTen: [Double] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

    /// The values as whole numbers over the least power of ten that gives every one back bit for bit; nil where none does.
    private static func scaled(_ values: [Double]) -> (exponent: Int, numbers: [Int64])? {
        var exponent = 0
        for value in values {
            while scaled(value, exponent) == nil {
                exponent += 1
                guard exponent < powersOfTen.count else { return nil }
            }
        }
        var numbers: [Int64] = []
        numbers.reserveCapacity(values.count)
        for value in values {
            guard let number = scaled(value, exponent) else { return nil }
            numbers.append(number)
        }
        return (exponent, numbers)
    }

    @inline(__always)
    private static func scaled(_ value: Double, _ exponent: Int) -> Int64? {
        let scale = powersOfTen[exponent]
        let rounded = (value * scale).rounded(.toNearestOrEven)
        // Below 2^53 a whole number is exact, and so its quotient is the double nearest to the decimal.
        guard abs(rounded) < 0x1p53 else { return nil }
        let number = Int64(rounded)
        return (Double(number) / scale).bitPattern == value.bitPattern ? number : nil
    }
}

/// Why bytes are no chunk.
package struct ChunkError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Doubles as the exclusive or of neighbours, without the zeros around its middle.
///
/// T. Pelkonen et al., "Gorilla: a fast, scalable, in-memory time series database", VLDB 2015, section 4.1.2.
private enum XORStream {
    static func write(_ values: [Double], to bits: inout BitWriter) {
        var last = values.first?.bitPattern ?? 0
        bits.write(last, 64)
        var window = (leading: 65, trailing: 0)
        for value in values.dropFirst() {
            let difference = value.bitPattern ^ last
            last = value.bitPattern
            guard difference != 0 else {
                bits.write(0, 1)
                continue
            }
            let leading = min(difference.leadingZeroBitCount, 31), trailing = difference.trailingZeroBitCount
            if window.leading <= leading, window.trailing <= trailing {
                bits.write(0b10, 2)
            } else {
                window = (leading, trailing)
                bits.write(0b11, 2)
                bits.write(UInt64(leading), 5)
                bits.write(UInt64(64 - leading - trailing - 1), 6)
            }
            bits.write(difference >> UInt64(window.trailing), 64 - window.leading - window.trailing)
        }
    }

    static func read(_ count: Int, from bits: inout BitReader) -> [Double]? {
        var last = bits.read(64)
        var values = [Double(bitPattern: last)]
        values.reserveCapacity(count)
        var window = (trailing: 0, width: 0)
        while values.count < count, !bits.isPastEnd {
            if bits.read(1) == 1 {
                if bits.read(1) == 1 {
                    let leading = Int(bits.read(5)), width = Int(bits.read(6)) + 1
                    guard leading + width <= 64 else { return nil }
                    window = (64 - leading - width, width)
                }
                guard window.width > 0 else { return nil }
                last ^= bits.read(window.width) << UInt64(window.trailing)
            }
            values.append(Double(bitPattern: last))
        }
        return values.count == count && !values.contains(where: \.isNaN) ? values : nil
    }
}
