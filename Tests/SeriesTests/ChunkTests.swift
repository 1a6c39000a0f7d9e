import Series
import Testing

@Suite struct ChunkTests {
    /// A small generator of its own, so that Series needs no Kernels here.
    struct Noise: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let mixed = (state ^ state >> 29) &* 0x9E37_79B9_7F4A_7C15
            return mixed ^ mixed >> 32
        }
        mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
        mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + uniform() } }
    }

    private func expectRoundTrip(_ times: [Int64], _ values: [Double], _ what: String) throws {
        let bytes = Chunk.encode(times: times, values: values)
        let back = try Chunk.decode(bytes[...])
        let isOnTime = back.times == times
        #expect(isOnTime, "\(what)")
        let isSame = back.values.map(\.bitPattern) == values.map(\.bitPattern)
        #expect(isSame, "\(what)")
    }

    @Test func everyKindOfValueComesBackBitForBit() throws {
        for seed in UInt64(0)..<300 {
            var rng = Noise(state: seed)
            let count = 1 + Int(rng.next() % (seed % 10 == 0 ? 4_096 : 200))
            var time = Int64(bitPattern: rng.next()) >> Int64(20 + rng.next() % 30)
            let times = (0..<count).map { _ in
                time += seed % 3 == 0 ? 15_000 : 1 + Int64(rng.next() % 20_000)
                return time
            }
            var total = 0.0
            let values: [Double] = (0..<count).map { _ in
                switch seed % 7 {
                case 0: return (rng.normal() * 1_000).rounded() / 1_000
                case 1: return 42.5
                case 2: return Double(bitPattern: rng.next() & ~(0x7FF << 52) | UInt64(rng.next() % 2_046) << 52)
                case 3:
                    total += Double(rng.next() % 100)
                    return total
                case 4: return rng.uniform()
                case 5: return [0, -0.0, .infinity, -.infinity, 1e308, .leastNonzeroMagnitude][Int(rng.next() % 6)]
                default: return Double(Int64(bitPattern: rng.next()) >> 11)
                }
            }
            try expectRoundTrip(times, values, "seed \(seed)")
        }
    }

    @Test func extremesComeBack() throws {
        try expectRoundTrip([.min, .max], [9_007_199_254_740_991, -9_007_199_254_740_991], "far apart")
        try expectRoundTrip([.min, -1, 0, 1, .max], [1e-9, 1, 123_456_789.123456789, 0.1, 0.3], "steep")
        try expectRoundTrip([7], [-0.0], "one")
    }

    /// The examples of `docs/formats/chunk.md`, worked out by hand.
    @Test(arguments: [
        ("0103 00d00fd00f 22003d00002083c140", [1_000, 2_000, 3_500], [1.5, 2, 2.5]),
        ("0103 0400c0a907 01 3fd5555555555555 6a07", [0, 60_000, 120_000], [1.0 / 3, 1.0 / 3, 2.0 / 3]),
    ])
    func theWorkedExamplesAreTheirBytes(hex: String, times: [Int64], values: [Double]) throws {
        let digits = Array(hex.filter { $0 != " " })
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
        #expect(Chunk.encode(times: times, values: values) == bytes)
        let back = try Chunk.decode(bytes[...])
        #expect(back.times == times && back.values == values)
    }

    /// Request rates with three decimals, 5% noise about a daily curve, every 15 s: what a busy service sends.
    @Test func requestRatesTakeTwoBytesASample() throws {
        var rng = Noise(state: 3), bytes = 0
        for _ in 0..<50 {
            let base = 5 + 495 * rng.uniform()
            let values: [Double] = (0..<320).map { row in
                let level = base * (1.2 + Double(row) / 1_000)
                let value = level + rng.normal() * base * 0.05
                return (value * 1_000).rounded() / 1_000
            }
            bytes += Chunk.encode(times: (0..<320).map { 1_700_000_000_000 + $0 * 15_000 }, values: values).count
        }
        let perSample = Double(bytes) / (50 * 320)
        #expect(perSample < 2.1, "\(perSample)")
    }

    @Test func regularTimesAndConstantsCostNothing() {
        let times = (0..<4_096).map { Int64($0) * 60_000 }
        #expect(Chunk.encode(times: times, values: Array(repeating: 1.5, count: 4_096)).count < 24)
    }

    @Test func damageIsAnErrorOrOtherSamplesAndNeverATrap() throws {
        for seed in UInt64(0)..<2_000 {
            var rng = Noise(state: seed)
            let count = 1 + Int(rng.next() % 100)
            let values = (0..<count).map { _ in seed % 2 == 0 ? rng.uniform() : Double(rng.next() % 50) / 4 }
            var bytes = Chunk.encode(times: (0..<count).map { Int64($0 * $0) * 7 }, values: values)
            for _ in 0...rng.next() % 3 { bytes[Int(rng.next() % UInt64(bytes.count))] = UInt8(rng.next() % 256) }
            let cut = seed % 3 == 0 ? Int(rng.next() % UInt64(bytes.count)) : bytes.count
            if let back = try? Chunk.decode(bytes[..<cut]) {
                #expect(back.times.count == back.values.count && back.times.count <= Chunk.maximumCount)
                #expect(zip(back.times, back.times.dropFirst()).allSatisfy(<) && !back.values.contains(where: \.isNaN))
            }
        }
        #expect { _ = try Chunk.decode([2, 1]) } throws: { "\($0)".contains("format 2") }
        #expect(throws: ChunkError.self) { _ = try Chunk.decode([]) }
    }
}
