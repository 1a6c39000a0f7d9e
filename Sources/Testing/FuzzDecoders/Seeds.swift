import Series
import Units
import WireFormats

extension FuzzTarget {
    /// Inputs to begin from, made by code: valid messages with the byte that names their decoder in front.
    static var seeds: [[UInt8]] {
        allCases.flatMap { target in target.messages.map { [target.rawValue] + $0 } }
    }

    private var messages: [[UInt8]] {
        switch self {
        case .snappy: [snappyCompress(Array(String(repeating: "job=\"web\",", count: 30).utf8)), snappyCompress([])]
        case .remoteWrite1: [Proto.remoteWrite1]
        case .remoteWrite2: [Proto.remoteWrite2]
        case .readRequest: [Self.requestBytes]
        case .readResponse: [Self.responseBytes]
        case .otlpProtobuf: [Proto.otlp]
        case .chunk: Self.chunks
        default: texts.map { Array($0.utf8) }
        }
    }

    private var texts: [String] {
        switch self {
        case .prometheusText:
            ["# TYPE a counter\na{b=\"c\\n\\\"\",d=\"e\"} 1.5e3 1700000000000\n{\"x\",y=\"z\"} +Inf\nq NaN\n"]
        case .openMetrics: ["a_bucket{le=\"0.1\"} 3 1700000000.123 # {t=\"x\"} 0.67\n# EOF\n"]
        case .otlpJSON:
            [
                """
                {"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a\\u00e9"}}]},
                "scopeMetrics":[{"metrics":[{"name":"m.n","sum":{"aggregationTemporality":1,"dataPoints":[{"attributes":
                [{"key":"k","value":{"intValue":"1"}}],"startTimeUnixNano":"1000000","timeUnixNano":"2000000",
                "asInt":"3"}]}},{"name":"h","histogram":{"dataPoints":[{"timeUnixNano":2e9,"count":"7","sum":3.5}]}}]}]}]}
                """
            ]
        case .statsD: ["a.b:1|c|@0.5|#x:y,z\nt:1:2|ms\ng:-1|g\ns:anna|s"]
        case .accessLog:
            [
                #"1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.1" 200 2326 "r" "agent""# + "\n"
                    + #"h - - [11/Oct/2000:00:00:00 +0000] "-" 408 -"#
            ]
        case .jsonLines: [#"{"metric":{"__name__":"up","job":"\u00e9"},"values":[1,-2.5e1,null],"timestamps":[1,2,3]}"#]
        case .iCalendar:
            [
                """
                BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:Sale\r\nDTSTART;TZID=Europe/Berlin:20261127T080000\r\nDTEND;TZID=Europe/Berlin:\
                20261127T200000\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4FR;UNTIL=20291231T000000Z\r\nEXDATE:20271126T080000\r\n\
                END:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260101\r\nDURATION:P1DT2H\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEND:VEVENT
                """
            ]
        case .knownEventsCSV:
            [
                "start,end,name,effect\n2026-11-27T08:00+01:00,2026-11-27T20:00+01:00,Sale,2.5\n2026-12-24,2026-12-27,\"x, y\","
            ]
        case .csv: ["series,timestamp,value\n\"a,b\",2026-11-24T08:00:00.5+01:00,1.5"]
        case .wideCSV: ["series,app,t0,t1,t2\na,\"x,y\",1,,3.5\nb,,0,5,\n"]
        case .eventCSV:
            [
                "timestamp,kind,size\n2026-11-24T08:00:00Z,a,3\n1764000000.5,b,\n",
                "size,timestamp_ms,kind\n1,90000.5,a\n",
            ]
        case .selector: [#"up{job="a\"b",instance="x"}"#]
        default: []
        }
    }

    /// Of each mode and predictor.
    private static var chunks: [[UInt8]] {
        let times = (0..<80).map { Int64($0 * 15_000 + $0 % 7) }
        let values: [(Int) -> Double] = [
            { Double($0) }, { Double($0 * 37 % 11) / 8 }, { Double($0 % 2) }, { 1 / Double($0 + 1) },
        ]
        return values.map { value in Chunk.encode(times: times, values: times.indices.map(value)) }
    }

    private static var requestBytes: [UInt8] {
        let matchers = ReadMatcher.Kind.allCases.map { ReadMatcher($0, "name", "value") }
        let query = ReadQuery(
            start: Timestamp(secondsSinceEpoch: 1), end: Timestamp(secondsSinceEpoch: 2), matchers: matchers)
        return encodeReadRequest(ReadRequest(queries: [query, query]))
    }

    private static var responseBytes: [UInt8] {
        guard let key = try? SeriesKey(metric: "up", labels: [.init(name: "job", value: "a")]) else { return [] }
        let samples = SampleColumns(timestamps: [1, 2].map { Timestamp(secondsSinceEpoch: $0) }, values: [1, 2.5])
        return encodeReadResponse([[ReadSeries(key: key, samples: samples)], []])
    }
}

/// Protobuf messages whose encoders the product does not need.
private enum Proto {
    private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(content.count & 0x7F) | 0x80, UInt8(content.count >> 7)] + content
    }

    private static func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    private static func fixed(_ number: UInt8, _ bits: UInt64) -> [UInt8] {
        [number << 3 | 1] + (0..<8).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
    }

    private static func sample(_ value: Double) -> [UInt8] {
        field(2, fixed(1, value.bitPattern) + [0x10, 0x80, 0xD0, 0x95, 0xFF, 0xBC, 0x31])
    }

    private static func label(_ name: String, _ value: String) -> [UInt8] { field(1, text(1, name) + text(2, value)) }

    static var remoteWrite1: [UInt8] {
        let stale = field(2, fixed(1, 0x7FF0_0000_0000_0002))
        let series = label("__name__", "up") + label("job", "a") + sample(1.5) + sample(2)
        return field(1, series + stale + field(3, [1]) + field(4, [1])) + field(3, [8, 1])
            + field(1, label("__name__", "x") + sample(1) + label("late", "label"))
    }

    static var remoteWrite2: [UInt8] {
        let symbols = ["", "__name__", "up", "job", "a"].flatMap { text(4, $0) }
        return symbols
            + field(5, field(1, [1, 2, 3, 4]) + sample(1.5) + field(3, [1]) + field(4, [1]) + field(5, [8, 1]))
    }

    static var otlp: [UInt8] {
        let attribute = { (number: UInt8) in field(number, text(1, "http.route") + field(2, text(1, "/a"))) }
        let times = fixed(2, 1_000_000) + fixed(3, 2_000_000)
        let sum = field(1, attribute(7) + times + fixed(6, 3)) + [0x10, 1, 0x18, 1]
        let histogram = field(1, attribute(9) + times + fixed(4, 7) + fixed(5, (3.5).bitPattern))
        let metrics = field(2, text(1, "a.b") + field(7, sum)) + field(2, text(1, "h") + field(9, histogram))
        return field(1, field(1, field(1, text(1, "service.name") + field(2, text(1, "s")))) + field(2, metrics))
    }
}
