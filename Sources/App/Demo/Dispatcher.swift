package import AsyncHTTPClient
import Hummingbird
package import Logging
import NIOCore
import NIOHTTP1

/// The balancer in front of a fleet: takes `/work`, waits for a free slot of a ready instance, passes the request on.
package struct Dispatcher: Sendable {
    private let queue: SlotQueue
    private let client: HTTPClient
    private let logger: Logger
    /// One cut may stop several instances, and it takes a moment until that is known here.
    private static let attempts = 4
    /// How long one instance may take to answer.
    private let answerLimit = TimeAmount.seconds(10)

    package init(queue: SlotQueue, client: HTTPClient, logger: Logger) {
        (self.queue, self.client, self.logger) = (queue, client, logger)
    }

    /// Serves on a free port of 127.0.0.1, which `onListening` is told, until cancelled.
    package func run(onListening: @escaping @Sendable (Int) -> Void) async throws {
        let routes: [String: LoopbackServer.Handler] = ["/work": { try await respond(to: $0) }]
        try await LoopbackServer(port: 0, routes: routes, onListening: onListening).run()
    }

    /// A client that goes away takes its request out of the queue. The connection ends with the answer, because watching
    /// for that uses it up.
    private func respond(to request: Request) async throws -> Response {
        try await request.body.consumeWithCancellationOnInboundClose { _ in try await answer() }
    }

    /// An instance may stop while it has the request, so a failure is tried again elsewhere.
    private func answer() async throws -> Response {
        for attempt in 0..<Self.attempts {
            let endpoint: String
            do {
                endpoint = try await queue.acquire(isRetry: attempt > 0)
            } catch is SlotQueue.Full {
                return .json(#"{"error":"the queue is full"}"#, status: .serviceUnavailable, closes: true)
            }
            defer { queue.release(endpoint) }
            if let body = try await work(at: endpoint) { return .json(body, closes: true) }
            queue.avoid(endpoint)
        }
        return .json(#"{"error":"no instance that was tried has answered"}"#, status: .badGateway, closes: true)
    }

    /// The instance's answer; nil where there was none, or one that is no success.
    private func work(at endpoint: String) async throws -> String? {
        do {
            let request = HTTPClientRequest(url: "http://\(endpoint)/work")
            let response = try await client.execute(request, timeout: answerLimit)
            let body = try await response.body.collect(upTo: 65_536)
            return (200..<300).contains(response.status.code) ? String(buffer: body) : nil
        } catch {
            try Task.checkCancellation()
            logger.debug("an instance failed", metadata: ["endpoint": "\(endpoint)", "error": "\(error)"])
            return nil
        }
    }
}

/// A client whose pool never makes a request wait: what waits, waits where it is counted.
package func withDemoClient<Result: Sendable>(_ body: (HTTPClient) async throws -> Result) async throws -> Result {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8_192
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.timeout.connect = .seconds(5)
    return try await HTTPClient.withHTTPClient(configuration: configuration) { try await body($0) }
}
