import Series
import Testing
import Units
import WireFormats

@Suite struct JSONLinesTests {
    private func decode(_ line: String) throws(LineProblem) -> SampleBatch {
        var batch = SampleBatch()
        try decodeJSONLine(Array(line.utf8)[...], into: &batch)
        return batch
    }

    @Test func readsALineOfTheImportFormat() throws {
        let batch = try decode(
            #" {"metric":{"__name__":"up","job":"a\"\u00e9\ud83d\ude00\n"},"values":[1,-2.5e1,null],"timestamps":[1000,2000,3000],"x":[{"y":true}]} "#
        )
        #expect(batch.keys == [try SeriesKey(metric: "up", labels: [.init(name: "job", value: "a\"é😀\n")])])
        #expect(batch.columns[0].values == [1, -25])
        #expect(batch.columns[0].timestamps.map(\.millisecondsSinceEpoch) == [1_000, 2_000])
    }

    @Test(arguments: [
        ("", "byte 1: '{' expected"),
        ("[]", "byte 1: '{' expected"),
        (#"{"metric":{"__name__":"a"},"values":[1],"timestamps":[1]}x"#, "text after the object"),
        (#"{"values":[1],"timestamps":[1]}"#, "\"metric\" is missing"),
        (#"{"metric":{"__name__":"a"},"timestamps":[1]}"#, "\"values\" is missing"),
        (#"{"metric":{"__name__":"a"},"values":[1]}"#, "\"timestamps\" is missing"),
        (#"{"metric":{"job":"a"},"values":[1],"timestamps":[1]}"#, "__name__"),
        (#"{"metric":{"__name__":"1a"},"values":[1],"timestamps":[1]}"#, "no metric name"),
        (#"{"metric":{"__name__":"a","b c":"1"},"values":[1],"timestamps":[1]}"#, "no label name"),
        (#"{"metric":{"__name__":"a"},"values":[1,2],"timestamps":[1]}"#, "2 values but 1 timestamps"),
        (#"{"metric":{"__name__":"a"},"values":[NaN],"timestamps":[1]}"#, "a finite number expected"),
        (#"{"metric":{"__name__":"a"},"values":[1e999],"timestamps":[1]}"#, "a finite number expected"),
        (#"{"metric":{"__name__":"a"},"values":[0x10],"timestamps":[1]}"#, "']' expected"),
        (#"{"metric":{"__name__":"a"},"values":[1],"timestamps":[1.5]}"#, "whole milliseconds"),
        (#"{"metric":{"__name__":"a"},"values":[1],"timestamps":[1e300]}"#, "whole milliseconds"),
        (#"{"metric":{"__name__":"\ud83d"},"values":[1],"timestamps":[1]}"#, "surrogate"),
        (#"{"metric":{"__name__":"\uZZZZ"},"values":[1],"timestamps":[1]}"#, "hexadecimal"),
        (#"{"metric":{"__name__":"a"#, "'\"' expected"),
    ])
    func saysWhatIsWrong(line: String, message: String) {
        #expect { _ = try decode(line) } throws: { "\($0)".contains(message) }
    }

    @Test func depthIsBounded() {
        let nested = #"{"x":"# + String(repeating: "[", count: 100_000)
        #expect { _ = try decode(nested) } throws: { "\($0)".contains("nested too deeply") }
    }

    /// A line that is cut or damaged anywhere gives an error or some samples, never a trap, and nothing in part.
    @Test func damagedLinesNeverTrapNorGiveAPart() {
        let line = Array(
            #"{"metric":{"__name__":"up","job":"é\u00e9"},"values":[1,2.5,null],"timestamps":[1,2,3]}"#.utf8)
        for seed in UInt64(0)..<3_000 {
            var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
            var damaged = line
            for _ in 0...(seed % 3) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                damaged[Int(state >> 33) % damaged.count] = UInt8(truncatingIfNeeded: state >> 20)
            }
            var batch = SampleBatch()
            let cut = damaged.prefix(seed % 2 == 0 ? damaged.count : Int(state >> 33) % damaged.count)
            let isRead = (try? decodeJSONLine(cut, into: &batch)) != nil
            #expect(isRead || batch.isEmpty, "seed \(seed)")
        }
    }
}
