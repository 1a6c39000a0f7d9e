package import Hummingbird

/// Runs `body` beside a server on loopback that answers as `router` says; `body` gets its address.
package func withHTTPServer<Result: Sendable>(
    _ router: Router<BasicRequestContext>, _ body: @escaping @Sendable (String) async throws -> Result
) async throws -> Result {
    let (ports, found) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
    let server = Application(
        router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { channel in
            found.yield(channel.localAddress?.port ?? 0)
            found.finish()
        })
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            try await server.run()
            return nil
        }
        group.addTask {
            for await port in ports { return try await body("http://127.0.0.1:\(port)") }
            return nil
        }
        defer { group.cancelAll() }
        for try await result in group {
            if let result { return result }
        }
        throw FakeServerError(description: "the server ended before the test")
    }
}

package struct FakeServerError: Error, CustomStringConvertible { package let description: String }
