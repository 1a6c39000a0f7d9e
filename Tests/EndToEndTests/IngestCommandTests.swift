import Foundation
import TestSupport
import Testing

/// `forecast ingest` of every format, from files, gzip and standard input.
@Suite struct IngestCommandTests {
    private static let openMetrics = "# TYPE a counter\na_total{x=\"1\"} 5 100\na_total{x=\"1\"} 6 160.5\n# EOF\n"

    /// An hour of an access log: in minute m, m requests of one route and one of another; bad lines between.
    private static let accessLog: String = (0..<60).map { minute in
        let time = "10/Oct/2025:13:\(minute < 10 ? "0" : "")\(minute)"
        let lines = (0..<minute).map { second in
            #"10.0.0.1 - - [\#(time):\#(second < 10 ? "0" : "")\#(second) +0000] "GET /a?n=\#(second) HTTP/1.1" 200 512"#
        }
        let other =
            #"10.0.0.1 - bob [\#(time):59 +0000] "POST /b HTTP/1.1" 201 - "https://x.example/" "curl/8 \"q\"""#
        return (lines + [other] + (minute == 7 ? ["not a line"] : [])).map { $0 + "\n" }.joined()
    }.joined()

    @Test func countsAnAccessLogByRoute() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path
            let all = directory.appending(path: "access.log"), lines = Self.accessLog.split(separator: "\n")
            try Self.accessLog.write(to: all, atomically: true, encoding: .utf8)
            let told = try await succeed(["ingest", all.path, "--db", db, "--metric", "hits", "--label", "job=web"])
            #expect(told.contains("1831 lines, 120 new samples, 0 replaced, 0 unchanged, 2 series"), "\(told)")
            #expect(told.contains("1 malformed line left out; the first, line 37:"), "\(told)")
            let exported = try await succeed(["store", "export", "--db", db])
            let counts = (0..<60).map { "\($0)" }.joined(separator: ",")
            #expect(
                exported.contains(#"{"__name__":"hits","job":"web","route":"/a"},"values":[\#(counts)]"#), "\(exported)"
            )

            // In two files, parted within a minute, and read from standard input: the same.
            let parts = [Array(lines[..<700]), Array(lines[700...])].map { $0.map { $0 + "\n" }.joined() }
            let older = directory.appending(path: "access.log.1.gz").path
            try parts[0].write(toFile: String(older.dropLast(3)), atomically: true, encoding: .utf8)
            #expect(try await BuiltBinary.run("gzip", [String(older.dropLast(3))]).status == 0)
            let newer = directory.appending(path: "newer")
            try parts[1].write(to: newer, atomically: true, encoding: .utf8)
            let second = directory.appending(path: "b.db").path
            let outcome = try await BuiltBinary.run(
                ["ingest", older, "-", "--db", second, "--metric", "hits", "--label", "job=web"], input: newer)
            #expect(outcome.status == 0 && outcome.output.contains("standard input: 1831 lines"), "\(outcome)")
            #expect(try await succeed(["store", "export", "--db", second]) == exported)
        }
    }

    @Test func readsExpositionText() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "m.txt"), prometheus = directory.appending(path: "p.txt")
            try Self.openMetrics.write(to: file, atomically: true, encoding: .utf8)
            try "# HELP a x\na_total{x=\"1\"} 5 100000\na_total{x=\"1\"} 6 160500\n".write(
                to: prometheus, atomically: true, encoding: .utf8)
            var exports: [String] = []
            for (number, source) in [file, prometheus].enumerated() {
                let db = directory.appending(path: "\(number).db").path
                try await succeed(["ingest", source.path, "--db", db])
                exports.append(try await succeed(["store", "export", "--db", db]))
            }
            let line = #"{"metric":{"__name__":"a_total","x":"1"},"values":[5,6],"timestamps":[100000,160500]}"# + "\n"
            #expect(exports == [line, line])
        }
    }

    /// Standard input is checked whole before anything of it is stored, like a file.
    @Test func standardInputIsStoredWholeOrNotAtAll() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path, input = directory.appending(path: "in")
            try "timestamp,value\n0,1\n60,x\n".write(to: input, atomically: true, encoding: .utf8)
            let bad = try await BuiltBinary.run(["ingest", "-", "--db", db, "--metric", "m"], input: input)
            #expect(bad.status == 1 && bad.errors.contains("standard input:3: 'x' is no finite number"), "\(bad)")
            #expect(!FileManager.default.fileExists(atPath: db))
            let lenient = try await BuiltBinary.run(
                ["ingest", "-", "--db", db, "--metric", "m", "--skip-bad"], input: input)
            #expect(lenient.output.contains("standard input: 1 new samples") && lenient.output.contains("1 bad line"))
        }
    }

    @Test(
        arguments: [
            ("a 1\n", "p.prom", "p.prom:1: no timestamp; in a file every sample needs one"),
            ("a 1 5\n", "m.om", "the text is cut: it does not end in '# EOF'"),
            ("a b c\nx\ny\n", "access.log", "3 of 3 lines are none of an access log"),
            ("", "access.log", "no lines in it"),
        ])
    func badFilesAreRefused(text: String, name: String, message: String) async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: name), db = directory.appending(path: "a.db").path
            try text.write(to: file, atomically: true, encoding: .utf8)
            let format = name == "access.log" ? ["--format", "clf", "--metric", "m"] : []
            let outcome = try await BuiltBinary.run(["ingest", file.path, "--db", db] + format)
            #expect(outcome.status == 1 && outcome.errors.contains(message), "\(outcome)")
            #expect(!FileManager.default.fileExists(atPath: db))
        }
    }

    @Test func standardInputIsReadOnce() async throws {
        let outcome = try await BuiltBinary.run(["ingest", "-", "-", "--db", "/nowhere/a.db"])
        #expect(outcome.status == 64 && outcome.errors.contains("Standard input can be read once"))
    }
}
