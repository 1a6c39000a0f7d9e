import Foundation
import HTTPTypes
import Hummingbird
package import Logging
import NIOCore
package import Ports
package import ServiceLifecycle
package import Units

/// Where the API listens and whom it lets in.
package struct APIConfiguration: Sendable {
    package let host: String
    /// 0 lets the system choose; the log tells which.
    package let port: Int
    /// What `Authorization: Bearer …` must hold on calls that change something; nil asks for nothing.
    package let token: String?
    /// The largest body of a push, bytes.
    package let maximumBody: Int

    package init(host: String, port: Int, token: String?, maximumBody: Int = 32 << 20) {
        (self.host, self.port, self.token, self.maximumBody) = (host, port, token, maximumBody)
    }
}

/// What the API serves from.
package struct APISources: Sendable {
    package let store: any SampleStore
    package let decisions: any DecisionLog
    package let workloads: [WorkloadID]
    /// Prometheus text of the program's own metrics.
    package let metricsText: @Sendable () -> String
    package let now: @Sendable () -> Timestamp

    package init(
        store: any SampleStore, decisions: any DecisionLog, workloads: [WorkloadID],
        metricsText: @escaping @Sendable () -> String, now: @escaping @Sendable () -> Timestamp
    ) {
        (self.store, self.decisions, self.workloads) = (store, decisions, workloads)
        (self.metricsText, self.now) = (metricsText, now)
    }
}

/// The HTTP API as a service, to be run in a service group; it ends when that shuts down.
package func makeAPIServer(
    _ configuration: APIConfiguration, sources: APISources, logger: Logger
) -> some Service {
    let router = Router(context: BasicRequestContext.self)
    router.add(middleware: ProblemMiddleware())
    router.add(middleware: AdmissionMiddleware(token: configuration.token))
    router.get("/healthz") { _, _ in "ok\n" }
    router.get("/metrics") { _, _ in
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
            body: .init(byteBuffer: ByteBuffer(string: sources.metricsText())))
    }
    router.post("/api/v1/import") { request, _ in
        try await importSamples(request, limit: configuration.maximumBody, into: sources.store)
    }
    router.get("/api/v1/workloads") { _, _ in try await workloadList(sources) }
    router.get("/api/v1/decisions") { request, _ in try await decisionList(request, sources) }
    return Application(
        router: router,
        configuration: .init(address: .hostname(configuration.host, port: configuration.port), serverName: "prewarm"),
        onServerRunning: { channel in
            let port = channel.localAddress?.port ?? configuration.port
            logger.info("listening", metadata: ["address": "\(configuration.host):\(port)"])
        },
        // Hummingbird's own start and stop lines would only repeat that.
        logger: logger.quiet)
}

extension Logger {
    fileprivate var quiet: Logger {
        var logger = self
        logger.logLevel = .warning
        return logger
    }
}

/// Whom the API lets in: nobody who was sent by a web page, and with a token whoever carries it.
private struct AdmissionMiddleware<Context: RequestContext>: RouterMiddleware {
    let token: String?

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.method != .get, request.method != .head else { return try await next(request, context) }
        // A page open in the user's browser could otherwise post to the loopback address.
        guard request.headers[.origin] == nil else { throw Problem(.forbidden, "calls from web pages are refused") }
        guard let token else { return try await next(request, context) }
        guard let given = request.headers[.authorization], isEqual(given, "Bearer \(token)") else {
            throw Problem(.unauthorized, "send the token: `Authorization: Bearer …`, as in the configured tokenFile")
        }
        return try await next(request, context)
    }
}

/// Whether two texts are equal, in a time that tells nothing about where they differ.
private func isEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    return a.count == b.count && zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
}
