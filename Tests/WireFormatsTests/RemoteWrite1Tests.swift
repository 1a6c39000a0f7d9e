import Kernels
import Series
import Testing
import WireFormats

@Suite struct RemoteWrite1Tests {
    /// The columns as rows of text, which is what the tests compare.
    static func rows(_ columns: WriteColumns) throws -> [String] {
        try columns.times.indices.map { index in
            let block = columns.bytes[columns.blocks[Int(columns.series[index])]]
            return "\(try SeriesKey(labelBlock: block)) \(columns.values[index]) @\(columns.times[index])"
        }
    }

    private func decode(_ message: [UInt8]) throws -> WriteColumns {
        var columns = WriteColumns()
        columns.times = [1]
        try decodeRemoteWrite1(message, into: &columns)
        return columns
    }

    /// `{__name__="up",job="a"}` 1.5 at 2 ms, byte by byte.
    static let handWorked: [UInt8] = [
        0x0A, 0x2B,  // field 1, a time series of 43 bytes
        0x0A, 0x0E, 0x0A, 0x08, 0x5F, 0x5F, 0x6E, 0x61, 0x6D, 0x65, 0x5F, 0x5F, 0x12, 0x02, 0x75, 0x70,
        0x0A, 0x08, 0x0A, 0x03, 0x6A, 0x6F, 0x62, 0x12, 0x01, 0x61,
        0x12, 0x0B, 0x09, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x10, 0x02,
        0x12, 0x02, 0x10, 0x03,  // a value of 0 may be left out
    ]

