import Foundation
import TestSupport
import Testing

/// Against the real Prometheus, which scrapes itself: both protocols give what it has.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["PREWARM_ENGINES"] == "1"))
struct BackfillEngineTests {
    private static let port = 19_321

    @Test(.timeLimit(.minutes(3)))
    func bothProtocolsCopyWhatPrometheusHas() async throws {
        try await withTemporaryDirectory { directory in
            let process = try start(in: directory)
            do { try await check(directory) } catch {
                await end(process)
                throw error
            }
            await end(process)
        }
    }

    private func check(_ directory: URL) async throws {
        let hasSamples = try await eventually(withinSeconds: 60) { try await matrix().count >= 10 }
        try #require(hasSamples)
        let steps = directory.appending(path: "steps.db").path, samples = directory.appending(path: "samples.db").path
        let command = ["backfill", "--from", Self.url, "--query", Self.selector, "--since", "10m", "--db"]
        try await succeed(command + [steps, "--step", "1s"])
        try await succeed(command + [samples, "--protocol", "remote-read"])

        // What we stored for a moment is what Prometheus says of that moment.
        let stored = try await values(in: steps), said = try await matrix()
        let shared = stored.filter { said[$0.key] != nil }
        #expect(shared.count >= 10)
        for (time, value) in shared { #expect(said[time] == value, "at \(time)") }
        // And it is the newest of the samples themselves, which came by the other protocol.
        let raw = try await values(in: samples)
        let first = try #require(raw.keys.min()), last = try #require(raw.keys.max())
        #expect(raw.count >= 8)
        for (time, value) in stored where time >= first && time <= last {
            let newest = raw.keys.filter { $0 <= time }.max()
            #expect(newest.flatMap { raw[$0] } == value, "at \(time)")
        }
        let series = try await succeed(["series", "--db", samples, "--json"])
        #expect(series.contains(#""job":"self""#) && series.contains(#""instance":"127.0.0.1:"#))
    }

    private static let selector = #"prometheus_http_requests_total{handler="/metrics",code="200"}"#
    private static let url = "http://127.0.0.1:\(port)"

    /// What Prometheus says of its own scrapes, by Unix milliseconds.
    private func matrix() async throws -> [Int: Double] {
        let now = Int(Date().timeIntervalSince1970)
        let text = try await query(
            "query_range", ["query=\(Self.selector)", "start=\(now - 120)", "end=\(now)", "step=1"])
        // Nothing until it listens.
        let document = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let result = ((document?["data"] as? [String: Any])?["result"] as? [[String: Any]])?.first
        var values: [Int: Double] = [:]
        for pair in result?["values"] as? [[Any]] ?? [] {
            guard let time = (pair.first as? NSNumber)?.doubleValue, let value = pair.last as? String else { continue }
            values[Int(time * 1_000)] = Double(value)
        }
        return values
    }

    /// What is stored, by Unix milliseconds.
    private func values(in db: String) async throws -> [Int: Double] {
        let text = try await succeed(["store", "export", "--db", db])
        var values: [Int: Double] = [:]
        for line in text.split(separator: "\n") {
            let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let times = row?["timestamps"] as? [NSNumber] ?? [], all = row?["values"] as? [NSNumber] ?? []
            for (time, value) in zip(times, all) { values[time.intValue] = value.doubleValue }
        }
        return values
    }

    private func query(_ path: String, _ form: [String]) async throws -> String {
        let pairs = form.flatMap { ["--data-urlencode", $0] }
        return try await BuiltBinary.run("curl", ["-s", "-m", "10", "\(Self.url)/api/v1/\(path)"] + pairs).output
    }

    private func start(in directory: URL) throws -> Process {
        let configuration = directory.appending(path: "prometheus.yml")
        try """
        global: {scrape_interval: 1s, scrape_timeout: 1s}
        scrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:\(Self.port)"]}]}]
        """.write(to: configuration, atomically: true, encoding: .utf8)
        return try BuiltBinary.started(
            "prometheus",
            [
                "--config.file=\(configuration.path)", "--storage.tsdb.path=\(directory.appending(path: "data").path)",
                "--web.listen-address=127.0.0.1:\(Self.port)",
            ], output: directory.appending(path: "out"), errors: directory.appending(path: "log"))
    }

    private func end(_ process: Process) async {
        if process.isRunning { kill(process.processIdentifier, SIGTERM) }
        await BuiltBinary.ended(process)
    }
}
