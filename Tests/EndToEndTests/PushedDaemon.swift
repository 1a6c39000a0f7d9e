import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// A daemon with a store and no workloads.
final class PushedDaemon: Sendable {
    let port: Int
    private let process: Process

    /// `flush`: how often the head goes to the database; 5 minutes unless given.
    init(_ path: String, _ directory: URL, flush: String? = nil) async throws {
        let arguments =
            try flush.map { ["--config", try Self.config(path, directory, flush: $0)] }
            ?? ["--db", path, "--listen", "127.0.0.1:0"]
        let errors = directory.appending(path: "log")
        let process = try BuiltBinary.started(
            BuiltBinary.path, ["daemon"] + arguments,
            output: directory.appending(path: "out"), errors: errors)
        var found = 0
        let isUp = await eventually {
            let log = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
            guard let match = log.firstMatch(of: /address=127\.0\.0\.1:(\d+)/) else { return false }
            found = Int(match.1) ?? 0
            return found > 0
        }
        (self.process, port) = (process, found)
        try #require(isUp, "\((try? String(contentsOf: errors, encoding: .utf8)) ?? "")")
    }

    /// Only a configuration says how often is flushed, and it wants a workload: one of which nothing is known.
    private static func config(_ path: String, _ directory: URL, flush: String) throws -> String {
        let config = directory.appending(path: "daemon.yaml")
        try """
        store: {path: \(path), flush: \(flush)}
        listen: {address: 127.0.0.1:0}
        workloads:
          - name: idle
            demand: {series: none, kind: gauge}
            capacity: {perInstance: 1}
            limits: {min: 0, max: 1}
            trust: shadow
        """.write(to: config, atomically: true, encoding: .utf8)
        return config.path
    }

    /// What was answered to JSON lines; nil where nobody did.
    func push(_ lines: String) async -> (status: Int, body: String)? {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v1/import")
        request.method = .POST
        request.body = .bytes(ByteBuffer(string: lines))
        return await answer(request)
    }

    func get(_ path: String) async -> (status: Int, body: String)? {
        await answer(HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"))
    }

    private func answer(_ request: HTTPClientRequest) async -> (status: Int, body: String)? {
        guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(30)),
            let body = try? await response.body.collect(upTo: 1 << 20)
        else { return nil }
        return (Int(response.status.code), String(buffer: body))
    }

    func stop() { Foundation.kill(process.processIdentifier, SIGTERM) }
    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }
    func ended() async { await BuiltBinary.ended(process) }
}