    @Test func readsBytesWorkedByHand() throws {
        let columns = try decode(Self.handWorked)
        #expect(try Self.rows(columns) == [#"up{job="a"} 1.5 @2"#, #"up{job="a"} 0.0 @3"#])
        #expect(columns.blocks == [2..<28])
        #expect(
            Array(columns.bytes[2..<28])
                == (try SeriesKey(metric: "up", labels: [.init(name: "job", value: "a")])).labelBlock)
    }

    @Test func compressedIsTheSame() throws {
        var columns = WriteColumns()
        for _ in 0..<2 {
            try decodeRemoteWrite1(compressed: snappyCompress(Self.handWorked).span, limit: 100, into: &columns)
            #expect(try Self.rows(columns) == [#"up{job="a"} 1.5 @2"#, #"up{job="a"} 0.0 @3"#])
        }
        #expect(throws: DecodeError.self) {
            try decodeRemoteWrite1(compressed: snappyCompress(Self.handWorked).span, limit: 40, into: &columns)
        }
        #expect(columns.sampleCount == 0 && columns.blocks.isEmpty)
    }

    @Test func whatIsNoSampleIsCountedOrPassedOver() throws {
        let stale = Wire.bytes(2, Wire.fixed(1, 0x7FF0_0000_0000_0002) + Wire.integer(2, 5))
        let message =
            Wire.bytes(3, [1, 2, 3]) + Wire.fixed32(9) + Wire.integer(100, -1)
            + Wire.bytes(
                1,
                Wire.label("__name__", "a") + Wire.sample(.nan, 1) + stale + Wire.sample(.infinity, 2) + Wire.fixed32(7)
                    + Wire.bytes(3, [1]) + Wire.bytes(4, [2]) + Wire.bytes(4, [3]) + Wire.fixed(12, 8))
            + Wire.bytes(1, Wire.label("__name__", "gone") + stale)
            + Wire.bytes(1, [])
            + Wire.bytes(1, Wire.label("__name__", "b") + Wire.sample(-1, -2))
        let columns = try decode(message)
        #expect(try Self.rows(columns) == ["a inf @2", "b -1.0 @-2"])
        #expect(columns.blocks.count == 2)
        #expect(columns.skipped.exemplars == 1 && columns.skipped.histograms == 2 && columns.skipped.staleMarks == 2)
    }

    /// Protobuf lets fields come in any order; the labels then do not lie together.
    @Test func labelsBetweenSamplesAreGathered() throws {
        let series =
            Wire.label("__name__", "a") + Wire.sample(1, 1) + Wire.label("x", "1") + Wire.sample(2, 2)
            + [0x8A, 0x00] + Wire.label("y", "2").dropFirst()  // the tag of field 1 written in two bytes
        let columns = try decode(Wire.bytes(1, series) + Wire.bytes(1, Wire.label("__name__", "b") + Wire.sample(3, 3)))
        #expect(try Self.rows(columns) == [#"a{x="1",y="2"} 1.0 @1"#, #"a{x="1",y="2"} 2.0 @2"#, "b 3.0 @3"])
    }

    @Test(
        arguments: [
            ([0x0A, 0x05, 0x0A], "byte 2: a length of 5 with 1 bytes left"),
            ([0x0A, 0x02, 0x0A, 0x01], "byte 4: a length of 1 with 0 bytes left"),
            ([0x0A, 0x02, 0x12, 0x01], "byte 4: a length of 1 with 0 bytes left"),
            ([0x0A, 0x04, 0x12, 0x02, 0x09, 0x00], "byte 5: the message ends inside a number"),
            ([0x0A, 0x80], "byte 2: the message ends inside a number"),
            ([0x0B], "byte 0: a protobuf field of wire type 3, which is not in use"),
            ([0x02, 0x00], "byte 0: a protobuf field with number 0"),
            ([0x18] + [UInt8](repeating: 0xFF, count: 10), "byte 11: a protobuf number of more than ten bytes"),
            (
                Wire.bytes(1, Wire.sample(1, .max)),
                "byte 4: a sample at 9223372036854775807 ms since 1970, beyond any calendar"
            ),
        ] as [([UInt8], String)])
    func saysWhatIsWrong(bytes: [UInt8], message: String) {
        #expect { _ = try decode(bytes) } throws: { "\($0)" == message }
    }

    /// Any mixture of series, labels and samples comes back, whatever stands between them.
    @Test func whatIsEncodedComesBack() throws {
        for seed in UInt64(0)..<300 {
            var random = SplitMix64(seed: seed)
            let (message, expected) = Self.message(&random)
            #expect(try Self.rows(decode(message)) == expected, "seed \(seed)")
        }
    }

    static func message(_ random: inout SplitMix64) -> (bytes: [UInt8], rows: [String]) {
        var (message, rows) = ([UInt8](), [String]())
        for series in 0..<random.below(6) {
            let value = String(repeating: "é", count: random.below(90)) + "v"
            var labels = [Wire.label("__name__", "m\(series)"), Wire.label("l", value)]
            var samples: [[UInt8]] = []
            for _ in 0..<random.below(4) {
                let (number, time) = (Double(random.below(1_000)) / 8, Int64(random.below(1 << 50)))
                samples.append(Wire.sample(number, time))
                rows.append("m\(series){l=\"\(value)\"} \(number) @\(time)")
            }
            if random.below(3) == 0 { samples.append(labels.removeLast()) }
            if random.below(3) == 0 { samples.insert(Wire.fixed32(50), at: 0) }
            message += Wire.bytes(1, (labels + samples).flatMap(\.self))
        }
        return (message, rows)
    }

    @Test func damageNeverTraps() {
        var (read, columns) = (0, WriteColumns())
        for seed in UInt64(0)..<10_000 {
            var random = SplitMix64(seed: seed)
            let bytes = random.damaged(Self.message(&random).bytes + Self.handWorked)
            do {
                try decodeRemoteWrite1(bytes, into: &columns)
                read += 1
            } catch { #expect(columns.sampleCount == 0 && columns.bytes.isEmpty, "seed \(seed)") }
            #expect(columns.isSound(within: 2 * bytes.count), "seed \(seed)")
        }
        #expect(read > 100 && read < 9_900)
    }
}

extension WriteColumns {
    /// Columns of one length, series that ascend and are listed, blocks within the bytes, and not many bytes.
    func isSound(within bound: Int) -> Bool {
        series.count == times.count && times.count == values.count && bytes.count <= bound && sampleCount <= bound
            && zip(series, series.dropFirst()).allSatisfy { $0 <= $1 } && series.allSatisfy { $0 < blocks.count }
            && blocks.allSatisfy { $0.upperBound <= bytes.count } && values.allSatisfy { !$0.isNaN }
    }
}
