import Kernels
import Series
import Testing
import WireFormats

@Suite struct RemoteWrite2Tests {
    private func decode(_ message: [UInt8], limit: Int = 1 << 16) throws -> WriteColumns {
        var columns = WriteColumns()
        columns.times = [1]
        try decodeRemoteWrite2(message.span, limit: limit, into: &columns)
        return columns
    }

    /// Symbols "", "__name__", "up", "job", "a"; one series `up{job="a"}` with 1.5 at 2 ms, byte by byte.
    private static let handWorked: [UInt8] = [
        0x22, 0x00,
        0x22, 0x08, 0x5F, 0x5F, 0x6E, 0x61, 0x6D, 0x65, 0x5F, 0x5F,
        0x22, 0x02, 0x75, 0x70, 0x22, 0x03, 0x6A, 0x6F, 0x62, 0x22, 0x01, 0x61,
        0x2A, 0x15,  // field 5, a time series of 21 bytes
        0x0A, 0x04, 0x01, 0x02, 0x03, 0x04,
        0x12, 0x0D, 0x09, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x10, 0x02, 0x18, 0x01,  // with a start time of 1 ms
    ]

    @Test func readsBytesWorkedByHand() throws {
        let columns = try decode(Self.handWorked)
        #expect(try RemoteWrite1Tests.rows(columns) == [#"up{job="a"} 1.5 @2"#])
        let key = try SeriesKey(metric: "up", labels: [.init(name: "job", value: "a")])
        #expect(columns.bytes == key.labelBlock)
        #expect(columns.blocks == [0..<columns.bytes.count])
    }

    /// The example request of Prometheus' own tests (`writeV2RequestFixture` in storage/remote/codec_test.go at commit
    /// d15adb9ad7e5), serialised from the published schema by Google's protobuf library.
    private static let published = """
        220022085f5f6e616d655f5f220c746573745f6d657472696331220162220163220362617a22037175782201642201652203
        666f6f2203626172220166220167220168220169221c5465737420676175676520666f72207465737420707572706f736573
        22194d61796265206f702f7365632077686f206b6e6f777320283a221e5465737420636f756e74657220666f722074657374
        20707572706f7365732aa1020a0a0102030405060708090a120d09000000000000f03f100a18011a2b080319000000000000
        34402004299d978ccf08ba5b253000420210014a01045a021001620102780a8801011a471100000000000008401900000000
        000034402004299d978ccf08ba5b2539000000000000000042021001520800000000000000405a0210016a08000000000000
        f03f78148801021a2f081019000000000000344020695a040802100262021407781e8201109a9999999999b93f0000000000
        00f03f88010b1a4411000000000000304019000000000000344020695a04080210026a100000000000002440000000000000
        184078288201109a9999999999b93f000000000000f03f880115220f0a020b0c11000000000000f03f180a2a060802180f20
        102a9d020a0a0102030405060708090a120b09000000000000004010141a2b08031900000000000034402004299d978ccf08
        ba5b253000420210014a01045a021001620102783288011f1a471100000000000008401900000000000034402004299d978c
        cf08ba5b2539000000000000000042021001520800000000000000405a0210016a08000000000000f03f783c8801291a2f08
        1019000000000000344020695a04080210026202140778468201109a9999999999b93f000000000000f03f8801331a441100
        0000000000304019000000000000344020695a04080210026a100000000000002440000000000000184078508201109a9999
        999999b93f000000000000f03f88013d220f0a020d0e11000000000000004018142a0408011811
        """

    @Test func readsThePublishedExample() throws {
        let digits = Self.published.filter(\.isHexDigit)
        var message: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let start = digits.index(digits.startIndex, offsetBy: index)
            message.append(try #require(UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)))
        }
        let columns = try decode(message)
        let series = #"test_metric1{b="c",baz="qux",d="e",foo="bar"}"#
        #expect(try RemoteWrite1Tests.rows(columns) == [series + " 1.0 @10", series + " 2.0 @20"])
        #expect(columns.skipped.histograms == 8 && columns.skipped.exemplars == 2 && columns.skipped.staleMarks == 0)
    }

