import Foundation
import TestSupport
import Testing

/// Against a real Prometheus and its promtool: `make engines`, which needs Debian's package `prometheus`.
@Suite(.serialized, .enabled(if: areEnginesAsked)) struct PrometheusTests {
    /// A Prometheus scrapes itself and the daemon and pushes what it finds; promtool and another Prometheus, which has nothing
    /// of its own, read it back from the daemon.
    @Test(.timeLimit(.minutes(10)))
    func whatPrometheusPushesIsReadBackEqual() async throws {
        try await withTemporaryDirectory { directory in
            let daemon = try Server(
                in: directory, "daemon", BuiltBinary.path,
                ["daemon", "--db", directory.appending(path: "d.db").path, "--listen", "127.0.0.1:0"])
            try await whileRunning(daemon) {
                let port = try await daemon.port(in: /address=127\.0\.0\.1:(\d+)/)
                let sender = try await prometheus(in: directory, "sender", scraping: true, daemon: port)
                try await whileRunning(sender) {
                    let reader = try await prometheus(in: directory, "reader", scraping: false, daemon: port)
                    try await whileRunning(reader) { try await compare(sender.port, daemon: port, reader.port) }
                }
            }
        }
    }

    private func compare(_ sender: Int, daemon: Int, _ reader: Int) async throws {
        let everything = #"{job=~"prometheus|prewarm"}"#
        let isScraping = try await eventually {
            let now = Date().timeIntervalSince1970
            return try await range("up", sender, Window(start: now - 5, end: now)).count == 2
        }
        #expect(isScraping)
        let start = Date().timeIntervalSince1970.rounded(.up) + 0.5, window = Window(start: start, end: start + 15)
        try await Task.sleep(for: .seconds(pushingSeconds))
        // What has been scraped is pushed within a second or so.
        let isThere = try await eventually(withinSeconds: 30) {
            let last = Window(start: window.end - 1, end: window.end)
            return try await Set(range(everything, daemon, last).keys) == Set(range(everything, sender, last).keys)
        }
        #expect(isThere, "every series arrives")
        let own = try await range(everything, sender, window)
        #expect(own.count > 300, "a Prometheus shows hundreds of series: \(own.count)")
        #expect(own[#"{__name__="up",instance="127.0.0.1:\#(daemon)",job="prewarm"}"#]?.count == 16)
        try expectEqual(try await range(everything, daemon, window), own, "promtool query range")
        try expectEqual(try await range(everything, reader, window), own, "remote_read")
        for query in [
            "rate(prometheus_tsdb_head_samples_appended_total[10s])", "sum by (job) (up) * 2",
            #"sum by (handler) (increase(prometheus_http_requests_total{handler=~"/metr.*"}[12s]))"#, "1 + 1",
        ] {
            let late = Window(start: window.end - 2, end: window.end)
            try expectEqual(
                try await range(query, daemon, late), try await range(query, sender, late), query, within: 1e-9)
        }
        try await compareNames(sender, daemon)
    }

    private func compareNames(_ sender: Int, _ daemon: Int) async throws {
        for arguments in [
            ["labels", "URL", "job"], ["labels", "URL", "le"],
            ["series", "--match={__name__=~\"prometheus_h.*\",le!=\"\"}", "URL"],
        ] {
            let found = try await promtool(arguments, daemon), expected = try await promtool(arguments, sender)
            let different = Set(found).symmetricDifference(expected)
            #expect(different.isEmpty, "\(arguments): \(different)")
        }
    }

    private func promtool(_ arguments: [String], _ port: Int) async throws -> [String] {
        let url = "http://127.0.0.1:\(port)"
        let outcome = try await BuiltBinary.run("promtool", ["query"] + arguments.map { $0 == "URL" ? url : $0 })
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output.split(separator: "\n").map(String.init).sorted()
    }

    private struct Window {
        /// Unix seconds.
        let start: Double, end: Double
    }

    /// The values of a query by series and time, NaNs left out: there is no NaN in the store.
    private func range(_ query: String, _ port: Int, _ window: Window) async throws -> [String: [Double: Double]] {
        let outcome = try await BuiltBinary.run(
            "promtool",
            [
                "query", "range", "-o", "json", "--start=\(window.start)", "--end=\(window.end)", "--step=1s",
                "http://127.0.0.1:\(port)", query,
            ])
        #expect(outcome.status == 0, "\(query): \(outcome.errors)")
        var found: [String: [Double: Double]] = [:]
        for series in try JSONDecoder().decode([Series].self, from: Data(outcome.output.utf8)) {
            let labels = series.metric.sorted { $0.key < $1.key }.map { "\($0)=\"\($1)\"" }.joined(separator: ",")
            let numbers = series.values.filter { !$0.value.isNaN }
            if !numbers.isEmpty {
                found["{\(labels)}"] = Dictionary(uniqueKeysWithValues: numbers.map { ($0.time, $0.value) })
            }
        }
        return found
    }

    private struct Series: Decodable {
        let metric: [String: String]
        let values: [Point]
    }

    private struct Point: Decodable {
        let time: Double, value: Double

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            time = try pair.decode(Double.self)
            value = Double(try pair.decode(String.self)) ?? .nan
        }
    }

    private func expectEqual(
        _ found: [String: [Double: Double]], _ expected: [String: [Double: Double]], _ what: String,
        within tolerance: Double = 0
    ) throws {
        #expect(
            !expected.isEmpty && found.count == expected.count, "\(what): \(found.count) of \(expected.count) series")
        let different = expected.filter { series, values in
            let other = found[series] ?? [:]
            return other.count != values.count
                || values.contains { time, value in
                    let difference = abs((other[time] ?? .infinity) - value)
                    return other[time] != value && !(difference <= tolerance * abs(value))
                }
        }
        let examples = different.keys.sorted().prefix(3).map {
            "\($0): \(found[$0] ?? [:]) instead of \(expected[$0] ?? [:])"
        }
        #expect(different.isEmpty, "\(what): \(different.count) series differ: \(examples)")
    }

    /// A Prometheus on a port of its own: it either scrapes and pushes, or reads from the daemon what it is asked for.
    private func prometheus(
        in directory: URL, _ name: String, scraping: Bool, daemon: Int
    ) async throws -> (server: Server, port: Int) {
        for port in (0..<5).map({ _ in Int.random(in: 23_000..<29_000) }) {
            let configuration = directory.appending(path: "\(name)-\(port).yaml")
            let target = "http://127.0.0.1:\(daemon)/api/v1"
            try
                (scraping
                ? """
                global: {scrape_interval: 1s}
                scrape_configs:
                  - {job_name: prometheus, static_configs: [{targets: ["127.0.0.1:\(port)"]}]}
                  - {job_name: prewarm, static_configs: [{targets: ["127.0.0.1:\(daemon)"]}]}
                remote_write:
                  - {url: "\(target)/write", queue_config: {batch_send_deadline: 500ms}}
                """
                : "remote_read: [{url: \"\(target)/read\", read_recent: true}]")
                .write(to: configuration, atomically: true, encoding: .utf8)
            let server = try Server(
                in: directory, "\(name)-\(port)", "prometheus",
                [
                    "--config.file=\(configuration.path)", "--web.listen-address=127.0.0.1:\(port)",
                    "--storage.tsdb.path=\(directory.appending(path: "\(name)-\(port)").path)",
                ])
            if await eventually({ server.log().contains("Server is ready") || !server.process.isRunning }),
                server.process.isRunning
            {
                return (server, port)
            }
            await server.stop()
        }
        throw NoServer(name: name)
    }

    private func whileRunning(_ started: (server: Server, port: Int), _ body: () async throws -> Void) async throws {
        try await whileRunning(started.server, body)
    }

    private func whileRunning(_ server: Server, _ body: () async throws -> Void) async throws {
        do { try await body() } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }
}

/// How long the real server pushes; `PREWARM_ENGINE_SECONDS` for longer.
private let pushingSeconds = ProcessInfo.processInfo.environment["PREWARM_ENGINE_SECONDS"].flatMap { Int($0) } ?? 17
private let areEnginesAsked = ProcessInfo.processInfo.environment["PREWARM_ENGINES"] == "1"

private struct NoServer: Error {
    let name: String
}

/// A program that runs until it is stopped.
private final class Server {
    let process: Process
    private let errors: URL

    init(in directory: URL, _ name: String, _ program: String, _ arguments: [String]) throws {
        errors = directory.appending(path: "\(name).log")
        process = try BuiltBinary.started(
            program, arguments, output: directory.appending(path: "\(name).out"), errors: errors)
    }

    func log() -> String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// The port in its log, once it is there.
    func port(in line: Regex<(Substring, Substring)>) async throws -> Int {
        var port: Int?
        _ = await eventually {
            port = log().firstMatch(of: line).flatMap { Int($0.1) }
            return port != nil
        }
        return try #require(port, "\(log())")
    }

    func stop() async {
        if process.isRunning { kill(process.processIdentifier, SIGTERM) }
        await BuiltBinary.ended(process)
    }
}
