import FakeServers
import Foundation
import TestSupport
import Testing

/// `forecast backfill`, as a user runs it, against a server on loopback.
@Suite struct BackfillCommandTests {
    @Test func copiesAndGoesOn() async throws {
        let fake = FakePrometheus(series: [["__name__": "m", "job": "a"]]) { _, time in Double(time % 1_000) }
        try await withHTTPServer(fake.router) { url in
            try await withTemporaryDirectory { directory in
                let db = directory.appending(path: "a.db").path, token = directory.appending(path: "token").path
                try "secret-of-sixteen\n".write(toFile: token, atomically: true, encoding: .utf8)
                let command = [
                    "backfill", "--from", url, "--query", "m", "--since", "2d", "--step", "5m", "--db", db,
                    "--token-file", token,
                ]
                let first = try await succeed(command)
                #expect(first.contains("57") && first.contains("new samples, 0 replaced, 0 unchanged"), "\(first)")
                #expect(fake.questions.allSatisfy { $0.token == "secret-of-sixteen" && $0.query == "m" })
                let second = try await succeed(command)
                #expect(second.contains("went on at") && second.contains("in 1 pieces"), "\(second)")
                let series = try await succeed(["series", "--db", db, "--json"])
                #expect(series.contains(#""job":"a""#) && series.contains(#""step":300"#), "\(series)")
            }
        }
    }

    @Test func partialAnswersAreAFailureThatIsTold() async throws {
        let fake = FakePrometheus(series: [["job": "a"]]) { _, _ in 1 }
        fake.fail(0, .partial("store 3 did not answer"))
        try await withHTTPServer(fake.router) { url in
            try await withTemporaryDirectory { directory in
                let outcome = try await BuiltBinary.run([
                    "backfill", "--from", url, "--query", "sum by (job) (m)", "--since", "1h", "--metric", "s", "--db",
                    directory.appending(path: "a.db").path,
                ])
                #expect(outcome.status == 1 && outcome.output.contains("61 new samples"))
                #expect(outcome.errors.contains("warning: store 3 did not answer"))
                #expect(outcome.errors.contains("1 of 1 answers were partial"))
            }
        }
    }

    @Test(
        arguments: [
            (["--from", "http://p.example", "--query", "m", "--since", "1d"], 1, "use https"),
            (["--from", "http://127.0.0.1:1", "--query", "m", "--since", "1s"], 64, "less than a --step"),
            (["--from", "x", "--query", "m", "--since", "1d", "--metric", "a b"], 64, "no metric name"),
            (
                ["--from", "https://x", "--query", "m", "--since", "1d", "--token-file", "/nowhere"], 1,
                "cannot be read"
            ),
        ] as [([String], Int32, String)])
    func mistakesAreSaidPlainly(arguments: [String], status: Int32, message: String) async throws {
        try await withTemporaryDirectory { directory in
            let outcome = try await BuiltBinary.run(
                ["backfill", "--db", directory.appending(path: "a.db").path] + arguments)
            #expect(outcome.status == status && outcome.errors.contains(message), "\(outcome.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        }
    }
}
