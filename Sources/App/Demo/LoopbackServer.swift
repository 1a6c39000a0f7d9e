package import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// A small HTTP server on 127.0.0.1 that answers every path of `routes` to GET.
package struct LoopbackServer: Service {
    package typealias Handler = @Sendable (Request) async throws -> Response

    private let port: Int
    private let routes: [String: Handler]
    private let onListening: @Sendable (Int) -> Void
    /// Starts and ends of a server are of no interest to anyone here.
    private let logger = Logger(label: "loopback", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Port 0 takes a free one; `onListening` is told which, once connections are accepted.
    package init(
        port: Int, routes: [String: Handler], onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        (self.port, self.routes, self.onListening) = (port, routes, onListening)
    }

    /// Serves until cancelled or shut down gracefully; throws where the port cannot be had.
    package func run() async throws {
        let router = Router()
        for (path, handler) in routes {
            router.get(RouterPath(path)) { request, _ in try await handler(request) }
        }
        let onListening = onListening
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port), backlog: 1_024),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        do {
            try await application.run()
        } catch is CancellationError {
            return
        }
    }
}

extension Response {
    /// A JSON answer; `closes` says that the connection ends with it.
    static func json(_ text: String, status: HTTPResponse.Status = .ok, closes: Bool = false) -> Response {
        var headers: HTTPFields = [:]
        headers[.contentType] = "application/json"
        if closes { headers[.connection] = "close" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
