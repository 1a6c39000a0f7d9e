import Kernels
import Series
import Testing
import Units
import WireFormats

/// A batch as rows of text, which is what the tests compare.
func rows(_ batch: SampleBatch) -> [String] {
    zip(batch.keys, batch.columns).flatMap { key, columns in
        zip(columns.timestamps, columns.values).map { "\(key) \($1) @\($0.millisecondsSinceEpoch)" }
    }
}

@Suite struct ExpositionTests {
    private func decode(_ text: String, _ format: ExpositionFormat = .prometheusText) throws -> SampleBatch {
        try decodeExposition(Array(text.utf8)[...], format: format, at: Timestamp(millisecondsSinceEpoch: 7))
    }

    private static let prometheus = """
        # HELP http_requests_total The total number of HTTP requests.
        # TYPE http_requests_total counter
        http_requests_total{method="post",code="200"} 1027 1395066363000
        http_requests_total{method="post",code="400"}    3 -5

        # Escapes; a comment
        msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find:\\n\\"FILE\\"",odd="\\d"} 1.458255915e9
        metric_without_timestamp_and_labels 12.47
        something_weird { problem = "division by zero" , } +Inf\t-3982045
        gap NaN
        {"quoted.name", "a"="b"} 0x10
        rpc_bucket{le="0.05"} 24054
        rpc_bucket{le="+Inf"} 144320\r
        rpc_sum 5.3423e+07
        # EOF
        after -Inf
        """

    @Test func readsPrometheusText() throws {
        #expect(
            rows(try decode(Self.prometheus)) == [
                #"http_requests_total{code="200",method="post"} 1027.0 @1395066363000"#,
                #"http_requests_total{code="400",method="post"} 3.0 @-5"#,
                #"msdos_file_access_time_seconds{error="Cannot find:\n\"FILE\"",odd="\\d",path="C:\\DIR\\FILE.TXT"} 1458255915.0 @7"#,
                "metric_without_timestamp_and_labels 12.47 @7",
                #"something_weird{problem="division by zero"} inf @-3982045"#,
                #"quoted.name{a="b"} 16.0 @7"#,
                #"rpc_bucket{le="0.05"} 24054.0 @7"#, #"rpc_bucket{le="+Inf"} 144320.0 @7"#, "rpc_sum 53423000.0 @7",
                "after -inf @7",
            ])
        #expect(try decode("").isEmpty)
    }

    private static let openMetrics = """
        # TYPE foo counter
        foo_total{a="#} 1"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67
        foo_created 1520430000.123
        bar_bucket{le="0.01"} 0 # {} 0.004
        # EOF

        """

    @Test func readsOpenMetrics() throws {
        #expect(
            rows(try decode(Self.openMetrics, .openMetrics)) == [
                ##"foo_total{a="#} 1"} 17.0 @1520879607789"##, "foo_created 1520430000.123 @7",
                #"bar_bucket{le="0.01"} 0.0 @7"#,
            ])
    }

    @Test(arguments: [
        ("a 1\nb", "byte 4: line 2: a value expected"),
        ("a 1\n\n# c\nb x", "byte 9: line 4: 'x' is no number: a value expected"),
        ("a{b=\"1\" 1", "byte 0: line 1: '}' expected after the labels"),
        ("a{b} 1", "byte 0: line 1: '=' expected after the label 'b'"),
        ("a{b=1} 1", "byte 0: line 1: a text in double quotes expected"),
        ("a{b=\"1} 1", "byte 0: line 1: a quote is not closed"),
        ("a{b=\"\\", "byte 0: line 1: a quote is not closed"),
        ("a{b=\"1\",b=\"2\"} 1", "byte 0: line 1: label 'b' stands twice"),
        (
            "1a 1",
            "byte 0: line 1: '1a' is no metric name: letters, digits, '_', ':', '.' and '-', not starting with a digit"
        ),
        ("a 1 2 3", "byte 0: line 1: text after the sample"),
        ("a 1 # {} 1", "byte 0: line 1: text after the sample"),
        ("a 1 x", "byte 0: line 1: 'x' is no number: a timestamp expected"),
        ("a 1 1e300", "byte 0: line 1: the timestamp is beyond any calendar"),
    ])
    func saysWhatIsWrong(text: String, message: String) {
        #expect { _ = try decode(text) } throws: { "\($0)" == message }
    }

    @Test(arguments: [
        ("a 1\n", "byte 4: line 1: the text is cut: it does not end in '# EOF'"),
        ("a 1\n# EOF\nb 1\n", "byte 10: line 3: text after '# EOF'"),
    ])
    func openMetricsMustBeWhole(text: String, message: String) {
        #expect { _ = try decode(text, .openMetrics) } throws: { "\($0)" == message }
    }

    @Test func damageNeverTraps() {
        for format in ExpositionFormat.allCases {
            let whole = Array((format == .openMetrics ? Self.openMetrics : Self.prometheus).utf8)
            var read = 0
            for seed in UInt64(0)..<4_000 {
                var random = SplitMix64(seed: seed)
                let bytes = random.damaged(whole)
                let time = Timestamp(millisecondsSinceEpoch: 7)
                guard let batch = try? decodeExposition(bytes[...], format: format, at: time) else { continue }
                read += 1
                #expect(batch.sampleCount <= bytes.count / 3, "seed \(seed)")
                #expect(batch.columns.allSatisfy { $0.values.allSatisfy { !$0.isNaN } }, "seed \(seed)")
            }
            #expect((100..<3_900).contains(read), "\(format)")
        }
    }
}
