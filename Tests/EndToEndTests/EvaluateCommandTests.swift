import Foundation
import Kernels
import TestSupport
import Testing

/// `forecast evaluate` over several entries, used as a user would.
@Suite struct EvaluateCommandTests {
    @Test func theNumberOfWorkersChangesNothing() async throws {
        try await withTemporaryDirectory { directory in
            let protocols = try files(in: directory)
            var pages: [Data] = [], figures: [String] = [], rows: [Data] = []
            for workers in ["1", "2", "7"] {
                let page = directory.appending(path: "r\(workers).html"),
                    csv = directory.appending(path: "f\(workers).csv")
                let whole = try await BuiltBinary.run([
                    "evaluate", protocols, "--workers", workers, "--baseline", "seasonal-naive", "--json", "--report",
                    page.path,
                ])
                #expect(whole.status == 0, "\(whole.errors)")
                figures.append(try withoutTime(whole.output))
                pages.append(try Data(contentsOf: page))
                _ = try await BuiltBinary.run([
                    "evaluate", protocols, "--entry", "many", "--workers", workers, "--output", csv.path,
                ])
                rows.append(try Data(contentsOf: csv))
            }
            #expect(Set(pages).count == 1 && Set(figures).count == 1 && Set(rows).count == 1)
            // 6 series, 10 origins, 4 steps and a header.
            let lines = String(decoding: rows[0], as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 241)
            let page = String(decoding: pages[0], as: UTF8.self)
            #expect(page.ranges(of: "<figure>").count == 12)
            #expect(!page.contains("<script"))
        }
    }

    @Test func allEntriesWithMeansAndRatios() async throws {
        try await withTemporaryDirectory { directory in
            let protocols = try files(in: directory)
            let json = try await BuiltBinary.run(["evaluate", protocols, "--baseline", "seasonal-naive", "--json"])
            let document = try #require(try object(json.output) as? [String: Any])
            let entries = try #require(document["entries"] as? [[String: Any]])
            #expect(entries.compactMap { $0["entry"] as? String } == ["one", "many"])
            #expect(entries.compactMap { $0["series"] as? Int } == [1, 6])
            let losses = entries.compactMap { $0["WQL"] as? Double }
            let mean = try #require(document["mean"] as? [String: Any])
            #expect(abs(try #require(mean["WQL"] as? Double) - (losses[0] * losses[1]).squareRoot()) < 1e-9)
            let baseline = try #require(entries[0]["baseline"] as? [String: Any])
            let naive = try #require(baseline["WQL"] as? Double), ratio = try #require(baseline["WQL ratio"] as? Double)
            #expect(abs(losses[0] / naive - ratio) < 1e-9)
            let table = try await BuiltBinary.run(["evaluate", protocols, "--baseline", "seasonal-naive"]).output
            #expect(
                table.contains("WQL ratio") && table.contains("ratios are to seasonal-naive")
                    && table.contains("geometric mean"), "\(table)")
            // One named entry is an object of its own.
            let only = try await BuiltBinary.run(["evaluate", protocols, "--entry", "many", "--json"])
            #expect(try #require(try object(only.output) as? [String: Any])["WQL"] as? Double == losses[1])
        }
    }

    @Test func wrongUseIsTold() async throws {
        try await withTemporaryDirectory { directory in
            let protocols = try files(in: directory)
            for (arguments, word) in [
                (["--output", "x.csv"], "name it with --entry"), (["--entry", "none"], "there are: one, many"),
                (["--entry", "one", "--entry", "one"], "given twice"), (["--workers", "0"], "between 1 and 1024"),
                (["--model", "nothing"], "no model 'nothing'"), (["--baseline", "nothing"], "no model 'nothing'"),
                (["--report", "/no/such/folder/x.html"], "cannot be written"),
            ] {
                let outcome = try await BuiltBinary.run(["evaluate", protocols] + arguments)
                #expect(outcome.status != 0 && outcome.errors.contains(word), "\(arguments): \(outcome.errors)")
            }
            let empty = directory.appending(path: "e.json")
            try "[]".write(to: empty, atomically: true, encoding: .utf8)
            #expect(try await BuiltBinary.run(["evaluate", empty.path]).errors.contains("a list without entries"))
        }
    }

    /// Two traces, of one series and of six, and the protocols over them.
    private func files(in directory: URL) throws -> String {
        let start = 1_767_225_600
        func rows(_ series: String?, seed: UInt64) -> String {
            var rng = SplitMix64(seed: seed)
            return (0..<24 * 30).map { hour in
                let value = (hour % 24 >= 8 && hour % 24 < 20 ? 100.0 : 20) + (20 * rng.uniform()).rounded()
                return (series.map { "\($0)," } ?? "") + "\(start + hour * 3_600),\(value)\n"
            }.joined()
        }
        try ("timestamp,value\n" + rows(nil, seed: 1)).write(
            to: directory.appending(path: "a.csv"), atomically: true, encoding: .utf8)
        let many = (0..<6).map { rows("s\($0)", seed: UInt64($0) + 2) }.joined()
        try ("series,timestamp,value\n" + many).write(
            to: directory.appending(path: "b.csv"), atomically: true, encoding: .utf8)
        let rest = #""season":24,"horizon":4,"origins":10,"stride":7,"levels":[0.1,0.5,0.9,0.95]"#
        let path = directory.appending(path: "p.json")
        try #"[{"name":"one","data":"a.csv",\#(rest)},{"name":"many","data":"b.csv",\#(rest)}]"#.write(
            to: path, atomically: true, encoding: .utf8)
        return path.path
    }

    private func withoutTime(_ json: String) throws -> String {
        json.replacing(/"cpuSeconds":[0-9.e-]+/, with: "")
    }

    private func object(_ text: String) throws -> Any { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
}
