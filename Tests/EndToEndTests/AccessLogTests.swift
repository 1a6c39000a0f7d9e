import Foundation
import TestSupport
import Testing

/// Access logs give back the counts they were made of.
@Suite struct AccessLogTests {
    /// Two days of a public trace as the log of a server would have them, in an order that is not quite that of time.
    @Test(.enabled(if: SharedData.isPresent), .timeLimit(.minutes(2)))
    func aPublicTraceComesBack() async throws {
        let packed = SharedData.data("nasa_http_1995_1min.csv.gz").path
        let rows = try await BuiltBinary.run("zcat", [packed]).output.split(separator: "\n").dropFirst().prefix(2_880)
        let counts = try rows.map { row in
            let fields = row.split(separator: ",", omittingEmptySubsequences: false)
            return (time: String(fields[0]), count: try #require(Int(fields[1])))
        }
        try #require(counts.count == 2_880)
        try await withTemporaryDirectory { directory in
            let log = directory.appending(path: "access.log"), db = directory.appending(path: "a.db").path
            try lines(of: counts).write(to: log, atomically: true, encoding: .utf8)
            let told = try await succeed(["ingest", log.path, "--db", db, "--metric", "hits"])
            #expect(told.contains("\(counts.reduce(0) { $0 + $1.count }) lines, 2880 new samples"), "\(told)")
            let exported = try await succeed(["store", "export", "--db", db])
            let values = exported.split(separator: "\n").flatMap { line in
                (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["values"] as? [Int] ?? []
            }
            #expect(values == counts.map(\.count))
        }
    }

    private func lines(of counts: [(time: String, count: Int)]) throws -> String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var log = ""
        for row in counts {
            let found = try #require(row.time.firstMatch(of: /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d)/))
            let month = months[try #require(Int(found.2)) - 1]
            for index in 0..<row.count {
                let second = (index * 37) % 60
                let time = "\(found.3)/\(month)/\(found.1):\(found.4):\(second < 10 ? "0" : "")\(second) +0000"
                log += #"host\#(index).example - - [\#(time)] "GET /x HTTP/1.0" 200 \#(index)"# + "\n"
            }
        }
        return log
    }

    /// A real nginx under load.
    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["PREWARM_ENGINES"] == "1"), .timeLimit(.minutes(2)))
    func theLogOfNginxGivesItsCounts() async throws {
        try await withTemporaryDirectory { directory in
            let nginx = try start(in: directory)
            do {
                let isUp = try await eventually { try await get("/up", 1) == 0 }
                try #require(
                    isUp, "\((try? String(contentsOf: directory.appending(path: "log"), encoding: .utf8)) ?? "")")
                for (path, count) in [("/a", 900), ("/b", 300), ("/none", 50)] {
                    #expect(try await get(path, count) == 0)
                }
                await end(nginx)
            } catch {
                await end(nginx)
                throw error
            }
            let db = directory.appending(path: "a.db").path, log = directory.appending(path: "access.log").path
            let told = try await succeed(["ingest", log, "--db", db, "--metric", "hits", "--step", "1s"])
            #expect(!told.contains("malformed"), "\(told)")
            let exported = try await succeed(["store", "export", "--db", db])
            // What was not found is counted under no name of its own.
            #expect(try sums(exported).filter { $0.key != "/up" } == ["/a": 900, "/b": 300, "other": 50])
        }
    }

    private static let port = 19_322

    private func start(in directory: URL) throws -> Process {
        let configuration = directory.appending(path: "nginx.conf")
        try """
        daemon off; pid \(directory.path)/pid; worker_processes 1; error_log stderr;
        events {}
        http {
            access_log \(directory.path)/access.log;
            client_body_temp_path \(directory.path)/t1; proxy_temp_path \(directory.path)/t2;
            fastcgi_temp_path \(directory.path)/t3; uwsgi_temp_path \(directory.path)/t4; scgi_temp_path \(directory.path)/t5;
            server {
                listen 127.0.0.1:\(Self.port);
                location / { return 200 "ok"; }
                location /none { return 404; }
            }
        }
        """.write(to: configuration, atomically: true, encoding: .utf8)
        return try BuiltBinary.started(
            "nginx", ["-p", directory.path, "-c", configuration.path], output: directory.appending(path: "out"),
            errors: directory.appending(path: "log"))
    }

    /// So many requests, some at a time.
    private func get(_ path: String, _ count: Int) async throws -> Int32 {
        try await BuiltBinary.run(
            "curl", ["-s", "-m", "60", "-Z", "-o", "/dev/null", "http://127.0.0.1:\(Self.port)\(path)?n=[1-\(count)]"]
        ).status
    }

    private func end(_ process: Process) async {
        if process.isRunning { kill(process.processIdentifier, SIGQUIT) }
        await BuiltBinary.ended(process)
    }

    private func sums(_ exported: String) throws -> [String: Int] {
        var sums: [String: Int] = [:]
        for line in exported.split(separator: "\n") {
            let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let route = (row?["metric"] as? [String: String])?["route"] ?? ""
            sums[route, default: 0] += (row?["values"] as? [Int] ?? []).reduce(0, +)
        }
        return sums
    }
}
