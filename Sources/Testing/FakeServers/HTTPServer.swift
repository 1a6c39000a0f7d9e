package import Hummingbird
import Logging
import ServiceLifecycle

/// Runs `body` beside a server on loopback that answers as `router` says; `body` gets its address.
///
/// The server is shut down in order, and cancelled only after it has stopped listening: a connection that is accepted in the very
/// moment of a cancellation ends the process.
package func withHTTPServer<Result: Sendable>(
    _ router: Router<BasicRequestContext>, _ body: @escaping @Sendable (String) async throws -> Result
) async throws -> Result {
    let (ports, found) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
    let server = Application(
        router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { channel in
            found.yield(channel.localAddress?.port ?? 0)
            found.finish()
        }, logger: quiet)
    var configuration = ServiceGroupConfiguration(services: [server], logger: quiet)
    // Handlers that sleep on are cancelled then.
    configuration.maximumGracefulShutdownDuration = .seconds(1)
    let services = ServiceGroup(configuration: configuration)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            // Also where it cannot start.
            defer { found.finish() }
            try await services.run()
        }
        var outcome: Swift.Result<Result, any Error> = .failure(
            FakeServerError(description: "the server did not start"))
        for await port in ports {
            do { outcome = .success(try await body("http://127.0.0.1:\(port)")) } catch { outcome = .failure(error) }
        }
        await services.triggerGracefulShutdown()
        // A shutdown that had to cancel a handler says so, and that is all right.
        _ = await group.nextResult()
        return try outcome.get()
    }
}

private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

package struct FakeServerError: Error, CustomStringConvertible { package let description: String }
