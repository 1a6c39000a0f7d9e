import FakeServers
import Foundation
import Hummingbird
import TestSupport
import Testing

/// A daemon that fetches metrics and takes in StatsD, and a backup of its store while it does.
@Suite(.serialized) struct IntakeTests {
    @Test(.timeLimit(.minutes(2)))
    func scrapesListensAndIsBackedUp() async throws {
        let router = Router()
        router.get("/metrics") { _, _ in "requests_total 5\n" }
        try await withHTTPServer(router) { url in
            try await withTemporaryDirectory { directory in
                let daemon = try IntakeDaemon(directory, scraping: url + "/metrics")
                do {
                    try await daemon.waitUntilListening()
                    try await check(daemon, directory)
                } catch {
                    await daemon.kill()
                    throw error
                }
                await daemon.kill()
            }
        }
    }

    private func check(_ daemon: IntakeDaemon, _ directory: URL) async throws {
        let wanted = [#"requests_total{instance="#, #"up{instance="#, #"hits{route="/a"}"#]
        let isThere = try await eventually {
            try await daemon.send(#"hits:3|c|#route:/a"#)
            let series = try await BuiltBinary.run(["series", "--db", daemon.database]).output
            return wanted.allSatisfy { series.contains($0) }
        }
        #expect(isThere, "\(daemon.log())")
        let metrics = try await daemon.get("/metrics")
        #expect(
            metrics.contains("prewarm_statsd_datagrams_total")
                && metrics.contains(#"prewarm_scrapes_total{outcome="ok"}"#))

        // What the daemon has acknowledged and holds in its log alone is in the backup too.
        let line = #"{"metric":{"__name__":"pushed"},"values":[1,2],"timestamps":[\#(now),\#(now + 1)]}"#
        #expect(try await daemon.post("/api/v1/import", line) == "")
        let backup = directory.appending(path: "backup.db").path, restored = directory.appending(path: "new.db").path
        try await succeed(["store", "backup", backup, "--db", daemon.database])
        #expect(try await succeed(["store", "export", "pushed", "--db", backup]) == line + "\n")
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter {
            $0.hasPrefix("backup.db")
        }
        #expect(
            names == ["backup.db"] || !names.contains { $0.contains("-head-") || $0.contains(".partial") }, "\(names)")

        let held = try await BuiltBinary.run(["store", "restore", backup, "--db", daemon.database])
        #expect(held.status == 1 && held.errors.contains("another daemon runs on this database"), "\(held.errors)")
        try await succeed(["store", "restore", backup, "--db", restored])
        #expect(try await succeed(["store", "export", "pushed", "--db", restored]) == line + "\n")

        // Killed with samples in its log: a restore must not leave that log beside the database it puts there.
        await daemon.kill()
        try await succeed(["store", "restore", backup, "--db", daemon.database])
        #expect(try await succeed(["store", "export", "pushed", "--db", daemon.database]) == line + "\n")
        let logs = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter {
            $0.hasPrefix("d.db-head-")
        }
        #expect(logs.isEmpty, "\(logs)")
    }

    private let now = Int(Date().timeIntervalSince1970) * 1_000
}

/// A daemon with a scrape target and StatsD, at ports of the system's choice.
final class IntakeDaemon {
    let database: String
    private(set) var port = 0, statsd = 0
    private let errors: URL
    private let process: Process

    /// `more`: further keys of the target.
    init(
        _ directory: URL, database name: String = "d.db", scraping url: String, _ more: String = ""
    ) throws {
        database = directory.appending(path: name).path
        errors = directory.appending(path: "log")
        let configuration = directory.appending(path: "c.yaml")
        try """
        store: {path: \(database)}
        listen: {address: 127.0.0.1:0}
        scrape: [{url: "\(url)", every: 1s, timeout: 1s, labels: {job: web}\(more)}]
        statsd: {listen: 127.0.0.1:0, flush: 1s}
        workloads: [{name: w, demand: {series: none}, capacity: {perInstance: 1}}]
        """.write(to: configuration, atomically: true, encoding: .utf8)
        process = try BuiltBinary.started(
            BuiltBinary.path, ["daemon", "--config", configuration.path], output: directory.appending(path: "out"),
            errors: errors)
    }

    func log() -> String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    func waitUntilListening() async throws {
        let isUp = await eventually {
            let text = log()
            port = (text.firstMatch(of: /address=127\.0\.0\.1:(\d+)[^\n]*listening\n/)?.1).flatMap { Int($0) } ?? 0
            statsd =
                (text.firstMatch(of: /address=127\.0\.0\.1:(\d+)[^\n]*listening for StatsD/)?.1).flatMap { Int($0) }
                ?? 0
            return port > 0 && statsd > 0
        }
        try #require(isUp, "\(log())")
    }

    func send(_ datagram: String) async throws {
        _ = try await BuiltBinary.run(
            "bash", ["-c", "printf '%s' \"$1\" > /dev/udp/127.0.0.1/\(statsd)", "-", datagram])
    }

    func get(_ path: String) async throws -> String {
        try await BuiltBinary.run("curl", ["-s", "-m", "10", "http://127.0.0.1:\(port)\(path)"]).output
    }

    func post(_ path: String, _ body: String) async throws -> String {
        try await BuiltBinary.run(
            "curl", ["-s", "-m", "10", "--data-binary", body, "http://127.0.0.1:\(port)\(path)"]
        ).output
    }

    func kill() async {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        await BuiltBinary.ended(process)
    }
}
