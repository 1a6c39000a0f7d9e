import Kernels
import Series
import Testing
import Units
import WireFormats

/// Tables of a series a row, and of an event a row.
@Suite struct TableTests {
    private static let key = try? SeriesKey(metric: "m", labels: [.init(name: "job", value: "a")])
    private static let grid = WideGrid(start: Timestamp(secondsSinceEpoch: 1_000), step: 300)

    // MARK: Wide

    @Test func aRowIsASeriesAndAnEmptyFieldAGap() throws {
        let key = try #require(Self.key)
        var decoder = try WideCSVDecoder(
            header: bytes("region,series,ms,t0,t1,t2"), grid: Self.grid, key: key, by: ["region"])
        var batch = SampleBatch()
        try decoder.decode(bytes("eu,\"x,y\",9,1,,3.5"), into: &batch)
        try decoder.decode(bytes("us,\"x,y\",9,,,"), into: &batch)
        try decoder.decode(bytes(",z,9,0,,"), into: &batch)
        #expect(batch.keys.map(\.description) == [#"m{job="a",region="eu",series="x,y"}"#, #"m{job="a",series="z"}"#])
        #expect(batch.columns[0].timestamps.map(\.secondsSinceEpoch) == [1_000, 1_600])
        #expect(batch.columns.map(\.values) == [[1, 3.5], [0]])
    }

    @Test(arguments: [
        ("series,a,b", "x,1,2", "needs the columns t0, t1, …"),
        ("series,t0,t1,t3", "x,1,2,3", "needs the columns t0, t1, …"),
        ("t1,series,t0", "1,x,2", "needs the columns t0, t1, …"),
        ("series,t0,t1", "x,1", "2 columns; the header has 3"),
        ("series,t0,t1", "x,1,inf", "t1: 'inf' is no finite number"),
        ("series,t0,t1", "a,1,2", #"m{job="a",series="a"} was in a row before it"#),
        ("t0,t1", "1,2", #"m{job="a"} was in a row before it"#),
    ])
    func badWideRowsAreNamedAndLeaveNothing(header: String, row: String, message: String) throws {
        let key = try #require(Self.key)
        var batch = SampleBatch()
        #expect {
            var decoder = try WideCSVDecoder(header: bytes(header), grid: Self.grid, key: key)
            try decoder.decode(bytes(header.hasPrefix("s") ? "a,5,6" : "5,6"), into: &batch)
            try decoder.decode(bytes(row), into: &batch)
        } throws: {
            "\($0)".contains(message)
        }
        #expect(batch.columns.allSatisfy { $0.values == [5, 6] })
    }

    // MARK: Events

    @Test func timesAreReadAsTheyAreMeant() throws {
        let cases: [(String, String, EventColumns, Int64)] = [
            ("timestamp,x", "1970-01-01T00:01:00.5Z,1", EventColumns(), 60_500),
            ("timestamp,x", "60.5,1", EventColumns(), 60_500),
            ("x,timestamp_ms", "1,60500.9", EventColumns(), 60_500),
            ("x,at", "1,60500", meaning { ($0.time, $0.unit) = ("at", .milliseconds) }, 60_500),
            ("x,at", "1,-0.5", meaning { ($0.time, $0.unit) = ("at", .milliseconds) }, -1),
            ("x,at", "1,60", meaning { ($0.time, $0.start) = ("at", Timestamp(secondsSinceEpoch: 100)) }, 160_000),
        ]
        let key = try #require(Self.key)
        for (header, row, meaning, milliseconds) in cases {
            let decoder = try EventCSVDecoder(header: bytes(header), meaning, key: key)
            #expect(try decoder.decode(bytes(row)) == EventRow(key: key, milliseconds: milliseconds, value: 1))
        }
    }

    @Test(arguments: [
        ("a,b", "1,2", "say with --time-column where the time stands: a, b"),
        ("timestamp,b", "soon,2", "'soon' is no time: ISO-8601 or seconds"),
        ("timestamp_ms,b", "2026-01-01,2", "'2026-01-01' is no time in ms"),
        ("timestamp_ms,b", "1e300,2", "'1e300' is no time in ms"),
        ("timestamp_ms,b", "nan,2", "'nan' is no time in ms"),
        ("timestamp,b", "1", "1 column; the header has 2"),
    ])
    func badEventsAreNamed(header: String, row: String, message: String) throws {
        let key = try #require(Self.key)
        #expect {
            _ = try EventCSVDecoder(header: bytes(header), EventColumns(), key: key).decode(bytes(row))
        } throws: {
            "\($0)".contains(message)
        }
    }

