import Foundation
import TestSupport
import Testing

/// Whatever is wrong with the input: a clear error, exit code 1 or 64, and nothing half-written.
@Suite struct BadInputTests {
    struct Case: CustomStringConvertible, Sendable {
        let name: String, file: String, text: String, message: String
        var description: String { name }
    }

    @Test(arguments: [
        Case(name: "empty", file: "t.csv", text: "", message: "the file is empty"),
        Case(name: "header only", file: "t.csv", text: "timestamp,value\n", message: "no samples in it"),
        Case(name: "unordered", file: "t.csv", text: "timestamp,value\n60,1\n0,2\n", message: "t.csv:3: 1970-01-01"),
        Case(
            name: "NaN", file: "t.csv", text: "timestamp,value\n0,1\n60,NaN\n", message: "t.csv:3: 'NaN' is no finite"),
        Case(name: "columns", file: "t.csv", text: "timestamp,value\n0,1,2\n", message: "t.csv:2: 3 columns"),
        Case(name: "no JSON", file: "t.jsonl", text: "{}\n", message: "t.jsonl:1: \"metric\" is missing"),
        Case(name: "cut JSON", file: "t.jsonl", text: "{\"metric\":{", message: "t.jsonl:1: byte 12"),
        Case(name: "binary", file: "t.csv", text: "\u{0}\u{1}\u{2}", message: "t.csv:1: the header must name"),
    ])
    func ingestRefuses(_ item: Case) async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: item.file).path, db = directory.appending(path: "a.db").path
            try item.text.write(toFile: file, atomically: true, encoding: .utf8)
            let outcome = try await BuiltBinary.run(["ingest", file, "--db", db, "--metric", "m"])
            #expect(outcome.status == 1 && outcome.isExit)
            #expect(outcome.errors.contains(item.message), "\(outcome.errors)")
            #expect(!FileManager.default.fileExists(atPath: db), "nothing is stored of a bad file")
        }
    }

    /// A file that ends in a bad line leaves nothing of its good ones, or all of them with --skip-bad.
    @Test func aBadEndLeavesNothingUnlessAskedTo() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "t.csv").path, db = directory.appending(path: "a.db").path
            let rows = (0..<120_000).map { "\($0 * 60),1\n" }.joined()
            try ("timestamp,value\n" + rows + "oops\n").write(toFile: file, atomically: true, encoding: .utf8)
            let strict = ["ingest", file, "--db", db, "--metric", "m"]
            let refused = try await BuiltBinary.run(strict)
            #expect(refused.status == 1 && refused.errors.contains("t.csv:120002:"))
            #expect(!FileManager.default.fileExists(atPath: db))
            let lenient = try await BuiltBinary.run(strict + ["--skip-bad"])
            #expect(lenient.status == 0 && lenient.output.contains("120000 new samples"))
            #expect(lenient.output.contains("1 bad line left out; the first: \(file):120002:"))
        }
    }

    @Test func aTruncatedGzipIsSeenByEveryReader() async throws {
        try await withTemporaryDirectory { directory in
            let csv = directory.appending(path: "t.csv").path, db = directory.appending(path: "a.db").path
            let rows = (0..<20_000).map { "\($0 * 60),\($0 * 7_919 % 1_000)\n" }.joined()
            try ("timestamp,value\n" + rows).write(toFile: csv, atomically: true, encoding: .utf8)
            let gzip = try await BuiltBinary.run("gzip", ["-k", csv])
            try #require(gzip.status == 0)
            let whole = try Data(contentsOf: URL(filePath: csv + ".gz"))
            let cut = directory.appending(path: "cut.csv.gz")
            try whole.prefix(whole.count / 2).write(to: cut)
            let service = directory.appending(path: "s.json").path
            try #"{"perInstance":1,"startupSeconds":1,"sloWaitSeconds":1,"minInstances":1,"maxInstances":4}"#
                .write(toFile: service, atomically: true, encoding: .utf8)
            for command in [
                ["ingest", cut.path, "--db", db, "--metric", "m"],
                ["backtest", "--trace", cut.path, "--service", service, "--policy", "hpa"],
            ] {
                let outcome = try await BuiltBinary.run(command)
                #expect(outcome.status == 1 && outcome.errors.contains("cut.csv.gz:"), "\(outcome.errors)")
                #expect(outcome.errors.contains("the gzip file is truncated"), "\(outcome.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: db))
        }
    }

    /// 10 GB without a line end; sparse, so that it costs no disk.
    @Test func aLineOfTenGigabytesIsRefusedEarly() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "t.csv"), db = directory.appending(path: "a.db").path
            try Data().write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: 10 << 30)
            try handle.close()
            let outcome = try await BuiltBinary.run(["ingest", file.path, "--db", db, "--metric", "m"])
            #expect(outcome.status == 1 && outcome.errors.contains("t.csv:1: a line of over 1 MiB"))
        }
    }

    @Test func missingAndUnwritablePlacesAreNamed() async throws {
        try await withTemporaryDirectory { directory in
            let csv = directory.appending(path: "t.csv").path, db = directory.appending(path: "a.db").path
            let missing = try await BuiltBinary.run(["ingest", csv, "--db", db, "--metric", "m"])
            #expect(missing.status == 1 && missing.errors.contains("t.csv: no such file"))
            try "timestamp,value\n0,1\n60,2\n".write(toFile: csv, atomically: true, encoding: .utf8)
            for bad in [directory.path, directory.appending(path: "no/folder/a.db").path, "/proc/a.db"] {
                let outcome = try await BuiltBinary.run(["ingest", csv, "--db", bad, "--metric", "m"])
                #expect(outcome.status == 1 && outcome.errors.contains(bad), "\(outcome.errors)")
                #expect(outcome.errors.contains("cannot be opened for writing"), "\(outcome.errors)")
            }
            let text = try await BuiltBinary.run(["series", "--db", csv])
            #expect(text.status == 1 && text.errors.contains("this file is no SQLite database"), "\(text.errors)")
            let none = try await BuiltBinary.run(["train", "--db", db, "--series", "m"])
            #expect(none.status == 1 && none.errors.contains("no such database"))
        }
    }

    @Test(arguments: [
        ["ingest"], ["ingest", "x.csv"], ["ingest", "x.csv", "--db", "a.db", "--metric", "1x"],
        ["ingest", "x.csv", "--db", "a.db", "--metric", "m", "--label", "x"],
        ["ingest", "x.csv", "--db", "a.db", "--metric", "m", "--format", "xml"], ["train"], ["nonsense"],
        ["predict", "--db", "a.db", "--series", "m", "--quantiles", "0.9,0.5"],
        ["predict", "--db", "a.db", "--series", "m", "--horizon", "soon"],
        ["predict", "--db", "a.db", "--series", "m", "--max-over", "3h"],
        ["predict", "--db", "a.db", "--series", "m", "--max-over", "1h", "--plot"],
        ["predict", "--db", "a.db", "--series", "m", "--kind", "levels"], ["daemon"],
        ["daemon", "--config", "c.yaml", "--db", "a.db"],
        ["backtest", "--trace", "t.csv", "--service", "s.json", "--policy", "hpa", "--tick", "0"],
    ])
    func wrongUsageIsCode64(arguments: [String]) async throws {
        let outcome = try await BuiltBinary.run(arguments)
        #expect(outcome.status == 64 && outcome.isExit && !outcome.errors.isEmpty, "\(outcome.errors)")
    }
}
