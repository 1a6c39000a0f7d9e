import Foundation
import InputFiles
import Series
import TestSupport
import Testing
import Units

@Suite struct SampleFileTests {
    @Test func readsCSVInBatchesAndTellsTheSeriesApart() async throws {
        let text = "series,timestamp,value\na,0,1\nb,0,10\na,60,\nb,60,20\na,120,3\n"
        let (batches, bad) = try await read(text, name: "t.csv", batchSize: 2)
        #expect(batches.map(\.sampleCount) == [2, 2] && bad.isEmpty)
        #expect(batches[0].keys.map(\.description) == [#"m{job="x",series="a"}"#, #"m{job="x",series="b"}"#])
        // The empty field is a gap and no sample.
        #expect(batches[1].columns.map(\.values) == [[20], [3]])
    }

    @Test func formatIsToldByNameOrContent() async throws {
        let json = #"{"metric":{"__name__":"up"},"values":[1],"timestamps":[1000]}"# + "\n\n"
        for name in ["t.jsonl", "t.ndjson", "t.txt"] {
            let (batches, _) = try await read(json, name: name)
            #expect(batches.first?.keys.first?.metric == "up", "\(name)")
        }
        let (batches, _) = try await read("timestamp,value\n0,1\n", name: "t.txt")
        #expect(batches.first?.keys.first?.metric == "m")
    }

    @Test func badLinesAreNamedOrLeftOut() async throws {
        let text = "timestamp,value\n0,1\n60,x\n30,2\n10,3\n90,4\n"
        await #expect { _ = try await read(text, name: "t.csv", skipsBad: false) } throws: {
            "\($0)".hasSuffix("t.csv:3: 'x' is no finite number; leave the field empty where it is unknown")
        }
        let (batches, bad) = try await read(text, name: "t.csv")
        #expect(batches.first?.columns.first?.values == [1, 2, 4])
        #expect(bad.map(\.line) == [3, 5])
    }

    @Test(arguments: [("", "the file is empty"), ("timestamp,value\n", "no samples in it"), ("a,b\n1,2\n", "t.csv:1:")])
    func emptyFilesAreRefused(text: String, message: String) async {
        await #expect { _ = try await read(text, name: "t.csv") } throws: { "\($0)".contains(message) }
    }

    @Test func csvNeedsAMetric() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "t.csv").path
            try "timestamp,value\n0,1\n".write(toFile: path, atomically: true, encoding: .utf8)
            #expect { _ = try SampleFile(path: path, format: nil, key: nil) } throws: { "\($0)".contains("--metric") }
        }
    }

    private func read(
        _ text: String, name: String, batchSize: Int = 100, skipsBad: Bool = true
    ) async throws -> (batches: [SampleBatch], bad: [InputError]) {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: name).path
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let key = try SeriesKey(metric: "m", labels: [.init(name: "job", value: "x")])
            var batches: [SampleBatch] = []
            var bad: [InputError] = []
            try await SampleFile(path: path, format: nil, key: key).read(batchSize: batchSize) { error in
                guard skipsBad else { throw error }
                bad.append(error)
            } onBatch: {
                batches.append($0)
            }
            return (batches, bad)
        }
    }
}
