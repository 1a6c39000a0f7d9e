import Kernels
import Series
import Testing
import Units
import WireFormats

@Suite struct StatsDTests {
    private func parse(_ line: String) throws(LineProblem) -> StatsDMetric {
        try StatsDMetric(parsing: Array(line.utf8)[...])
    }

    @Test func readsLines() throws {
        let counter = try parse("api.v1-hits:2|c|@0.1|#env:prod,beta,url:http://x|c:abc|T1656581400")
        #expect("\(counter.key)" == #"api_v1_hits{beta="true",env="prod",url="http://x"}"#)
        #expect(counter.kind == .count && counter.values == [20])
        #expect(try parse("g:-3.5|g").kind == .levelChange && parse("g:-3.5|g").values == [-3.5])
        #expect(try parse("g:3|g").kind == .level && parse("g:+3|g").kind == .levelChange)
        #expect(try parse("t:1:2:3.5|ms|@0.5").values == [1, 2, 3.5])
        #expect(try parse("t:1|h|@0.5").kind == .timing(weight: 2))
        #expect(try parse("u:anna|s").values == parse("u:anna|s").values)
        #expect(try parse("u:anna|s").values != parse("u:bert|s").values)
    }

    @Test(arguments: [
        ("", "'' is not of the form name:value|type"), ("a:1", "'a:1' is not of the form name:value|type"),
        ("a|c", "'a|c' is not of the form name:value|type"), ("a:1|x", "'x' is no metric type: c, g, ms, h, d or s"),
        ("a:|c", "'' is no finite number"), ("a:1e400|c", "'1e400' is no finite number"),
        ("a:nan|g", "'nan' is no finite number"), ("a:1|c|@0", "the sample rate '@0' is not above 0 and at most 1"),
        ("a:1|c|@2", "the sample rate '@2' is not above 0 and at most 1"),
        (
            ":1|c",
            "'' is no metric name: letters, digits, '_', ':', '.' and '-', not starting with a digit"
        ),
    ])
    func saysWhatIsWrong(line: String, message: String) {
        #expect { _ = try parse(line) } throws: { "\($0)" == message }
    }

    private func add(_ text: String, to aggregator: inout StatsDAggregator) {
        aggregator.add(datagram: Array(text.utf8)[...])
    }

    private func flushed(_ aggregator: inout StatsDAggregator, at time: Int64 = 1) -> [String] {
        rows(aggregator.flush(at: Timestamp(millisecondsSinceEpoch: time)))
    }

    @Test func aggregatesByInterval() {
        var aggregator = StatsDAggregator()
        add("c:1|c\nc:2|c|@0.5\r\nc:4|c|#a:b\n\ng:10|g\ng:-4|g\ng:+1|g", to: &aggregator)
        add("t:10|ms|@0.1\nt:30|ms\ns:x|s\ns:y|s\ns:x|s", to: &aggregator)
        #expect(
            flushed(&aggregator) == [
                "c 5.0 @1", #"c{a="b"} 4.0 @1"#, "g 7.0 @1", "s 2.0 @1", "t_count 11.0 @1", "t_sum 130.0 @1",
            ])
        add("c:1|c\ng:-1|g", to: &aggregator)
        #expect(
            flushed(&aggregator, at: 2) == [
                "c 1.0 @2", #"c{a="b"} 0.0 @2"#, "g 6.0 @2", "s 0.0 @2", "t_count 0.0 @2", "t_sum 0.0 @2",
            ])
    }

    @Test func wrongLinesAndChangedTypesAreCounted() {
        var aggregator = StatsDAggregator()
        add("nonsense\nc:1|c\nc:5|g\nx:1|zz", to: &aggregator)
        #expect(aggregator.malformedLines == 2 && aggregator.droppedMetrics == 1)
        #expect(aggregator.firstProblem == "'nonsense' is not of the form name:value|type")
        #expect(flushed(&aggregator) == ["c 1.0 @1"])
        #expect(aggregator.malformedLines == 0 && aggregator.droppedMetrics == 0 && aggregator.firstProblem == nil)
    }

    @Test func everythingIsBounded() {
        var aggregator = StatsDAggregator(maximumSeries: 2, maximumMembers: 3, forgetAfter: 2)
        add("a:1|c\nb:1|s\nc:1|c\nb:2:3:4:5|s", to: &aggregator)
        #expect(aggregator.seriesCount == 2 && aggregator.droppedMetrics == 1)
        #expect(flushed(&aggregator) == ["a 1.0 @1", "b 3.0 @1"])
        #expect(flushed(&aggregator) == ["a 0.0 @1", "b 0.0 @1"])
        #expect(flushed(&aggregator).count == 2)
        #expect(aggregator.seriesCount == 0 && flushed(&aggregator).isEmpty)
    }

    @Test func damageNeverTraps() {
        let whole = Array("a.b:1|c|@0.5|#x:y,z\nt:1:2|ms\ng:-1|g\ns:é|s|#é:ü".utf8)
        var aggregator = StatsDAggregator(maximumSeries: 500)
        var wrong = 0
        for seed in UInt64(0)..<5_000 {
            var random = SplitMix64(seed: seed)
            aggregator.add(datagram: random.damaged(whole)[...])
            guard seed % 100 == 99 else { continue }
            wrong += aggregator.malformedLines
            #expect(aggregator.flush(at: Timestamp(millisecondsSinceEpoch: 1)).sampleCount <= 1_000)
        }
        #expect(wrong > 100)
    }
}
