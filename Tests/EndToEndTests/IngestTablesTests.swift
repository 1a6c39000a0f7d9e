import Foundation
import TestSupport
import Testing

/// `forecast ingest` of wide tables and of tables of events.
@Suite struct IngestTablesTests {
    @Test func wideTablesBecomeSeries() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path, file = directory.appending(path: "wide.csv")
            try "series,app,t0,t1,t2\na,x,1,,3\nb,y,0,5,\n".write(to: file, atomically: true, encoding: .utf8)
            let place = ["--db", db, "--metric", "cpu", "--start", "1970-01-01T00:10:00Z", "--step", "5m"]
            let zipped = try await BuiltBinary.run("gzip", ["-k", file.path])
            #expect(zipped.status == 0)
            let told = try await succeed(["ingest", file.path + ".gz"] + place)
            #expect(told.contains("4 new samples, 0 replaced, 0 unchanged, 2 series"), "\(told)")
            let again = try await BuiltBinary.run(["ingest", "-"] + place, input: file)
            #expect(again.output.contains("0 new samples, 0 replaced, 4 unchanged"), "\(again)")
            try await succeed(["ingest", file.path, "--by", "app", "--label", "job=z"] + place)
            let exported = try await succeed(["store", "export", "--db", db])
            #expect(
                exported == """
                    {"metric":{"__name__":"cpu","app":"x","job":"z","series":"a"},"values":[1,3],"timestamps":[600000,1200000]}
                    {"metric":{"__name__":"cpu","app":"y","job":"z","series":"b"},"values":[0,5],"timestamps":[600000,900000]}
                    {"metric":{"__name__":"cpu","series":"a"},"values":[1,3],"timestamps":[600000,1200000]}
                    {"metric":{"__name__":"cpu","series":"b"},"values":[0,5],"timestamps":[600000,900000]}

                    """)
        }
    }

    @Test func eventsAreCountedAndSummed() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "e.csv"), rest = directory.appending(path: "f.csv")
            try "at,queue,size\n125000,a,3\n5000,b,4\n".write(to: file, atomically: true, encoding: .utf8)
            try "size,at,queue\n9,1000,b\nx\n".write(to: rest, atomically: true, encoding: .utf8)
            let db = directory.appending(path: "a.db").path
            let meaning = ["--time-column", "at", "--time-unit", "ms", "--db", db]
            let files = [file.path, rest.path, "--skip-bad"]
            let told = try await succeed(["ingest"] + files + ["--by", "queue", "--metric", "n"] + meaning)
            #expect(told.contains("3 events, 6 new samples, 0 replaced, 0 unchanged, 2 series"), "\(told)")
            #expect(told.contains("1 bad line left out; the first: \(rest.path):3: 1 column; the header has 3"))
            try await succeed(
                ["ingest"] + files + ["--metric", "s", "--value", "size", "--every", "2m", "--format", "events"]
                    + meaning)
            let exported = try await succeed(["store", "export", "--db", db])
            #expect(
                exported == """
                    {"metric":{"__name__":"n","queue":"a"},"values":[0,0,1],"timestamps":[0,60000,120000]}
                    {"metric":{"__name__":"n","queue":"b"},"values":[2,0,0],"timestamps":[0,60000,120000]}
                    {"metric":{"__name__":"s"},"values":[13,3],"timestamps":[0,120000]}

                    """)
        }
    }

    @Test(
        arguments: [
            (
                "series,t0,t1\na,1,2\n", [],
                "t.csv:1: a table of a series a row in 2 columns: say with --start when t0 is"
            ),
            ("at,b\n1,2\n", [], "t.csv:1: the header must name the columns timestamp and value"),
            ("at,b\n1,2\n", [], "--format events reads a table of an event a row"),
            ("at,b\n1,2\n", ["--format", "events"], "t.csv:1: say with --time-column where the time stands: at, b"),
            ("at,b\n1,2\nx,2\n", ["--time-column", "at"], "t.csv:3: 'x' is no time"),
            ("at,b\n1,2\n1e12,2\n", ["--time-column", "at"], "too many; check their times"),
            ("at,b\n", ["--time-column", "at"], "no events in it"),
            ("timestamp,value\n1,2\n", ["--by", "value"], "--by says nothing of a file of format csv"),
            ("series,t0\na,x\n", ["--start", "0", "--step", "1m"], "t.csv:2: t0: 'x' is no finite number"),
        ] as [(String, [String], String)])
    func mistakesSayWhatIsNeeded(text: String, options: [String], message: String) async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "t.csv"), db = directory.appending(path: "a.db").path
            try text.write(to: file, atomically: true, encoding: .utf8)
            let outcome = try await BuiltBinary.run(["ingest", file.path, "--db", db, "--metric", "m"] + options)
            #expect(outcome.status == 1 && outcome.errors.contains(message), "\(outcome)")
            #expect(!FileManager.default.fileExists(atPath: db))
        }
    }

    /// Every public trace that lies beside the checkout, against the sums of its manifest, or of the file's last column.
    /// The long ones only with `PREWARM_ALL_TRACES=1`: they would keep the machine from the tests beside them.
    @Test(.enabled(if: SharedData.isPresent), .timeLimit(.minutes(5)))
    func everyPublicTraceKeepsItsSum() async throws {
        let traces = try JSONDecoder().decode(
            [Trace].self, from: Data(contentsOf: SharedData.data("manifest.json")))
        var seen = 0
        let isComplete = ProcessInfo.processInfo.environment["PREWARM_ALL_TRACES"] != nil
        for trace in traces where FileManager.default.fileExists(atPath: trace.path) {
            guard isComplete || trace.n_rows < 60_000 else { continue }
            seen += 1
            try await withTemporaryDirectory { directory in
                let db = directory.appending(path: "a.db").path
                try await succeed(["ingest", trace.path, "--db", db, "--metric", "m"] + trace.options)
                let output = directory.appending(path: "all.jsonl")
                try await succeed(["store", "export", "--db", db, "--output", output.path])
                let sum = try valueSum(of: output), wanted: Double
                if let known = trace.sum { wanted = known } else { wanted = try await lastColumnSum(of: trace.path) }
                #expect(abs(sum - wanted) <= 1e-9 * abs(wanted), "\(trace.name): \(sum) and not \(wanted)")
            }
        }
        #expect(seen >= (isComplete ? 30 : 20))
    }

    private func lastColumnSum(of path: String) async throws -> Double {
        let text = try await BuiltBinary.run("zcat", [path]).output
        return text.split(separator: "\n").dropFirst().reduce(0) { sum, line in
            sum + (line.split(separator: ",", omittingEmptySubsequences: false).last.flatMap { Double($0) } ?? 0)
        }
    }

    private func valueSum(of file: URL) throws -> Double {
        var sum = 0.0
        for line in try Data(contentsOf: file).split(separator: 10) {
            let marks = try (
                #require(line.firstRange(of: Data(#""values":["#.utf8))), #require(line.firstIndex(of: 93))
            )
            for number in line[marks.0.upperBound..<marks.1].split(separator: 44) {
                sum += try #require(Double(String(decoding: number, as: UTF8.self)))
            }
        }
        return sum
    }
}

/// An entry of the manifest of public traces.
private struct Trace: Decodable {
    let name: String, kind: String, start: String
    let step_s: Int?, total: Double?, n_rows: Int
    let columns: [String]?

    var path: String { SharedData.data(name + ".csv.gz").path }
    /// Events are counted, so that their sum is the number of their rows.
    var sum: Double? { kind == "events" ? Double(n_rows) : total }

    var options: [String] {
        switch kind {
        case "wide": return ["--start", start, "--step", "\(step_s ?? 0)s"]
        case "events":
            let times = ["timestamp", "timestamp_ms", "creation_time"]
            let by = (columns ?? []).filter { ["model", "series"].contains($0) }.flatMap { ["--by", $0] }
            return [
                "--format", "events", "--every", "10m", "--time-column",
                times.first { columns?.contains($0) ?? false } ?? "",
            ] + by
        default: return []
        }
    }
}
