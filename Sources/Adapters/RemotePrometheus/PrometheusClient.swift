package import AsyncHTTPClient
package import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPCompression
internal import NIOSSL
internal import TLSTrust

/// Sends one request and takes in one bounded answer.
package struct PrometheusClient<C: Clock>: Sendable where C.Duration == Duration {
    package struct Limits: Sendable {
        /// Of an answer, after decompression.
        package var bytes = 16 << 20
        /// From the request to the end of the answer.
        package var seconds = 120.0
        package init() {}
    }

    private let endpoint: Endpoint, limits: Limits
    private let client: HTTPClient
    private let clock: C

    package init(_ endpoint: Endpoint, client: HTTPClient, limits: Limits = Limits(), clock: C) {
        (self.endpoint, self.client, self.limits, self.clock) = (endpoint, client, limits, clock)
    }

    package struct Request: Sendable {
        package let path: String
        package let headers: [(String, String)]
        package let body: [UInt8]

        package init(path: String, headers: [(String, String)], body: [UInt8]) {
            (self.path, self.headers, self.body) = (path, headers, body)
        }
    }

    /// The body of the answer with status 200.
    package func post(_ request: Request) async throws(RemoteError) -> [UInt8] {
        do {
            return try await withThrowingTaskGroup(of: [UInt8].self) { group in
                group.addTask { try await send(request) }
                group.addTask {
                    try await clock.sleep(for: .seconds(limits.seconds))
                    throw RemoteError(.askingForLess, "\(endpoint.base): no answer within \(Int(limits.seconds)) s")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? []
            }
        } catch {
            throw failure(error)
        }
    }

    private func send(_ request: Request) async throws -> [UInt8] {
        var call = HTTPClientRequest(url: endpoint.base + request.path)
        call.method = .POST
        call.tlsConfiguration = endpoint.authorities?.configuration
        for (name, value) in request.headers { call.headers.add(name: name, value: value) }
        call.headers.add(name: "Accept-Encoding", value: "gzip")
        call.headers.add(name: "User-Agent", value: "prewarm")
        if let token = endpoint.token { call.headers.add(name: "Authorization", value: "Bearer \(token)") }
        call.body = .bytes(request.body)
        let answer = try await client.execute(call, deadline: .distantFuture)
        guard answer.status == .ok else {
            let text = try? await answer.body.collect(upTo: 64 << 10)
            throw refusal(answer, text.map { String(buffer: $0) } ?? "")
        }
        return Array(buffer: try await answer.body.collect(upTo: limits.bytes))
    }

    private func failure(_ error: any Error) -> RemoteError {
        switch error {
        case let error as RemoteError: return error
        case is CancellationError: return RemoteError(.none, "cancelled")
        case is NIOTooManyBytesError, is NIOHTTPDecompression.DecompressionError:
            return RemoteError(
                .askingForLess, "\(endpoint.base): answers with more than \(limits.bytes >> 20) MiB at once")
        default:
            if let problem = tlsProblem(error, remedy: "--ca-file names the file of one, in PEM") {
                return RemoteError(.none, "\(endpoint.base): \(problem)")
            }
            return RemoteError(
                .waiting(seconds: nil), "\(endpoint.base): cannot be reached (\("\(error)".prefix(200)))")
        }
    }

    private func refusal(_ answer: HTTPClientResponse, _ body: String) -> RemoteError {
        let refusal = ServerRefusal(body)
        let text = "\(endpoint.base) answers \(answer.status.code): \(refusal.text)"
        switch answer.status.code {
        case 401, 403: return RemoteError(.none, text + "; it wants a token it knows (--token-file)")
        case 300..<400:
            let place = answer.headers.first(name: "Location") ?? "elsewhere"
            return RemoteError(.none, "\(endpoint.base) sends us to \(place); give that address if it is the right one")
        case 404: return RemoteError(.none, text + "; is the URL the one before /api/v1?")
        case 408, 429, 500...: break
        default: return RemoteError(refusal.isAboutSize ? .askingForLess : .none, text)
        }
        if refusal.isAboutSize { return RemoteError(.askingForLess, text) }
        let wait = answer.headers.first(name: "Retry-After").flatMap { retryAfter($0, now: Date()) }
        return RemoteError(.waiting(seconds: wait), text)
    }
}

/// Seconds that a `Retry-After` header asks for: a number, or a date of HTTP. Nil where it is neither.
package func retryAfter(_ text: String, now: Date) -> Double? {
    if let seconds = Double(text), seconds >= 0, seconds.isFinite { return seconds }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return formatter.date(from: text).map { max(0, $0.timeIntervalSince(now)) }
}

/// Prometheus' error document, or whatever the server said instead.
private struct ServerRefusal {
    private struct Document: Decodable { let errorType: String?, error: String? }
    let text: String
    /// Whether less at a time would be granted.
    let isAboutSize: Bool

    init(_ body: String) {
        let document = try? JSONDecoder().decode(Document.self, from: Data(body.utf8))
        let said = document?.error ?? body
        let words = said.lowercased()
        isAboutSize =
            document?.errorType == "timeout"
            || ["too many samples", "exceeded maximum resolution", "timed out", "limit"].contains { words.contains($0) }
        let line = said.prefix(300).split(whereSeparator: \.isNewline).joined(separator: " ")
        text = line.isEmpty ? "(nothing)" : line
    }
}

extension HTTPClient.Configuration {
    /// Follows no redirects, which could lead the token away, and says at once that nobody listens.
    package static func prometheus(limit bytes: Int) -> Self {
        var configuration = Self(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(15), read: .seconds(120)),
            decompression: .enabled(limit: .size(bytes)))
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
