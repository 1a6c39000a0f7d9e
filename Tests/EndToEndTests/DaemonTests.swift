import Foundation
import TestSupport
import Testing

/// The built daemon: pushed to, asked, stopped and killed.
@Suite(.serialized) struct DaemonTests {
    @Test(.timeLimit(.minutes(2)))
    func scalesProcessesOnWhatIsPushed() async throws {
        try await withDaemon { daemon in
            #expect(try await eventually { try await daemon.workers() == 1 }, "\(daemon.log())")
            #expect(
                try await eventually {
                    try await daemon.push(36)
                    return try await daemon.workers() == 4
                }, "\(daemon.log())")
            let decisions = try await daemon.get("/api/v1/decisions?workload=web&limit=1000")
            #expect(decisions.contains(#""binding":"reactive""#) && decisions.contains(#""outcome":"acted""#))
            let metrics = try await daemon.get("/metrics")
            #expect(metrics.contains(#"prewarm_desired_instances{workload="web"} 4.0"#), "\(metrics)")
            let status = try await daemon.stop(SIGTERM)
            #expect(status == 0, "\(daemon.log())")
            #expect(try await daemon.workers() == 0, "workers are stopped before the daemon ends")
            #expect(daemon.log().contains("stopped"))
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func leavesNothingBehindWhenKilled() async throws {
        try await withDaemon { daemon in
            #expect(try await eventually { try await daemon.workers() == 1 }, "\(daemon.log())")
            try await daemon.push(26, "durable")
            _ = try await daemon.stop(SIGKILL)
            #expect(try await eventually { try await daemon.workers() == 0 }, "no orphan is left")
            let series = try await BuiltBinary.run(["series", "--db", daemon.database, "durable"])
            #expect(series.output.contains("durable"), "what was acknowledged is there: \(series.output)")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func refusesASecondOnOneDatabaseAndATakenPort() async throws {
        try await withDaemon { daemon in
            let second = try await BuiltBinary.run(["daemon", "--config", daemon.configuration])
            #expect(second.status == 1 && second.errors.contains("another daemon runs on this database"))
            let other = daemon.database + ".other"
            let taken = try await BuiltBinary.run(["daemon", "--db", other, "--listen", "127.0.0.1:\(daemon.port)"])
            #expect(
                taken.status == 1 && taken.errors.contains("is taken; is another daemon running?"), "\(taken.errors)")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func badRequestsAreToldAndHarmNothing() async throws {
        try await withDaemon { daemon in
            let line = #"{"metric":{"__name__":"a"},"values":[1],"timestamps":[1000]}"#
            let half = try await daemon.post("/api/v1/import", line + "\n{oops")
            #expect(half.contains(#""status":400"#) && half.contains("line 2:"), "\(half)")
            #expect(try await daemon.post("/api/v1/import", line, ["Origin: http://evil.example"]).contains("403"))
            #expect(try await daemon.post("/api/v1/import", line, ["Content-Encoding: br"]).contains("415"))
            #expect(try await daemon.get("/api/v1/decisions?workload=nobody").contains(#""status":404"#))
            #expect(try await daemon.get("/api/v1/decisions?workload=web&limit=0").contains(#""status":400"#))
            let series = try await BuiltBinary.run(["series", "--db", daemon.database])
            #expect(series.output == "nothing is stored yet\n")
        }
    }

    private func withDaemon(_ body: (RunningDaemon) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let daemon = try RunningDaemon(directory)
            do {
                try await daemon.waitUntilListening()
                try await body(daemon)
            } catch {
                _ = try await daemon.stop(SIGKILL)
                throw error
            }
            _ = try await daemon.stop(SIGKILL)
        }
    }
}

/// A daemon with one workload of shell processes, marked so that they can be counted.
private final class RunningDaemon {
    let database: String, configuration: String
    private(set) var port = 0
    private let errors: URL
    private let process: Process
    /// Stands in the arguments of every worker.
    private let marker = "prewarm-e2e-\(UUID().uuidString)"

    init(_ directory: URL) throws {
        database = directory.appending(path: "d.db").path
        configuration = directory.appending(path: "c.yaml").path
        errors = directory.appending(path: "log")
        // Ready as soon as it runs; sleeps in short turns, so that SIGTERM ends it at once.
        let worker = #"[sh, -c, "while :; do sleep 0.2; done", \#(marker), "{port}"]"#
        try """
        store: {path: \(database)}
        listen: {address: 127.0.0.1:0}
        tick: 1s
        workloads:
          - name: web
            demand: {series: web_requests, kind: rate, step: 1s, delay: 0s}
            capacity: {perInstance: 10}
            limits: {min: 1, max: 5}
            trust: full
            aggressiveness: 0.9
            leadTime: 1s
            actuator: {process: {command: \(worker), ready: {command: ["true"]}, ports: 22000-22100}}
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        process = try BuiltBinary.started(
            BuiltBinary.path, ["daemon", "--config", configuration], output: directory.appending(path: "out"),
            errors: errors)
    }

    func log() -> String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    func waitUntilListening() async throws {
        let isUp = await eventually {
            guard let found = log().firstMatch(of: /address=127\.0\.0\.1:(\d+)/) else { return false }
            port = Int(found.1) ?? 0
            return port > 0
        }
        try #require(isUp, "\(log())")
    }

    func get(_ path: String) async throws -> String {
        try await BuiltBinary.run("curl", ["-s", "-m", "10", "http://127.0.0.1:\(port)\(path)"]).output
    }

    func post(_ path: String, _ body: String, _ headers: [String] = []) async throws -> String {
        let url = "http://127.0.0.1:\(port)\(path)"
        return try await BuiltBinary.run(
            "curl", ["-s", "-m", "10", "--data-binary", body, url] + headers.flatMap { ["-H", $0] }
        ).output
    }

    /// Pushes a sample of this moment.
    func push(_ value: Double, _ metric: String = "web_requests") async throws {
        let now = Int(Date().timeIntervalSince1970 * 1_000)
        let line = #"{"metric":{"__name__":"\#(metric)"},"values":[\#(value)],"timestamps":[\#(now)]}"#
        let answer = try await post("/api/v1/import", line)
        #expect(answer == "")
    }

    /// How many workers run, by their arguments; their guards carry the marker too and are not counted.
    func workers() async throws -> Int {
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int($0) }
        return processes.count { pid in
            guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.first == "sh" && words.contains(marker)
        }
    }

    /// Sends a signal and waits for the end; the exit status.
    func stop(_ signal: Int32) async throws -> Int32 {
        if process.isRunning { kill(process.processIdentifier, signal) }
        await BuiltBinary.ended(process)
        return process.terminationStatus
    }
}