    @Test func compressedIsTheSame() throws {
        var columns = WriteColumns()
        for _ in 0..<2 {
            try decodeRemoteWrite2(compressed: snappyCompress(Self.handWorked).span, limit: 100, into: &columns)
            #expect(try RemoteWrite1Tests.rows(columns) == [#"up{job="a"} 1.5 @2"#])
        }
        #expect(throws: DecodeError.self) {
            try decodeRemoteWrite2(compressed: snappyCompress(Self.handWorked).span, limit: 40, into: &columns)
        }
        #expect(columns.sampleCount == 0 && columns.blocks.isEmpty)
    }

    /// The same series by both protocols give the same blocks, times and values.
    @Test func agreesWithVersion1() throws {
        for seed in UInt64(0)..<300 {
            var random = SplitMix64(seed: seed)
            var first = WriteColumns()
            try decodeRemoteWrite1(RemoteWrite1Tests.message(&random).bytes, into: &first)
            let second = try decode(try Self.translated(first, symbolsLast: random.below(2) == 0))
            #expect(try RemoteWrite1Tests.rows(first) == RemoteWrite1Tests.rows(second), "seed \(seed)")
            #expect(second.blocks.map { second.bytes[$0] } == first.blocks.map { first.bytes[$0] }, "seed \(seed)")
        }
    }

    /// An encoder of 2.0 from the columns of 1.0.
    static func translated(_ columns: WriteColumns, symbolsLast: Bool) throws -> [UInt8] {
        var (symbols, series) = ([""], [UInt8]())
        func reference(_ text: String) -> [UInt8] {
            if let known = symbols.firstIndex(of: text) { return Wire.varint(UInt64(known)) }
            symbols.append(text)
            return Wire.varint(UInt64(symbols.count - 1))
        }
        for (index, block) in columns.blocks.enumerated() {
            let key = try SeriesKey(labelBlock: columns.bytes[block])
            var references = reference("__name__") + reference(key.metric)
            for label in key.labels { references += reference(label.name) + reference(label.value) }
            let samples = columns.series.indices.filter { columns.series[$0] == index }.flatMap {
                Wire.sample(columns.values[$0], columns.times[$0])
            }
            series += Wire.bytes(5, Wire.bytes(1, references) + samples)
        }
        let table = symbols.flatMap { Wire.text(4, $0) }
        return symbolsLast ? series + table : table + series
    }

    private static let table = ["", "__name__", "a", "x", "1"].flatMap { Wire.text(4, $0) }

    @Test func whatIsNoSampleIsCountedOrPassedOver() throws {
        let stale = Wire.bytes(2, Wire.fixed(1, 0x7FF0_0000_0000_0002) + Wire.integer(2, 5))
        let series =
            Wire.bytes(1, [1, 2]) + Wire.sample(.nan, 1) + stale + Wire.bytes(3, [1]) + Wire.bytes(4, [9])
            + Wire.bytes(5, [1, 2])
        let columns = try decode(
            Self.table + Wire.bytes(5, series) + Wire.bytes(5, series + Wire.sample(7, 1)) + Wire.bytes(1, [1]))
        #expect(try RemoteWrite1Tests.rows(columns) == ["a 7.0 @1"])
        #expect(columns.blocks == [0..<columns.bytes.count])
        #expect(columns.skipped.exemplars == 2 && columns.skipped.histograms == 2 && columns.skipped.staleMarks == 2)
    }

    /// A packed list may be cut into parts, or not be packed at all.
    @Test func referencesInPartsAreOneList() throws {
        let series =
            Wire.bytes(1, [1, 2, 3]) + Wire.sample(1, 1) + Wire.integer(1, 4)
        #expect(try RemoteWrite1Tests.rows(decode(Self.table + Wire.bytes(5, series))) == [#"a{x="1"} 1.0 @1"#])
    }

    @Test(
        arguments: [
            (Wire.text(4, "a"), "byte 2: the first symbol must be the empty string"),
            (Wire.bytes(5, Wire.bytes(1, [0])), "byte 5: a label refers to symbol 0 of 0"),
            (Wire.bytes(5, Wire.bytes(1, [1, 5])) + table, "byte 6: a label refers to symbol 5 of 5"),
            (table + Wire.bytes(5, Wire.bytes(1, [1, 2, 3])), "byte 23: an odd count of label references"),
            (table + Wire.bytes(5, Wire.bytes(1, [1, 0x80])), "byte 27: the message ends inside a number"),
            (table + [0x2A, 0x02, 0x0A, 0x05], "byte 25: a length of 5 with 0 bytes left"),
        ] as [([UInt8], String)])
    func saysWhatIsWrong(bytes: [UInt8], message: String) {
        #expect { _ = try decode(bytes) } throws: { "\($0)" == message }
    }

    /// References of one byte to one long symbol must not become gigabytes.
    @Test func blocksAreBounded() {
        let symbol = String(repeating: "x", count: 10_000)
        let message =
            ["", symbol].flatMap { Wire.text(4, $0) }
            + Wire.bytes(5, Wire.bytes(1, [UInt8](repeating: 1, count: 2_000)) + Wire.sample(1, 1))
        #expect { _ = try decode(message, limit: 15_000) } throws: {
            "\($0)".hasSuffix("the labels of this message take more than 120000 bytes")
        }
    }

    @Test func damageNeverTraps() throws {
        var (read, columns) = (0, WriteColumns())
        for seed in UInt64(0)..<10_000 {
            var random = SplitMix64(seed: seed)
            var first = WriteColumns()
            try decodeRemoteWrite1(RemoteWrite1Tests.message(&random).bytes, into: &first)
            let whole = try Self.translated(first, symbolsLast: false) + Wire.bytes(5, Wire.sample(1, 1))
            let bytes = random.damaged(whole)
            do {
                try decodeRemoteWrite2(bytes.span, limit: bytes.count, into: &columns)
                read += 1
            } catch { #expect(columns.sampleCount == 0 && columns.bytes.isEmpty, "seed \(seed)") }
            #expect(columns.isSound(within: 8 * bytes.count), "seed \(seed)")
        }
        #expect(read > 100 && read < 9_900)
    }
}
