/// Bits, the most significant first, into bytes.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    /// Bits of `pending` in use, from the top, always below 64.
    private var used = 0

    init(reserving count: Int) { bytes.reserveCapacity(count) }

    /// Appends the low `count` bits of `value`, whose other bits are 0; `count` is at most 64.
    mutating func write(_ value: UInt64, _ count: Int) {
        let room = 64 - used
        if count < room {
            pending |= value << UInt64(room - count)
            used += count
        } else {
            let rest = count - room
            flush(pending | value >> UInt64(rest))
            pending = rest == 0 ? 0 : value << UInt64(64 - rest)
            used = rest
        }
    }

    mutating func write(byte: UInt8) { write(UInt64(byte), 8) }

    /// Seven bits a byte, the lowest first.
    mutating func write(varint value: UInt64) {
        var rest = value
        while rest > 0x7F {
            write(rest & 0x7F | 0x80, 8)
            rest >>= 7
        }
        write(rest, 8)
    }

    private mutating func flush(_ word: UInt64) {
        unsafe withUnsafeBytes(of: word.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// The bytes so far, the last one filled up with zeros.
    consuming func finished() -> [UInt8] {
        for byte in 0..<(used + 7) / 8 { bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(56 - 8 * byte))) }
        return bytes
    }
}

/// Bits out of bytes. Reading past the end gives zeros and is remembered, so that a loop need not look at every bit.
struct BitReader {
    private let bytes: ArraySlice<UInt8>
    private var next: Int
    private var pending: UInt64 = 0
    private var available = 0
    /// Whether more was read than there is.
    private(set) var isPastEnd = false

    init(_ bytes: ArraySlice<UInt8>) { (self.bytes, next) = (bytes, bytes.startIndex) }

    private mutating func refill() {
        while available <= 56 {
            if next < bytes.endIndex {
                pending |= UInt64(bytes[next]) << UInt64(56 - available)
                next += 1
            } else if next < bytes.endIndex + 9 {
                next += 1
            } else {
                isPastEnd = true
            }
            available += 8
        }
    }

    /// The next `count` bits, at most 56 of them.
    private mutating func readShort(_ count: Int) -> UInt64 {
        guard count > 0 else { return 0 }
        if available < count { refill() }
        let value = pending >> UInt64(64 - count)
        pending <<= UInt64(count)
        available -= count
        return value
    }

    /// The next `count` bits, at most 64 of them.
    mutating func read(_ count: Int) -> UInt64 {
        guard count > 32 else { return readShort(count) }
        let high = readShort(count - 32)
        return high << 32 | readShort(32)
    }

    /// How many zeros stand before the next one, which is read too; `limit` (at most 48) where there are as many.
    mutating func readZeros(limit: Int) -> Int {
        if available <= 56 { refill() }
        let zeros = min(pending.leadingZeroBitCount, limit)
        pending <<= UInt64(zeros == limit ? limit : zeros + 1)
        available -= zeros == limit ? limit : zeros + 1
        return zeros
    }

    mutating func readVarint() -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while shift < 64 {
            let byte = readShort(8)
            value |= (byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return value
    }
}
