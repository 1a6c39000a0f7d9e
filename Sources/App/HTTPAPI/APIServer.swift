package import CoreMetrics
import Foundation
import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
package import Ports
package import Units

/// Where the API listens and whom it lets in.
package struct APIConfiguration: Sendable {
    package let host: String
    /// 0 lets the system choose; the log tells which.
    package let port: Int
    /// What `Authorization: Bearer …` must hold on calls that change something, and on all where others than this machine can
    /// call; nil asks for nothing.
    package let token: String?
    package let limits: APILimits

    package init(host: String, port: Int, token: String?, limits: APILimits = APILimits()) {
        (self.host, self.port, self.token, self.limits) = (host, port, token, limits)
    }

    /// Whether only programs of this machine can call.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

/// What the API serves from.
package struct APISources: Sendable {
    package let store: any SampleStore
    package let decisions: any DecisionLog
    package let workloads: [WorkloadID]
    /// Prometheus text of the program's own metrics.
    package let metricsText: @Sendable () -> String
    package let now: @Sendable () -> Timestamp
    /// Since any fixed instant; never runs back.
    package let uptime: @Sendable () -> Duration
    /// Makes the counters of what is pushed.
    package let metrics: any MetricsFactory

    package init(
        store: any SampleStore, decisions: any DecisionLog, workloads: [WorkloadID],
        metricsText: @escaping @Sendable () -> String, now: @escaping @Sendable () -> Timestamp,
        uptime: @escaping @Sendable () -> Duration, metrics: any MetricsFactory
    ) {
        (self.store, self.decisions, self.workloads) = (store, decisions, workloads)
        (self.metricsText, self.now, self.uptime) = (metricsText, now, uptime)
        self.metrics = metrics
    }
}

/// The HTTP API as a service, to be run in a service group; it ends when that shuts down.
package func makeAPIServer(
    _ configuration: APIConfiguration, sources: APISources, logger: Logger
) -> some ApplicationProtocol {
    let limits = configuration.limits
    return Application(
        router: makeRouter(configuration, sources),
        server: .http1(configuration: .init(idleTimeout: limits.idle)),
        configuration: .init(
            address: .hostname(configuration.host, port: configuration.port), serverName: "prewarm",
            availableConnectionsDelegate: .maximum(limits.connections, logger: logger.quiet)),
        onServerRunning: { channel in
            let port = channel.localAddress?.port ?? configuration.port
            logger.info("listening", metadata: ["address": "\(configuration.host):\(port)"])
        },
        // Hummingbird's own start and stop lines would only repeat that.
        logger: logger.quiet)
}

private func makeRouter(_ configuration: APIConfiguration, _ sources: APISources) -> Router<APIContext> {
    let router = Router(context: APIContext.self)
    router.add(middleware: ProblemMiddleware())
    router.add(
        middleware: AdmissionMiddleware(token: configuration.token, isOpenToReads: configuration.isLoopback))
    router.get("/healthz") { _, _ in "ok\n" }
    router.get("/metrics") { _, _ in
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
            body: .init(byteBuffer: ByteBuffer(string: sources.metricsText())))
    }
    router.get("/api/v1/workloads") { _, _ in try await workloadList(sources) }
    router.get("/api/v1/decisions") { request, _ in try await decisionList(request, sources) }
    addSampleRoutes(to: router, configuration.limits, sources)
    return router
}

/// Every way of samples in and out.
private func addSampleRoutes(to router: Router<APIContext>, _ limits: APILimits, _ sources: APISources) {
    let reader = BodyReader(limits: limits, uptime: sources.uptime)
    let admission = PushAdmission(reader)
    let queryGate = Gate(places: limits.queries, waiting: limits.waiting)
    let sink = PushSink(sources.store, sources.metrics)
    let write = RemoteWriteRoute(sink: sink, admission: admission)
    router.post("/api/v1/write") { request, _ in try await write(request) }
    let imports = ImportRoutes(sink: sink, admission: admission, now: sources.now)
    router.post("/api/v1/import") { request, _ in try await imports.jsonLines(request) }
    router.post("/api/v1/import/csv") { request, _ in try await imports.csv(request) }
    router.post("/api/v1/import/prometheus") { request, _ in try await imports.exposition(request) }
    let otlp = OTLPRoute(sink: sink, admission: admission)
    router.post("/v1/metrics") { request, _ in try await otlp(request) }
    let read = RemoteReadRoute(store: sources.store, reader: reader, gate: queryGate)
    router.post("/api/v1/read") { request, _ in try await read(request) }
    QueryRoutes(store: sources.store, reader: reader, gate: queryGate, now: sources.now).add(to: router)
}

/// What a request is handled with.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection, which is cut where a sender does not keep to the limits.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        (coreContext, channel) = (CoreRequestContextStorage(source: source), source.channel)
    }
}

extension Logger {
    fileprivate var quiet: Logger {
        var logger = self
        logger.logLevel = .warning
        return logger
    }
}

/// Whom the API lets in: to changes nobody who was sent by a web page, and with a token whoever carries it.
private struct AdmissionMiddleware: RouterMiddleware {
    /// Reads that are posted because their parameters are long.
    private static let postedReads: Set = [
        "/api/v1/query", "/api/v1/query_range", "/api/v1/labels", "/api/v1/series", "/api/v1/read",
    ]

    let token: String?
    let isOpenToReads: Bool

    func handle(
        _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let isRead = isRead(request)
        // A page open in the user's browser could otherwise post to the loopback address.
        guard isRead || request.headers[.origin] == nil else {
            throw Problem(.forbidden, "calls from web pages are refused")
        }
        guard let token, !(isRead && isOpen(request)) else { return try await next(request, context) }
        guard let given = request.headers[.authorization], isEqual(given, "Bearer \(token)") else {
            throw Problem(.unauthorized, "send the token: `Authorization: Bearer …`, as in the configured tokenFile")
        }
        return try await next(request, context)
    }

    private func isRead(_ request: Request) -> Bool {
        request.method == .get || request.method == .head || Self.postedReads.contains(request.uri.path)
    }

    /// Whoever looks after the machine may ask whether the program is well.
    private func isOpen(_ request: Request) -> Bool { isOpenToReads || request.uri.path == "/healthz" }
}

/// Whether two texts are equal, in a time that tells nothing about where they differ.
private func isEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    return a.count == b.count && zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
}
