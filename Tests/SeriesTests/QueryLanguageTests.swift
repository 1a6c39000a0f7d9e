import Series
import Testing
import Units

/// What is read as a query, and what is said of the rest.
@Suite struct QueryLanguageTests {
    /// Two series, one sample each, at the instant that is asked about.
    private func answer(_ text: String) throws -> [String] {
        let query = try Query(parsing: text)
        var run = QueryRun(query, at: try QuerySteps(at: Timestamp(secondsSinceEpoch: 1_000)))
        for (path, code, value) in [("/a", "200", 3.0), ("/a", "500", 1.0), ("/b", "200", 8.0)] {
            let key = try SeriesKey(
                metric: "requests", labels: [.init(name: "path", value: path), .init(name: "code", value: code)])
            guard query.source?.filter.matches(key) ?? false else { continue }
            try run.add(key, SampleColumns(timestamps: [Timestamp(secondsSinceEpoch: 990)], values: [value]))
        }
        return try run.finish().map { series in
            let labels = series.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            return "\(series.metric ?? ""){\(labels)} \(series.values[0])"
        }
    }

    @Test func selectsAndCalculates() throws {
        let cases = [
            "requests{path=\"/b\"}": ["requests{code=200,path=/b} 8.0"],
            "requests{path!=\"/a\"}": ["requests{code=200,path=/b} 8.0"],
            "{__name__=~\"req.*\",code=~\"2..\",path!~'/b'}": ["requests{code=200,path=/a} 3.0"],
            "requests{zone=\"\",code='500',}": ["requests{code=500,path=/a} 1.0"],
            "requests{zone!=\"\"}": [],
            "sum(requests)": ["{} 12.0"],
            "sum by (path) (requests)": ["{path=/a} 4.0", "{path=/b} 8.0"],
            "sum(requests) by (code)": ["{code=200} 11.0", "{code=500} 1.0"],
            "avg without (path, code) (requests)": ["{} 4.0"],
            "max(requests)": ["{} 8.0"], "min(requests)": ["{} 1.0"], "COUNT(requests)": ["{} 3.0"],
            "count(sum by (path) (requests))": ["{} 2.0"],
            "sum by (__name__) (requests)": ["requests{} 12.0"],
            "requests{code=\"500\"} * 2 + 1": ["{code=500,path=/a} 3.0"],
            "12 / requests{path=\"/a\",code=\"200\"}": ["{code=200,path=/a} 4.0"],
            "-sum(requests) - -2": ["{} -10.0"],
            "(1 + 2) * sum(requests) / 6 # of all": ["{} 6.0"],
            "1 + 2 * 3 - 4 / 2": ["{} 5.0"], "0x10 + 1e1 + Inf": ["{} inf"], "5m": ["{} 300.0"],
            "requests{path=\"\\u002Fb\"}": ["requests{code=200,path=/b} 8.0"],
            "requests{path=`/b`}": ["requests{code=200,path=/b} 8.0"],
        ]
        for (query, expected) in cases { #expect(try answer(query) == expected, "\(query)") }
    }

    @Test func whatIsNotUnderstoodIsNamed() {
        let only = "only selectors, rate, increase, sum, avg, min, max, count and arithmetic with numbers are"
        let cases = [
            "": "character 1: a selector, function or number expected, found the end",
            "histogram_quantile(0.9, x)": "character 1: 'histogram_quantile()' is not supported; \(only)",
            "topk(3, x)": "character 1: 'topk()' is not supported; \(only)",
            "a / b": "character 3: '/' between two series is not supported; \(only)",
            "a == 1": "character 3: '==' is not supported; \(only)",
            "(a > 1)": "character 4: '>' is not supported; \(only)",
            "a and b": "character 3: 'and' is not supported; \(only)",
            "a offset 5m": "character 3: 'offset' is not supported; \(only)",
            "a @ 3": "character 3: '@' is not supported; \(only)",
            "a[5m]": "character 2: '[' is not supported; \(only)",
            "2 ^ 3": "character 3: '^' is not supported; \(only)",
            "rate(a[1h:5m])": "character 10: a subquery, [range:step], is not supported; \(only)",
            "rate(a)": "character 7: a window in brackets expected, as in [5m], found ')'",
            "rate(a[0s])": "character 8: a duration above zero expected, as in 5m, found '0s'",
            "rate(a[5q])": "character 8: a duration above zero expected, as in 5m, found '5q'",
            "rate(sum(a)[5m])": "character 9: a window in brackets expected, as in [5m], found '('",
            "sum(1)": "character 1: 'sum' needs series, not a number",
            "sum(a": "character 6: ')' expected, found the end",
            "a{b}": "character 4: =, !=, =~ or !~ expected, found '}'",
            "a{b=1}": "character 5: a quoted value expected, found '1'",
            "a{b=\"1}": "character 5: the quote is not closed",
            "a{b=\"\\d\"}": "character 7: unknown escape '\\d'; write '\\\\' for a backslash",
            "a{b=~\"(\"}": "character 6: '(': a '(' without its ')'",
            "a{__name__=\"b\"}": "character 12: the metric's name only once expected, found 'b'",
            "{}": "character 1: a selector must name a metric or a label that is not empty",
            "{a=~\".*\"}": "character 1: a selector must name a metric or a label that is not empty",
            "a b": "character 3: the end of the query expected, found 'b'",
            "\"text\"": "character 1: a text as a value is not supported; \(only)",
            "1.2.3": "character 1: a number expected, found '1.2.3'",
            String(repeating: "(", count: 70) + "1": "the query is nested too deeply",
            String(repeating: "a", count: 65_537): "the query is over 65536 bytes",
        ]
        for (query, problem) in cases {
            do {
                _ = try Query(parsing: query)
                Issue.record("'\(query.prefix(40))' must be refused")
            } catch {
                #expect(error == QueryError(.badData, problem), "\(query.prefix(40))")
            }
        }
    }

    /// Any text is read or refused; none is a trap.
    @Test func randomTextsDoNoHarm() {
        let words = [
            "rate", "sum", "by", "(", ")", "[", "]", "{", "}", "5m", "a", "=~", "\"x.*\"", ",", "1e", "-", "+", "/",
            "é",
            "\\", "'", "#", "\n", "inf", "without", ":", "0x", "..",
        ]
        var read = 0
        for seed in UInt64(0)..<3_000 {
            var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
            let text = (0..<12).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return words[Int(state >> 33) % words.count]
            }.joined(separator: seed % 2 == 0 ? " " : "")
            if (try? Query(parsing: text)) != nil { read += 1 }
        }
        #expect(read < 3_000, "most of these make no sense")
    }

