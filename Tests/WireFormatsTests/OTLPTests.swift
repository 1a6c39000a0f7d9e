import Kernels
import Series
import Testing
import WireFormats

@Suite struct OTLPTests {
    private static func attribute(_ number: UInt64, _ key: String, _ value: [UInt8]) -> [UInt8] {
        Wire.bytes(number, Wire.text(1, key) + Wire.bytes(2, value))
    }

    private static func times(_ start: UInt64, _ end: UInt64) -> [UInt8] {
        Wire.fixed(2, start * 1_000_000) + Wire.fixed(3, end * 1_000_000 + 999_999)
    }

    private static func metric(_ name: String, _ kind: UInt64, _ data: [UInt8]) -> [UInt8] {
        Wire.bytes(2, Wire.text(1, name) + Wire.text(3, "s") + Wire.bytes(kind, data))
    }

    private static let resource = Wire.bytes(
        1,
        attribute(1, "service.name", Wire.text(1, "shop")) + attribute(1, "service.namespace", Wire.text(1, "eu"))
            + attribute(1, "service.instance.id", Wire.text(1, "i-1")) + attribute(1, "host.name", Wire.text(1, "h")))

    /// Everything that is read, and what must be passed over beside it.
    static let message: [UInt8] = {
        let gauge = metric(
            "queue.size", 5,
            Wire.bytes(
                1,
                attribute(7, "http.route", Wire.text(1, "/a")) + attribute(7, "on", Wire.integer(2, 1))
                    + attribute(7, "n", Wire.integer(3, -4)) + attribute(7, "f", Wire.double(4, 2.5))
                    + attribute(7, "list", Wire.bytes(5, [])) + attribute(7, "job", Wire.text(1, "mine"))
                    + times(0, 10) + Wire.fixed(6, UInt64(bitPattern: -3))))
        let sum = metric(
            "requests", 7,
            Wire.integer(2, 2) + Wire.integer(3, 1) + Wire.bytes(1, times(5, 20) + Wire.double(4, 1.5))
                + Wire.bytes(1, times(5, 21) + Wire.integer(8, 1)))
        let delta = metric("jobs", 7, Wire.bytes(1, times(15, 30) + Wire.fixed(6, 8)) + Wire.integer(2, 1))
        let histogram = metric(
            "latency", 9,
            Wire.bytes(
                1,
                times(0, 40) + Wire.fixed(4, 7) + Wire.double(5, 3.25) + Wire.bytes(6, Array(repeating: 0, count: 16)))
                + Wire.integer(2, 2))
        let exponential = metric(
            "e", 10, Wire.bytes(1, attribute(1, "k", Wire.text(1, "v")) + times(0, 50) + Wire.fixed(4, 2)))
        let summary = metric("s", 11, Wire.bytes(1, times(0, 60) + Wire.fixed(4, 3) + Wire.double(5, 9)))
        let scope = Wire.bytes(2, Wire.bytes(1, [1]) + gauge + sum + delta + histogram + exponential + summary)
        // The resource may come after what it describes.
        return Wire.bytes(1, scope + resource)
    }()

    static let json = """
        {"resourceMetrics":[{"scopeMetrics":[{"scope":{},"metrics":[
        {"name":"queue.size","unit":"s","gauge":{"dataPoints":[{"attributes":[
        {"key":"http.route","value":{"stringValue":"/a"}},{"key":"on","value":{"boolValue":true}},
        {"key":"n","value":{"intValue":"-4"}},{"key":"f","value":{"doubleValue":2.5}},
        {"key":"list","value":{"arrayValue":{}}},{"key":"job","value":{"stringValue":"mine"}}],
        "timeUnixNano":"10999999","asInt":"-3"}]}},
        {"name":"requests","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
        {"startTimeUnixNano":"5000000","timeUnixNano":20999999,"asDouble":1.5},
        {"startTimeUnixNano":"5000000","timeUnixNano":"21999999","flags":1}]}},
        {"name":"jobs","sum":{"dataPoints":[{"startTimeUnixNano":"15000000","timeUnixNano":"30999999","asInt":8}],
        "aggregationTemporality":1}},
        {"name":"latency","histogram":{"dataPoints":[{"timeUnixNano":"40999999","count":"7","sum":3.25,
        "bucketCounts":["1","6"]}],"aggregationTemporality":2}},
        {"name":"e","exponentialHistogram":{"dataPoints":[{"attributes":[{"key":"k","value":{"stringValue":"v"}}],
        "timeUnixNano":"50999999","count":2}]}},
        {"name":"s","summary":{"dataPoints":[{"timeUnixNano":"60999999","count":"3","sum":9}]}}]}],
        "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},
        {"key":"service.namespace","value":{"stringValue":"eu"}},
        {"key":"service.instance.id","value":{"stringValue":"i-1"}},
        {"key":"host.name","value":{"stringValue":"h"}}]}}]}
        """

