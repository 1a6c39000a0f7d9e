import Kernels

/// Protobuf as the tests write it, after the encoding's definition and apart from the code under test.
enum Wire {
    static func varint(_ value: UInt64) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value % 128) + 128] + varint(value / 128)
    }

    static func bytes(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(number * 8 + 2) + varint(UInt64(content.count)) + content
    }

    static func text(_ number: UInt64, _ text: String) -> [UInt8] { bytes(number, Array(text.utf8)) }
    static func integer(_ number: UInt64, _ value: Int64) -> [UInt8] {
        varint(number * 8) + varint(UInt64(bitPattern: value))
    }

    static func fixed(_ number: UInt64, _ bits: UInt64) -> [UInt8] {
        varint(number * 8 + 1) + (0..<8).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
    }

    static func double(_ number: UInt64, _ value: Double) -> [UInt8] { fixed(number, value.bitPattern) }
    static func fixed32(_ number: UInt64) -> [UInt8] { varint(number * 8 + 5) + [1, 2, 3, 4] }

    static func label(_ name: String, _ value: String) -> [UInt8] { bytes(1, text(1, name) + text(2, value)) }
    static func sample(_ value: Double, _ time: Int64) -> [UInt8] {
        bytes(2, double(1, value) + integer(2, time))
    }
}

extension SplitMix64 {
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// The bytes cut at a random place, or with a few of them changed, put in, taken out or repeated.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var damaged = bytes
        if below(4) == 0 { damaged.removeLast(below(damaged.count + 1)) }
        for _ in 0..<below(4) where !damaged.isEmpty {
            let place = below(damaged.count)
            switch below(5) {
            case 0: damaged[place] = UInt8(truncatingIfNeeded: next())
            case 1: damaged[place] ^= 1 << UInt8(below(8))
            case 2: damaged.insert([0, 0x7F, 0x80, 0xFF][below(4)], at: place)
            case 3: damaged.remove(at: place)
            default: damaged.insert(contentsOf: damaged[place...].prefix(below(20)), at: below(damaged.count))
            }
        }
        return damaged
    }
}
