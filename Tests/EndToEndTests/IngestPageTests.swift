import FakeServers
import Foundation
import TestSupport
import Testing

/// The commands of `docs/ingest.md`, run as they stand there, in order, but for the ports.
@Suite struct IngestPageTests {
    @Test(.timeLimit(.minutes(3)))
    func everyCommandOfThePageWorks() async throws {
        let page = try String(contentsOf: packageRoot.appending(path: "docs/ingest.md"), encoding: .utf8)
        let commands = blocks(of: page)
        try #require(commands.count >= 16)
        let fake = FakePrometheus(series: [["__name__": "http_requests_total", "job": "web"]]) { _, time in Double(time)
        }
        try await withHTTPServer(fake.router) { url in
            try await withTemporaryDirectory { directory in
                try await prepare(directory)
                let daemon = try IntakeDaemon(directory, database: "prewarm.db", scraping: "\(url)/none")
                do {
                    try await daemon.waitUntilListening()
                    for command in commands {
                        let own = command.replacing("127.0.0.1:9201", with: "127.0.0.1:\(daemon.port)")
                            .replacing("http://127.0.0.1:9090", with: url)
                            .replacing("127.0.0.1/8125", with: "127.0.0.1/\(daemon.statsd)")
                        try await run(own, in: directory)
                    }
                    try await expectEverySeries(daemon)
                } catch {
                    await daemon.kill()
                    throw error
                }
                await daemon.kill()
                let restored = try await succeed(["series", "--db", directory.appending(path: "restored.db").path])
                #expect(restored.contains("http_hits{"), "\(restored)")
            }
        }
    }

    /// The blocks of shell.
    private func blocks(of page: String) -> [String] {
        var blocks: [String] = []
        var open: [Substring]?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if let lines = open {
                if line == "```" { blocks.append(lines.joined(separator: "\n")) }
                open = line == "```" ? nil : lines + [line]
            } else if line == "```sh" || line == "```bash" {
                open = []
            }
        }
        return blocks
    }

    private func run(_ command: String, in directory: URL) async throws {
        let script = """
            set -euo pipefail
            cd '\(directory.path)'
            PATH="\(directory.path):$PATH"
            \(command)
            """
        let outcome = try await BuiltBinary.run("bash", ["-c", script])
        #expect(outcome.status == 0, "\(command): \(outcome.output) \(outcome.errors)")
    }

    /// The files that the page speaks of, and `forecast` itself.
    private func prepare(_ directory: URL) async throws {
        func write(_ name: String, _ text: String) throws {
            try text.write(to: directory.appending(path: name), atomically: true, encoding: .utf8)
        }
        let now = Int(Date().timeIntervalSince1970) / 60 * 60 - 3_600
        try write("requests.csv", "timestamp,value\n\(now),1\n\(now + 60),2\n")
        try write("export.jsonl", #"{"metric":{"__name__":"exported"},"values":[1],"timestamps":[\#(now)000]}"# + "\n")
        try write("wide.csv", "series,region,t0,t1\nvm-1,eu,1,2\n")
        try write("jobs.csv", "submitted_ms,queue\n\(now)000,a\n")
        try write("metrics.om", "# TYPE opened gauge\nopened 4 \(now)\n# EOF\n")
        let entry = #"1.2.3.4 - - [10/Oct/2025:13:55:36 +0000] "GET /x HTTP/1.1" 200 5"# + "\n"
        try write("access.log", entry)
        try write("access.log.1", entry)
        let point = #"{"timeUnixNano":"\#(now)000000000","asDouble":3}"#
        try write(
            "otlp.json",
            #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"otlp.level","gauge":{"dataPoints":[\#(point)]}}]}]}]}"#
        )
        let packed = directory.appending(path: "requests.csv").path
        #expect(try await BuiltBinary.run("gzip", ["-k", packed]).status == 0)
        try FileManager.default.createSymbolicLink(
            atPath: directory.appending(path: "forecast").path, withDestinationPath: BuiltBinary.path)
    }

    private func expectEverySeries(_ daemon: IntakeDaemon) async throws {
        let wanted = [
            "http_requests{", "wide_cpu{", "jobs{", "exported ", "opened ", "http_hits{", "piped_requests ",
            "csv_requests ", "queue_length{",
            "otlp_level ", "logins{", "http_requests_total{", "up{",
        ]
        var found = ""
        let areThere = try await eventually {
            found = try await BuiltBinary.run(["series", "--db", daemon.database]).output
            return wanted.allSatisfy { found.contains($0) }
        }
        #expect(areThere, "\(wanted.filter { !found.contains($0) }) in \(found) \(daemon.log())")
    }
}
