import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension DatasetEntry {
    /// Fetches the original. At most its known size is taken in, and nothing goes on past `limit`.
    ///
    /// `onProgress` gets the bytes received so far.
    /// - Throws: `DatasetError`; also when the task is cancelled.
    package func download(
        limit: Duration = .seconds(120), clock: some Clock<Duration> = ContinuousClock(),
        onProgress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask { try await receive(onProgress) }
            group.addTask {
                try await clock.sleep(for: limit)
                throw DatasetError.unreachable(url: url, problem: "not here within \(limit)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    private func receive(_ onProgress: @Sendable (Int) -> Void) async throws -> [UInt8] {
        do {
            return try await HTTPClient.withHTTPClient(configuration: .oneFile) { client in
                try await receive(with: client, onProgress)
            }
        } catch let error as DatasetError {
            throw error
        } catch {
            throw DatasetError.unreachable(url: url, problem: "cannot be fetched (\("\(error)".prefix(120)))")
        }
    }

    private func receive(with client: HTTPClient, _ onProgress: @Sendable (Int) -> Void) async throws -> [UInt8] {
        let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(60))
        guard response.status.code == 200 else {
            throw DatasetError.unreachable(url: url, problem: "the server answers \(response.status)")
        }
        var received: [UInt8] = []
        for try await chunk in response.body {
            received += chunk.readableBytesView
            onProgress(received.count)
            guard received.count <= bytes else {
                throw DatasetError.wrongSize(source: url, found: received.count, expected: bytes)
            }
        }
        return received
    }
}

extension HTTPClient.Configuration {
    /// Follows redirects, and says at once that nobody listens instead of trying on until the deadline.
    fileprivate static var oneFile: Self {
        var configuration = Self(timeout: .init(connect: .seconds(15), read: .seconds(30)))
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