    @Test func durations() {
        let cases: [String: Int64?] = [
            "5m": 300_000, "1h30m": 5_400_000, "500ms": 500, "1y": 31_536_000_000, "15": 15_000, "0.5": 500,
            "1w2d3h4m5s6ms": 788_645_006, "": nil, "m": nil, "5m1h": nil, "5m5m": nil, "5 m": nil, "-5m": nil,
            "nan": nil, "1e300": nil, "200y": nil, "99999999999999999999s": nil, "9223372036854775807y": nil,
        ]
        for (text, expected) in cases { #expect(queryDuration(text) == expected, "\(text)") }
    }

    @Test func stepsAreCountedAndBounded() throws {
        func steps(_ start: Int, _ end: Int, _ step: Int64) throws -> QuerySteps {
            try QuerySteps(
                from: Timestamp(secondsSinceEpoch: start), to: Timestamp(secondsSinceEpoch: end), step: step)
        }
        let seven = try steps(7, 100, 15_000)
        #expect(seven.count == 7 && seven[0] == 7_000 && seven.last == 97_000, "from the start on, not from midnight")
        #expect(try steps(0, 11_000, 1_000).count == 11_001)
        for (start, end, step) in [(0, 11_001, 1_000), (0, 1, 0), (0, 1, -1), (1, 0, 1_000)] as [(Int, Int, Int64)] {
            #expect(throws: QueryError.self) { _ = try steps(start, end, step) }
        }
        let far = Timestamp(millisecondsSinceEpoch: .max)
        #expect(throws: QueryError.self) { _ = try QuerySteps(at: far) }
    }
}
