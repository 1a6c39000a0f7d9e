import Foundation
import TestSupport
import Testing

/// `forecast datasets`, as a user runs it.
@Suite struct DatasetsCommandTests {
    @Test func listsAsTableAndAsJSON() throws {
        let table = try run(["datasets", "list"])
        #expect(table.status == 0 && table.output.contains("nyc-taxi"))
        let json = try run(["datasets", "list", "--json"])
        let entries = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        #expect(entries?.count == 5)
    }

    /// What is not the original is refused, and nothing is left; an existing file keeps its content.
    @Test func refusesAChangedOriginalAndWritesNothing() async throws {
        try await withTemporaryDirectory { directory in
            let original = directory.appending(path: "in.csv"), output = directory.appending(path: "out.csv")
            try Data(count: 265_771).write(to: original)
            try Data("kept".utf8).write(to: output)
            let result = try run([
                "datasets", "fetch", "nyc-taxi", "--from", original.path, "--output", output.path,
            ])
            #expect(result.status == 1)
            #expect(result.errors.contains("in.csv: its SHA-256 is "))
            #expect(try String(contentsOf: output, encoding: .utf8) == "kept")
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            #expect(left == ["in.csv", "out.csv"])
        }
    }

    @Test func generatesTheSameFileForASeed() async throws {
        try await withTemporaryDirectory { directory in
            let output = directory.appending(path: "t.csv")
            let arguments = ["datasets", "generate", "regime-change", "--seed", "7", "--days", "2", "--step", "600"]
            let printed = try run(arguments)
            #expect(try run(arguments + ["--output", output.path]).status == 0)
            #expect(try String(contentsOf: output, encoding: .utf8) == printed.output)
            #expect(printed.output.split(separator: "\n").count == 1 + 2 * 144)
        }
    }

    @Test(
        arguments: [
            (["datasets", "generate", "flat", "--seed", "1"], 64, "'regime-change'"),
            (["datasets", "generate", "daily"], 64, "--seed"),
            (
                ["datasets", "generate", "daily", "--seed", "1", "--days", "36500", "--step", "1"], 64,
                "rows are too many"
            ),
            (
                ["datasets", "generate", "daily", "--seed", "1", "--output", "/nowhere/t.csv"], 1,
                "/nowhere/t.csv: cannot be"
            ),
            (["datasets", "fetch", "unknown"], 1, "no dataset 'unknown'; there are: nyc-taxi"),
            (["datasets", "fetch", "nyc-taxi", "--from", "/nowhere/t.csv"], 1, "/nowhere/t.csv: cannot be read"),
        ] as [([String], Int32, String)])
    func mistakesAreSaidPlainly(arguments: [String], status: Int32, message: String) throws {
        let result = try run(arguments)
        #expect(result.status == status)
        #expect(result.errors.contains(message), "\(result.errors)")
    }

    /// The binary lies beside the test bundle. Its output is small enough for a pipe's buffer to be read afterwards.
    private func run(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
        let process = Process(), output = Pipe(), errors = Pipe()
        process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "forecast")
        process.arguments = arguments
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: text, as: UTF8.self), String(decoding: complaint, as: UTF8.self)
        )
    }
}
