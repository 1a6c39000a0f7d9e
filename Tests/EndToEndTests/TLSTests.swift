import Foundation
import TestSupport
import Testing

/// `backfill` and scraping over https, against a server whose authority was made for the test.
@Suite(.enabled(if: TLSServer.canRun)) struct TLSTests {
    @Test(.timeLimit(.minutes(2)))
    func historyIsCopiedFromAServerOfOnesOwnAuthority() async throws {
        try await withTemporaryDirectory { directory in
            try await withTLSServer(directory) { port in
                let url = "https://127.0.0.1:\(port)"
                #expect(try await backfill(url, directory).output.contains("2 new samples, 0 replaced"))
                let named = try await backfill("https://localhost:\(port)", directory)
                #expect(named.status == 0, "\(named)")
                let failures = [
                    (
                        try await backfill(url, directory, authority: nil),
                        "of no authority that is known here (--ca-file"
                    ),
                    (
                        try await backfill(url, directory, authority: "token"),
                        "token: no authority's certificate can be"
                    ),
                    (try await backfill(url, directory, authority: "none.pem"), "none.pem: no authority's"),
                    (try await backfill(url, directory, token: "other"), "answers 401"),
                    (try await backfill("http://127.0.0.1:1", directory), "--ca-file is for https"),
                ]
                for (outcome, message) in failures {
                    #expect(outcome.status == 1 && outcome.errors.contains(message), "\(message): \(outcome)")
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func aCertificateForAnotherNameIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            try await withTLSServer(directory, name: "DNS:other.example") { port in
                let outcome = try await backfill("https://127.0.0.1:\(port)", directory)
                #expect(outcome.status == 1 && outcome.errors.contains("its certificate is for another name"))
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func plainServersAreToldApart() async throws {
        try await withTemporaryDirectory { directory in
            try await withTLSServer(directory, isPlain: true) { port in
                let outcome = try await backfill("https://127.0.0.1:\(port)", directory)
                #expect(outcome.status == 1 && outcome.errors.contains("what answers there speaks no TLS"))
            }
        }
    }

    /// The token is read anew for every scrape: one that changes is no reason to start again.
    @Test(.timeLimit(.minutes(3)))
    func targetsAreScrapedWithACurrentToken() async throws {
        try await withTemporaryDirectory { directory in
            try await withTLSServer(directory) { port in
                let token = directory.appending(path: "token").path
                try "not-yet-the-right-one\n".write(toFile: token, atomically: true, encoding: .utf8)
                let daemon = try IntakeDaemon(
                    directory, scraping: "https://127.0.0.1:\(port)/metrics",
                    ", ca: \(directory.appending(path: "ca.pem").path), tokenFile: \(token)")
                let isRefused = await eventually { daemon.log().contains("answers 401; it wants a token") }
                try "\(TLSServer.token)\n".write(toFile: token, atomically: true, encoding: .utf8)
                let isUp = await eventually { daemon.log().contains("a target is up again") }
                let isStored = try await eventually {
                    try await BuiltBinary.run(["series", "--db", daemon.database]).output.contains("secured{")
                }
                await daemon.kill()
                #expect(isRefused && isUp && isStored, "\(daemon.log())")
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func targetsOfUnknownAuthoritiesAreDown() async throws {
        try await withTemporaryDirectory { directory in
            try await withTLSServer(directory) { port in
                let daemon = try IntakeDaemon(directory, scraping: "https://127.0.0.1:\(port)/metrics")
                let isTold = await eventually {
                    daemon.log().contains("is of no authority that is known here ('ca' names the file")
                }
                await daemon.kill()
                #expect(isTold, "\(daemon.log())")
            }
        }
    }

    private func backfill(
        _ url: String, _ directory: URL, authority: String? = "ca.pem", token: String = "token"
    ) async throws -> BuiltBinary.Outcome {
        let files = directory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        try "not-the-right-one\n".write(
            to: directory.appending(path: "other"), atomically: true, encoding: .utf8)
        let trust = authority.map { ["--ca-file", directory.appending(path: $0).path] } ?? []
        return try await BuiltBinary.run(
            [
                "backfill", "--from", url, "--query", "m", "--since", "1h", "--token-file",
                directory.appending(path: token).path, "--db", files.appending(path: "a.db").path,
            ] + trust)
    }
}
