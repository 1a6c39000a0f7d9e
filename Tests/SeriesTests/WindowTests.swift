import Series
import Testing
import Units

@Suite struct WindowTests {
    private typealias Noise = ChunkTests.Noise

    /// What rows are by their definition, without windows: the sum over the samples of a row, one after the other.
    private func plainRow(_ kind: DemandKind, _ times: [Int64], _ values: [Double], from: Int64, to: Int64) -> Double {
        var previous: Double?, sum = 0.0, count = 0
        for (time, value) in zip(times, values) where value.isFinite && time < to {
            let increase = previous.map { value >= $0 ? value - $0 : value }
            previous = value
            guard time >= from, let amount = kind == .counter ? increase : value else { continue }
            (sum, count) = (sum + amount, count + 1)
        }
        return count == 0 ? .nan : kind == .rate || kind == .gauge ? sum / Double(count) : sum
    }

    @Test func rowsAreWhatTheirSamplesSay() throws {
        for seed in UInt64(1)...12 {
            var noise = Noise(state: seed)
            let (times, values) = samples(&noise, count: 400)
            let columns = SampleColumns(timestamps: times.map { Timestamp(millisecondsSinceEpoch: $0) }, values: values)
            for kind in DemandKind.allCases {
                for step in [60, 300, 900, 3_600, 5_400, 7_200] {
                    let end = Timestamp(millisecondsSinceEpoch: times[399] - 50_000)
                    guard let rows = RegularSeries(resampling: columns, kind: kind, step: step, endingBy: end) else {
                        Issue.record("no rows")
                        return
                    }
                    #expect(rows.end <= end && end.seconds(since: rows.end) < Double(step))
                    for (row, value) in rows.values.enumerated() {
                        let from = rows.grid.time(of: row).millisecondsSinceEpoch
                        let plain = plainRow(kind, times, values, from: from, to: from + Int64(step) * 1_000)
                        #expect(
                            plain.isNaN ? value.isNaN : abs(value - plain) <= 1e-11 * max(1, abs(plain)),
                            "seed \(seed), \(kind), \(step) s, row \(row): \(value), not \(plain)")
                    }
                }
            }
        }
    }

    /// Wherever the samples are cut, at the end of a window, the pieces come to the same bits.
    @Test func piecesComeToTheSameBits() {
        for seed in UInt64(1)...20 {
            var noise = Noise(state: seed)
            let (times, values) = samples(&noise, count: 2_000)
            for step in [300, 600, 3_600, 7_200, 86_400] {
                let whole = WindowColumns(times: times, values: values, step: step)
                let kept = step % 3_600 == 0 && noise.uniform() < 0.5 ? 3_600 : 300
                let middle = times[Int(noise.next() % 2_000)], width = Int64(kept) * 1_000
                let cut = middle - ((middle % width) + width) % width
                let index = times.firstIndex { $0 >= cut } ?? times.count
                var pieces = WindowColumns(
                    times: Array(times[..<index]), values: Array(values[..<index]), step: kept)
                pieces.append(
                    WindowColumns(times: Array(times[index...]), values: Array(values[index...]), step: kept))
                #expect(pieces.folded(to: step) == whole, "seed \(seed), \(step) s of \(kept) s")
            }
        }
    }

    @Test func whatOverflowsStaysFinite() throws {
        let huge = Double.greatestFiniteMagnitude
        let values = [huge, huge, -huge, -huge, .infinity, .nan, huge]
        let times = values.indices.map { Int64($0) * 100_000 }
        for step in [60, 300, 3_600] {
            for window in WindowColumns(times: times, values: values, step: step).windows {
                #expect(window.sum.isFinite && window.increase.isFinite)
            }
        }
        let ends = WindowColumns(times: [.min, 0, .max - 1, .max], values: [1, 2, 3, 4], step: 300)
        #expect(ends.windows.map(\.count) == [1, 1, 2])
    }

    @Test func pagesComeBackBitForBit() throws {
        for seed in UInt64(1)...40 {
            var noise = Noise(state: seed)
            let (times, values) = samples(&noise, count: 1_500)
            let all = WindowColumns(times: times, values: values, step: 300)
            let first = all.numbers[0]
            let columns = all.within(first..<first + 384)
            let bytes = WindowPage.encode(columns)
            #expect(try WindowPage.decode(bytes, step: 300) == columns, "seed \(seed)")
            for _ in 0..<20 {
                var damaged = bytes
                damaged[Int(noise.next() % UInt64(bytes.count))] ^= UInt8(1 + noise.next() % 255)
                #expect(throws: ChunkError.self) { _ = try WindowPage.decode(damaged, step: 300) }
                let cut = Array(bytes.prefix(Int(noise.next() % UInt64(bytes.count))))
                #expect(throws: ChunkError.self) { _ = try WindowPage.decode(cut, step: 300) }
            }
        }
    }

    /// The example of docs/formats/store.md.
    @Test func aPageByHand() throws {
        let columns = WindowColumns(
            times: [0, 60_000, 120_000, 600_000], values: [5, 8, 2, 4], step: 300)
        let bytes = WindowPage.encode(columns)
        let hex = bytes.map { String($0, radix: 16) }.map { $0.count == 1 ? "0" + $0 : $0 }.joined(separator: " ")
        #expect(hex == Self.example)
    }

    private static let example =
        "01 00 0a 00 01 02 04 00 04 00 00 04 06 03 0a 00 01 02 04 00 02 00 00 04 1e 15 "
        + "0a 00 01 02 04 00 02 00 00 04 10 07 0a 00 01 02 04 00 02 00 00 04 0a 01 "
        + "0a 00 01 02 04 00 02 00 00 04 04 04 0a 00 01 02 04 00 02 00 00 04 0a 09 89 33 a6 21 1d 40 5b 5b"

    /// Samples fifteen seconds apart with gaps, and values of one of several sorts.
    private func samples(_ noise: inout Noise, count: Int) -> (times: [Int64], values: [Double]) {
        var (times, values): ([Int64], [Double]) = ([], [])
        let sort = noise.next() % 4
        var (time, total) = (Int64(noise.next() % 1_000_000_000) - 500_000_000, 0.0)
        for _ in 0..<count {
            time += noise.uniform() < 0.02 ? Int64(noise.next() % 20_000_000) + 1 : 15_000
            total = noise.uniform() < 0.01 ? 0 : total + Double(noise.next() % 50)
            let level = (1_000 * (100 + 10 * noise.normal())).rounded() / 1_000
            times.append(time)
            values.append([total, level, noise.normal() * 1e10, noise.uniform() < 0.1 ? .infinity : total][Int(sort)])
        }
        return (times, values)
    }
}