    private static let expected = [
        #"queue_size{f="2.5",http_route="/a",instance="i-1",job="eu/shop",n="-4",on="true"} -3.0 @10"#,
        #"requests{instance="i-1",job="eu/shop"} 1.5 @20"#,
        #"jobs{instance="i-1",job="eu/shop"} 8.0 @15"#,
        #"latency_count{instance="i-1",job="eu/shop"} 7.0 @40"#,
        #"latency_sum{instance="i-1",job="eu/shop"} 3.25 @40"#,
        #"e_count{instance="i-1",job="eu/shop",k="v"} 2.0 @50"#,
        #"s_count{instance="i-1",job="eu/shop"} 3.0 @60"#, #"s_sum{instance="i-1",job="eu/shop"} 9.0 @60"#,
    ]

    @Test func readsProtobufAndJSONAlike() throws {
        for metrics in [try decodeOTLP(protobuf: Self.message.span), try decodeOTLP(json: Array(Self.json.utf8)[...])] {
            #expect(rows(metrics.batch) == Self.expected)
            #expect(metrics.deltaPoints == 1 && metrics.emptyPoints == 1 && metrics.rejectedPoints == 0)
        }
    }

    @Test func whatCannotBeStoredIsCountedAndSaid() throws {
        let json = """
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[
            {"name":"","gauge":{"dataPoints":[{"timeUnixNano":"1000000","asInt":1}]}},
            {"name":"a","gauge":{"dataPoints":[{"asInt":1},{"timeUnixNano":"1000000","asDouble":"NaN"},
            {"timeUnixNano":"1000000","asDouble":"Infinity"},{"timeUnixNano":"1000000"}]}}]}]}]}
            """
        let metrics = try decodeOTLP(json: Array(json.utf8)[...])
        #expect(rows(metrics.batch) == ["a inf @1"])
        #expect(metrics.rejectedPoints == 2 && metrics.emptyPoints == 2)
        #expect(metrics.firstProblem?.contains("'' is no metric name") == true)
    }

    @Test func namesThatFallTogetherKeepBothValues() throws {
        let point = Wire.bytes(
            1,
            Self.attribute(7, "a.b", Wire.text(1, "1")) + Self.attribute(7, "a_b", Wire.text(1, "2"))
                + Self.attribute(7, "1é", Wire.text(1, "3")) + Self.times(0, 1) + Wire.double(4, 1))
        let message = Wire.bytes(1, Wire.bytes(2, Self.metric("9x:y.é/z", 5, point)))
        #expect(rows(try decodeOTLP(protobuf: message.span).batch) == [#"_9x:y___z{_1_="3",a_b="1;2"} 1.0 @1"#])
    }

    @Test(arguments: [
        ("[]", "byte 0: a JSON object expected"), ("{", "byte 1: '\"' expected"),
        ("{}x", "byte 2: text after the object"),
        (#"{"a":nul}"#, "byte 5: a finite number expected"),
    ])
    func saysWhatIsWrongInJSON(text: String, message: String) {
        #expect { _ = try decodeOTLP(json: Array(text.utf8)[...]) } throws: { "\($0)" == message }
    }

    @Test func saysWhatIsWrongInProtobuf() {
        let cut = Array(Self.message.dropLast(3))
        #expect { _ = try decodeOTLP(protobuf: cut.span) } throws: { "\($0)".contains("bytes left") }
        let deep = #"{"resourceMetrics":"# + String(repeating: "[", count: 100_000)
        #expect { _ = try decodeOTLP(json: Array(deep.utf8)[...]) } throws: { "\($0)".contains("nested too deeply") }
    }

    @Test func damageNeverTraps() {
        let json = Array(Self.json.utf8)
        var (protobufs, texts) = (0, 0)
        for seed in UInt64(0)..<5_000 {
            var random = SplitMix64(seed: seed)
            let (binary, text) = (random.damaged(Self.message), random.damaged(json))
            if let metrics = try? decodeOTLP(protobuf: binary.span) {
                protobufs += 1
                #expect(metrics.batch.sampleCount <= binary.count, "seed \(seed)")
            }
            if let metrics = try? decodeOTLP(json: text[...]) {
                texts += 1
                #expect(metrics.batch.sampleCount <= text.count, "seed \(seed)")
            }
        }
        #expect((100..<4_900).contains(protobufs) && (100..<4_900).contains(texts))
    }
}