    @Test func unknownColumnsAreNamed() throws {
        let key = try #require(Self.key)
        for meaning in [meaning { $0.by = ["c"] }, meaning { $0.value = "c" }, meaning { $0.time = "c" }] {
            #expect {
                _ = try EventCSVDecoder(header: bytes("timestamp,b"), meaning, key: key)
            } throws: {
                "\($0)" == "no column 'c'; there are: timestamp, b"
            }
        }
    }

    /// Against a count by the plainest means, for events in any order.
    @Test func countsAndSumsAgreeWithAPlainCount() throws {
        let key = try #require(Self.key)
        for seed in UInt64(1)...30 {
            var random = SplitMix64(seed: seed)
            let decoder = try EventCSVDecoder(
                header: bytes("at,kind,size"),
                meaning { ($0.time, $0.by, $0.value) = ("at", ["kind"], seed % 2 == 0 ? "size" : nil) }, key: key)
            var counter = EventCounter(every: 10)
            var plain: [String: [Int: Double]] = [:]
            var rows: Set<Int> = []
            for _ in 0..<200 {
                let at = Int.random(in: -250..<250, using: &random), kind = "k\(Int.random(in: 0..<4, using: &random))",
                    size = Double(Int.random(in: 0..<9, using: &random))
                try counter.count(decoder.decode(bytes("\(at),\(kind),\(Int(size))")))
                let row = Int((Double(at) / 10).rounded(.down))
                plain[kind, default: [:]][row, default: 0] += seed % 2 == 0 ? size : 1
                rows.insert(row)
            }
            let (first, last) = (try #require(rows.min()), try #require(rows.max()))
            #expect(try counter.steps() == last - first + 1 && counter.keys.count == plain.count)
            for (number, key) in counter.keys.enumerated() {
                let kind = try #require(key.labels.first { $0.name == "kind" }?.value)
                let samples = counter.samples(of: number)
                #expect(samples.timestamps.first == Timestamp(secondsSinceEpoch: first * 10))
                #expect(samples.values == (first...last).map { plain[kind]?[$0] ?? 0 }, "seed \(seed)")
            }
        }
    }

    @Test func whatIsHeldIsBounded() throws {
        var limits = EventCounter.Limits()
        (limits.series, limits.filled, limits.samples) = (2, 3, 100)
        var counter = EventCounter(every: 1, limits: limits)
        func event(_ name: String, _ second: Int64, _ value: Double = 1) throws -> EventRow {
            let key = try SeriesKey(metric: name)
            return EventRow(key: key, milliseconds: second * 1_000, value: value)
        }
        try counter.count(event("a", 0))
        try counter.count(event("b", 1))
        #expect(throws: LineProblem("over 2 series; name fewer columns with --by")) { try counter.count(event("c", 1)) }
        try counter.count(event("b", 2, 1e308))
        #expect(throws: LineProblem.self) { try counter.count(event("b", 2, 1e308)) }
        #expect(throws: LineProblem.self) { try counter.count(event("b", 3)) }
        try counter.count(event("b", 1))
        #expect(try counter.steps() == 3 && counter.events == 4)
        var far = EventCounter(every: 1, limits: limits)
        try far.count(event("a", 0))
        try far.count(event("a", 100))
        #expect { _ = try far.steps() } throws: { "\($0)".contains("span 101 steps of 1 s in 1 series: too many") }
    }

    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    private func meaning(_ change: (inout EventColumns) -> Void) -> EventColumns {
        var meaning = EventColumns()
        change(&meaning)
        return meaning
    }
}
