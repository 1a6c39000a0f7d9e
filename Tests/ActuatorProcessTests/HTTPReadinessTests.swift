import ActuatorProcess
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Ports
import Synchronization
import TestSupport
import Testing
import Units

/// Readiness and warm-up over HTTP. The worker only holds the place: the test itself answers on its port.
@Suite(.timeLimit(.minutes(5))) struct HTTPReadinessTests {
    /// Each path fails twice before it succeeds, and the next is not asked before that.
    @Test func warmUpRequestsAreRetriedInOrder() async throws {
        try await withTemporaryDirectory { folder in
            let requests = RequestLog(), workload = try workload()
            var spec = try markedSpec(folder, Marker())
            (spec.readiness, spec.warmUpPaths) = (.http(path: "/healthz"), ["/load", "/compile"])
            // Other tests run beside this one, so each that listens has ports of its own.
            spec.ports = 31900...31919
            try await withActuator([workload: spec]) { actuator in
                try await actuator.scale(workload, to: 1)
                let port = try await port(actuator, workload)
                try await withServer(port, answer: { requests.add($0) <= 2 ? .serviceUnavailable : .ok }) {
                    try await waitForReady(1, actuator, workload)
                }
            }
            let expected = ["/healthz", "/load", "/compile"].flatMap { Array(repeating: $0, count: 3) }
            #expect(requests.paths == expected)
        }
    }

    @Test func failedWarmUpIsNotWarm() async throws {
        try await withTemporaryDirectory { folder in
            let requests = RequestLog(), workload = try workload()
            var spec = try markedSpec(folder, Marker())
            (spec.readiness, spec.warmUpPaths) = (.http(path: "/healthz"), ["/load"])
            (spec.readyDeadline, spec.backOff, spec.ports) = (15, 600...600, 31920...31939)
            try await withActuator([workload: spec]) { actuator in
                try await actuator.scale(workload, to: 1)
                let port = try await port(actuator, workload)
                let answer: @Sendable (String) -> HTTPResponseStatus = { path in
                    requests.add(path)
                    return path == "/load" ? .internalServerError : .ok
                }
                try await withServer(port, answer: answer) { try await waitForReasons(1, actuator, workload) }
                let report = try await actuator.observe(workload)
                #expect(requests.paths.contains("/load") && report.startupSeconds.isEmpty)
                let failure = report.instances.first?.lastFailure ?? ""
                #expect(failure.contains("/load answered 500 Internal Server Error"), "\(failure)")
            }
        }
    }

    private func port(_ actuator: ProcessActuator, _ workload: WorkloadID) async throws -> Int {
        var port: Int?
        try await eventually("no port") {
            let endpoint = try await actuator.observe(workload).instances.first?.endpoint
            port = endpoint?.split(separator: ":").last.flatMap { Int($0) }
            return port != nil
        }
        return try #require(port)
    }
}

private final class RequestLog: Sendable {
    private let log = Mutex<[String]>([])

    var paths: [String] { log.withLock { $0 } }

    /// How often the path has been asked for by now.
    @discardableResult func add(_ path: String) -> Int {
        log.withLock {
            $0.append(path)
            return $0.count { $0 == path }
        }
    }
}

/// Answers every request on the loopback port with a status and no body, while `body` works.
private func withServer(
    _ port: Int, answer: @escaping @Sendable (String) -> HTTPResponseStatus, _ body: () async throws -> Void
) async throws {
    let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(Responder(answer: answer))
            }
        }
        .bind(host: "127.0.0.1", port: port).get()
    do { try await body() } catch {
        try await server.close()
        throw error
    }
    try await server.close()
}

private final class Responder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private let answer: @Sendable (String) -> HTTPResponseStatus

    init(answer: @escaping @Sendable (String) -> HTTPResponseStatus) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let request) = unwrapInboundIn(data) else { return }
        let headers: HTTPHeaders = ["content-length": "0", "connection": "close"]
        let head = HTTPResponseHead(version: .http1_1, status: answer(request.uri), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
