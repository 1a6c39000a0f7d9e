import Kernels
import Series
import Testing
import Units
import WireFormats

@Suite struct RemoteReadTests {
    static let request = ReadRequest(queries: [
        ReadQuery(
            start: Timestamp(millisecondsSinceEpoch: -5), end: Timestamp(millisecondsSinceEpoch: 1_700_000_000_000),
            matchers: [
                ReadMatcher(.equal, "__name__", "up"), ReadMatcher(.notEqual, "a", ""),
                ReadMatcher(.matches, "b", "x|é"), ReadMatcher(.matchesNot, "c", ".+"),
            ]),
        ReadQuery(start: Timestamp(millisecondsSinceEpoch: 1), end: Timestamp(millisecondsSinceEpoch: 1), matchers: []),
    ])

    @Test func aRequestComesBack() throws {
        #expect(try decodeReadRequest(encodeReadRequest(Self.request).span) == Self.request)
    }

    /// One query from 1 to 2 ms for `a!="b"`, with hints, as Prometheus sends it: chunks or else samples.
    @Test func readsBytesWorkedByHand() throws {
        let bytes: [UInt8] = [
            0x0A, 0x10, 0x08, 0x01, 0x10, 0x02, 0x1A, 0x08, 0x08, 0x01, 0x12, 0x01, 0x61, 0x1A, 0x01, 0x62,
            0x22, 0x00,
        ]
        let query = ReadQuery(
            start: Timestamp(millisecondsSinceEpoch: 1), end: Timestamp(millisecondsSinceEpoch: 2),
            matchers: [ReadMatcher(.notEqual, "a", "b")])
        for types in [[], [0x12, 0x02, 0x01, 0x00], [0x10, 0x01, 0x10, 0x00, 0x10, 0x01]] as [[UInt8]] {
            let request = try decodeReadRequest((bytes + types).span)
            #expect(request == ReadRequest(queries: [query], acceptsSamples: true))
        }
        #expect(try decodeReadRequest((bytes + [0x12, 0x01, 0x01]).span).acceptsSamples == false)
    }

    @Test func everythingMeansTheWholeCalendar() throws {
        let bytes = Wire.bytes(1, Wire.integer(1, .min) + Wire.integer(2, .max))
        let query = try decodeReadRequest(bytes.span).queries[0]
        #expect(query.start.millisecondsSinceEpoch == -8_640_000_000_000_000)
        #expect(query.end.millisecondsSinceEpoch == 8_640_000_000_000_000)
    }

    @Test(
        arguments: [
            (Wire.bytes(1, Wire.bytes(3, Wire.integer(1, 4))), "byte 4: matchers of type 4 are not known"),
            (Wire.bytes(1, Wire.integer(1, 5) + Wire.integer(2, 4)), "byte 2: a query that ends before it starts"),
            (Wire.bytes(1, Wire.bytes(3, Wire.bytes(2, [0xFF]))), "byte 6: text that is not UTF-8"),
            (
                [UInt8](repeating: 0, count: 65).flatMap { _ in Wire.bytes(1, []) },
                "byte 130: more than 64 queries in one request"
            ),
            (
                Wire.bytes(1, (0..<65).flatMap { _ in Wire.bytes(3, []) }),
                "byte 133: more than 64 matchers in one query"
            ),
        ] as [([UInt8], String)])
    func saysWhatIsWrong(bytes: [UInt8], message: String) {
        #expect { _ = try decodeReadRequest(bytes.span) } throws: { "\($0)" == message }
    }

    private static func series(_ random: inout SplitMix64, _ index: Int) throws -> ReadSeries {
        var samples = SampleColumns()
        for _ in 0..<random.below(5) {
            samples.append(
                Timestamp(millisecondsSinceEpoch: Int64(random.below(1 << 50))), Double(random.below(1_000)) / 8)
        }
        let key = try SeriesKey(metric: "m\(index)", labels: [.init(name: "Zone", value: "é\(random.below(9))")])
        return ReadSeries(key: key, samples: samples)
    }

    @Test func anAnswerComesBack() throws {
        for seed in UInt64(0)..<200 {
            var random = SplitMix64(seed: seed)
            let results = try (0..<random.below(3)).map { query in
                try (0..<random.below(4)).map { try Self.series(&random, query * 10 + $0) }
            }
            var batch = SampleBatch()
            let outcome = try decodeReadResponse(encodeReadResponse(results).span, into: &batch)
            #expect(outcome.refusedSeries == 0 && outcome.firstProblem == nil, "seed \(seed)")
            let expected = results.joined().filter { $0.samples.count > 0 }
            #expect(batch.keys == expected.map(\.key), "seed \(seed)")
            #expect(batch.columns.map(\.values) == expected.map(\.samples.values), "seed \(seed)")
            #expect(batch.columns.map(\.timestamps) == expected.map(\.samples.timestamps), "seed \(seed)")
        }
    }

    /// Upper case sorts before `__name__`, and a NaN is a gap.
    @Test func anAnswerIsWrittenAsPrometheusReadsIt() throws {
        let key = try SeriesKey(metric: "m", labels: [.init(name: "A", value: "1"), .init(name: "a", value: "2")])
        let samples = SampleColumns(
            timestamps: [1, 2].map { Timestamp(millisecondsSinceEpoch: $0) }, values: [.nan, 3])
        let expected = Wire.bytes(
            1,
            Wire.bytes(
                1,
                Wire.label("A", "1") + Wire.label("__name__", "m") + Wire.label("a", "2") + Wire.sample(3, 2)))
        #expect(encodeReadResponse([[ReadSeries(key: key, samples: samples)]]) == expected)
    }

    @Test func seriesThatWillNotDoAreCounted() throws {
        let series = { (name: String) in Wire.bytes(1, Wire.label("__name__", name) + Wire.sample(1, 1)) }
        var batch = SampleBatch()
        let answer = Wire.bytes(1, series("a b") + series("c") + series(""))
        let outcome = try decodeReadResponse(answer.span, into: &batch)
        #expect(outcome.refusedSeries == 2 && outcome.firstProblem?.contains("'a b' is no metric name") == true)
        #expect(batch.keys.map(\.metric) == ["c"])
    }

    @Test func damageNeverTraps() throws {
        let request = encodeReadRequest(Self.request)
        var random = SplitMix64(seed: 1)
        let answer = encodeReadResponse([try (0..<3).map { try Self.series(&random, $0) }])
        var (requests, answers) = (0, 0)
        for seed in UInt64(0)..<5_000 {
            var random = SplitMix64(seed: seed)
            if (try? decodeReadRequest(random.damaged(request).span)) != nil { requests += 1 }
            var batch = SampleBatch()
            let damaged = random.damaged(answer)
            let isRead = (try? decodeReadResponse(damaged.span, into: &batch)) != nil
            #expect(isRead || batch.isEmpty, "seed \(seed)")
            #expect(batch.sampleCount <= damaged.count, "seed \(seed)")
            if isRead { answers += 1 }
        }
        #expect((100..<4_900).contains(requests) && (100..<4_900).contains(answers))
    }
}
