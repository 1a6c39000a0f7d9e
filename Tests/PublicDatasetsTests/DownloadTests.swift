import FakeServers
import Hummingbird
import NIOCore
import PublicDatasets
import Synchronization
import Testing

/// Against a real server on loopback.
@Suite struct DownloadTests {
    private static let original = [UInt8](repeating: 7, count: 200_000)

    @Test func fetchesAndFollowsProgress() async throws {
        try await withServer { base in
            let seen = Mutex(0)
            let bytes = try await DatasetEntry.fake(Self.original, url: base + "/ok").download { done in
                seen.withLock { $0 = done }
            }
            #expect(bytes == Self.original)
            #expect(seen.withLock { $0 } == Self.original.count)
        }
    }

    @Test func refusesWhatIsNotTheFile() async throws {
        try await withServer { base in
            await #expect { _ = try await DatasetEntry.fake([1], url: base + "/none").download() } throws: {
                "\($0)".contains("/none: the server answers 404 Not Found; check the network, or")
            }
            await #expect { _ = try await DatasetEntry.fake([1, 2, 3], url: base + "/ok").download() } throws: {
                "\($0)".contains("more than 3 bytes, and the original has 3;")
            }
        }
    }

    /// The server takes the request and never answers.
    @Test func givesUpAfterTheLimit() async throws {
        try await withServer { base in
            await #expect {
                _ = try await DatasetEntry.fake([1], url: base + "/never").download(limit: .milliseconds(50))
            } throws: {
                "\($0)".contains("not here within")
            }
        }
    }

    @Test func saysWhereNobodyListens() async {
        await #expect {
            _ = try await DatasetEntry.fake([1], url: "http://127.0.0.1:1/f").download()
        } throws: {
            "\($0)".hasPrefix("http://127.0.0.1:1/f: cannot be fetched (") && "\($0)".contains("--from")
        }
    }

    private func withServer(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
        let router = Router()
        router.get("ok") { _, _ in ByteBuffer(bytes: Self.original) }
        router.get("never") { _, _ -> String in
            try await Task.sleep(for: .seconds(30))
            return ""
        }
        try await withHTTPServer(router, body)
    }
}
