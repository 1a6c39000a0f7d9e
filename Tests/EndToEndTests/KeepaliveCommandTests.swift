import Foundation
import TestSupport
import Testing

/// `forecast keepalive`, used as a user would.
@Suite struct KeepaliveCommandTests {
    /// A timer of ten minutes, one of an hour, and two that people call.
    private func trace(in directory: URL) throws -> String {
        let functions: [(name: String, memory: Int, isBusy: (Int) -> Bool)] = [
            ("ten", 128, { $0 % 10 == 3 }), ("hour", 256, { $0 % 60 == 7 }),
            ("some,one", 512, { ($0 * $0) % 37 == 4 }), ("rare", 170, { $0 == 50 || $0 == 260 }),
        ]
        var text = "series,mem_mb," + (0..<480).map { "t\($0)" }.joined(separator: ",") + "\n"
        for function in functions {
            let counts = (0..<480).map { function.isBusy($0) ? "1" : "0" }.joined(separator: ",")
            text += "\"\(function.name)\",\(function.memory),\(counts)\n"
        }
        let file = directory.appending(path: "functions.csv")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    @Test func figuresWindowsAndPage() async throws {
        try await withTemporaryDirectory { directory in
            let trace = try trace(in: directory)
            let windows = directory.appending(path: "w.csv"), page = directory.appending(path: "page.html")
            let one = try await BuiltBinary.run([
                "keepalive", "--trace", trace, "--policy", "prewarm", "--windows", windows.path, "--json",
            ])
            #expect(one.status == 0 && one.errors.isEmpty, "\(one.errors)")
            let rows = try #require(try JSONSerialization.jsonObject(with: Data(one.output.utf8)) as? [[String: Any]])
            let names: Set = [
                "policy", "functions", "invocations", "coldStarts", "coldTotal", "coldMean", "coldP50", "coldP75",
                "coldP90", "wasteMinutes", "waste", "rum",
            ]
            #expect(rows.count == 1 && Set(rows[0].keys) == names)
            let lines = try String(contentsOf: windows, encoding: .utf8).split(separator: "\n")
            #expect(lines[0] == "series,minute,prewarm,keepalive")
            #expect(lines.filter { $0.hasPrefix("ten,") }.count == 48)
            #expect(lines.last?.hasPrefix("rare,260,") == true && lines.contains { $0.hasPrefix("\"some,one\",") })
            // The last window of the timer, all of whose periods were the same.
            #expect(lines.contains { $0.hasPrefix("ten,473,10.0,") })

            let all = try await BuiltBinary.run(
                [
                    "keepalive", "--trace", trace, "--curve", "--report", page.path, "--cold-price", "2",
                    "--idle-price", "1",
                ]
                    + ["prewarm", "hybrid-histogram", "fixed:10"].flatMap { ["--policy", $0] })
            #expect(all.status == 0, "\(all.errors)")
            #expect(all.output.contains("waste, fixed:10 = 1") && all.output.contains("cost"))
            let html = try String(contentsOf: page, encoding: .utf8)
            #expect(html.ranges(of: "<figure>").count == 2 && !html.contains("<script"))
        }
    }

    @Test func theTableFitsATerminal() async throws {
        try await withTemporaryDirectory { directory in
            let trace = try trace(in: directory)
            let arguments = ["keepalive", "--trace", trace, "--policy", "hybrid-histogram", "--policy", "never-unload"]
            let narrow = try await BuiltBinary.run(
                "env", ["COLUMNS=80", BuiltBinary.path] + arguments + ["--curve"])
            #expect(narrow.status == 0, "\(narrow.errors)")
            #expect(narrow.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(narrow.output)")
        }
    }

    @Test func whatIsWrongIsSaid() async throws {
        try await withTemporaryDirectory { directory in
            let trace = try trace(in: directory), bad = directory.appending(path: "bad.csv").path
            try "series,t0,t1\na,1,0\nb,1,x\n".write(toFile: bad, atomically: true, encoding: .utf8)
            let quiet = directory.appending(path: "quiet.csv").path
            try "series,t0,t1\na,1,0\n".write(toFile: quiet, atomically: true, encoding: .utf8)
            let cases: [(arguments: [String], status: Int32, message: String)] = [
                (["--trace", bad, "--policy", "prewarm"], 1, "\(bad):3: t1: "),
                (["--trace", bad + "x", "--policy", "prewarm"], 1, "\(bad)x: no such file"),
                (["--trace", quiet, "--policy", "prewarm"], 1, "\(quiet): no function was called in two minutes"),
                (["--trace", trace, "--policy", "hpa"], 1, "no policy \"hpa\"; there are prewarm[:dial]"),
                (["--trace", trace, "--policy", "fixed:-1"], 1, "policy fixed:-1: give a number"),
                (["--trace", trace, "--policy", "prewarm", "--cold-price", "1"], 64, "are given together"),
                (["--trace", trace, "--policy", "prewarm", "--lead", "99"], 64, "--lead must be between 0 and 60"),
                (
                    ["--trace", trace, "--policy", "prewarm", "--policy", "hazard", "--windows", "w.csv"], 64,
                    "--windows takes exactly one --policy"
                ),
            ]
            for (arguments, status, message) in cases {
                let outcome = try await BuiltBinary.run(["keepalive"] + arguments)
                #expect(outcome.status == status && outcome.errors.contains(message), "\(outcome.errors)")
            }
        }
    }
}
