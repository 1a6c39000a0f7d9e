import Kernels
import Series
import Testing
import Units
import WireFormats

@Suite struct AccessLogTests {
    private func parse(_ line: String) throws(LineProblem) -> AccessLogEntry {
        try AccessLogEntry(parsing: Array(line.utf8)[...])
    }

    private static let common =
        #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?a=b HTTP/1.0" 200 2326"#
    private static let combined = common + #" "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)""#

    @Test func readsCommonAndCombined() throws {
        for line in [Self.common, Self.combined, "shop.example:443 " + Self.combined + " 0.003"] {
            let entry = try parse(line)
            #expect("\(entry.time)" == "2000-10-10T20:55:36Z")
            #expect(
                entry.method == "GET" && entry.route == "/apache_pb.gif" && entry.status == 200 && entry.bytes == 2_326)
        }
    }

    @Test(arguments: [
        (#"GET /a#b HTTP/1.1"#, "GET", "/a"), (#"POST http://h:80/p/q?x HTTP/1.1"#, "POST", "/p/q"),
        (#"GET http://h HTTP/1.1"#, "GET", "/"), (#"GET /old"#, "GET", "/old"),
        (#"OPTIONS * HTTP/1.1"#, "OPTIONS", "*"),
        (#"GET /say" 12 "hi HTTP/1.0"#, "GET", #"/say""#), (#"GET /a\"b HTTP/1.0"#, "GET", #"/a\"b"#),
        (#"GET /a?u=http://b HTTP/1.0"#, "GET", "/a"), ("-", "", ""), ("", "", ""), (#"\x16\x03\x01 a"#, "", ""),
    ])
    func requests(request: String, method: String, route: String) throws {
        let entry = try parse("h - - [01/Jan/2024:00:00:00 +0000] \"\(request)\" 404 -")
        #expect(entry.method == method && entry.route == route && entry.bytes == nil && entry.status == 404)
    }

    @Test(arguments: [
        ("", "no time in brackets"), ("h - - [10/Oct/2000", "no time in brackets"),
        ("h - - [10/Okt/2000:13:55:36 -0700] \"\" 200 1", "'10/Okt/2000:13:55:36 -0700' is no time of the form"),
        ("h - - [31/Feb/2000:13:55:36 -0700] \"\" 200 1", "is no time of the form"),
        ("h - - [10/Oct/2000:13:55:36 -0700] GET / 200 1", "no request in double quotes"),
        ("h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 20 1", "no request in double quotes"),
        ("h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200", "no size after the status"),
        ("h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200 x", "'x' is no size in bytes"),
    ])
    func saysWhatIsWrong(line: String, message: String) {
        #expect { _ = try parse(line) } throws: { "\($0)".contains(message) }
    }

    private func line(_ time: String, _ route: String, _ status: Int = 200) -> ArraySlice<UInt8> {
        Array("h - - [01/Jan/1970:\(time) +0000] \"GET \(route) HTTP/1.1\" \(status) 1\r".utf8)[...]
    }

    @Test func countsByRouteAndStep() throws {
        var counter = AccessLogCounter(step: 60, maximumRoutes: 2)
        for (time, route, status) in [
            ("00:03:59", "/b?1", 200), ("00:00:30", "/probe", 404), ("00:01:00", "/a", 500), ("00:01:59", "/b", 200),
            ("00:01:20", "/c", 200), ("00:03:00", "/b", 404), ("00:03:00", "/probe", 404),
        ] { counter.count(line(time, route, status)) }
        counter.count(Array("rubbish".utf8)[...])
        counter.count([])
        #expect(counter.lines == 9 && counter.malformedLines == 1)
        #expect(counter.firstProblem?.line == 8 && counter.firstProblem?.problem == "no time in brackets")
        let batch = try counter.samples(metric: "hits", labels: [.init(name: "host", value: "x")])
        #expect(batch.keys.map { $0.value(of: "route") } == ["other", "/b", "/a"])
        #expect(batch.keys.allSatisfy { $0.value(of: "host") == "x" && $0.metric == "hits" })
        #expect(batch.columns.map(\.values) == [[1, 1, 0, 1], [0, 1, 0, 2], [0, 1, 0, 0]])
        #expect(batch.columns[0].timestamps.map(\.millisecondsSinceEpoch) == [0, 60_000, 120_000, 180_000])
        let inner = try counter.samples(metric: "hits", wholeStepsOnly: true)
        #expect(inner.columns.map(\.values) == [[1, 0], [1, 0], [1, 0]])
    }

    @Test func aWrongYearIsRefusedAndNotFilledWithZeros() {
        var counter = AccessLogCounter(step: 1)
        counter.count(line("00:00:00", "/a"))
        counter.count(Array("h - - [01/Jan/2070:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 1".utf8)[...])
        #expect { _ = try counter.samples(metric: "hits") } throws: { "\($0)".contains("3155760001 steps of 1 s") }
        #expect(throws: LineProblem.self) { _ = try counter.samples(metric: "no good") }
        #expect((try? AccessLogCounter(step: 1).samples(metric: "hits"))?.isEmpty == true)
    }

    @Test func cellsOverAllRoutesAreBounded() throws {
        for (bound, isEnough) in [(19, false), (20, true)] {
            var counter = AccessLogCounter(step: 60, maximumCells: bound)
            counter.count(line("00:00:00", "/a"))
            counter.count(line("00:09:00", "/a"))
            #expect(((try? counter.samples(metric: "hits")) != nil) == isEnough)
        }
    }

    /// Whatever the lines, nothing is counted twice or lost.
    @Test func countsAddUp() throws {
        for seed in UInt64(0)..<100 {
            var random = SplitMix64(seed: seed)
            var counter = AccessLogCounter(step: 1 + random.below(100), maximumRoutes: random.below(6))
            let lines = random.below(200)
            for _ in 0..<lines {
                let time = "0\(random.below(3)):1\(random.below(9)):0\(random.below(9))"
                counter.count(line(time, "/r\(random.below(9))", [200, 404][random.below(2)]))
            }
            let batch = try counter.samples(metric: "hits")
            #expect(batch.columns.reduce(0) { $0 + $1.values.reduce(0, +) } == Double(lines), "seed \(seed)")
            #expect(Set(batch.columns.map(\.timestamps)).count <= 1, "seed \(seed)")
        }
    }

    @Test func damageNeverTraps() {
        var counter = AccessLogCounter(step: 60, maximumRoutes: 50)
        for seed in UInt64(0)..<8_000 {
            var random = SplitMix64(seed: seed)
            counter.count(random.damaged(Array(Self.combined.utf8))[...])
        }
        #expect((100..<7_900).contains(counter.malformedLines) && counter.lines == 8_000)
    }
}
