import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import TestSupport
import Testing

/// What pushes may hold in memory, all together.
@Suite struct PushMemoryTests {
    private static let snappy = HTTPFields.fields([
        ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
    ])

    private static func line(_ number: Int) -> String {
        #"{"metric":{"__name__":"m\#(number)"},"values":[1],"timestamps":[1]}"# + "\n"
    }

    /// There is room for the contents of one push at a time, whichever it is, and in the end all were let in.
    @Test(.timeLimit(.minutes(1)), arguments: [1, 64, 100])
    func contentsWaitForRoom(room: Int) async throws {
        let store = ScriptedStore(.hold)
        var limits = APILimits()
        (limits.contents, limits.bodies) = (room, room)
        try await withAPI(store, limits: limits) { client async throws in
            try await withThrowingTaskGroup(of: HTTPResponse.Status.self) { group in
                for number in 0..<12 {
                    group.addTask { try await client.post("/api/v1/import", Self.line(number)).status }
                }
                #expect(await eventually { await store.entered == 1 })
                try await Task.sleep(for: .milliseconds(100))
                #expect(await store.entered == 1, "no second one has room")
                await store.follow(.pass)
                for try await status in group { #expect(status == .noContent) }
            }
        }
        #expect(try await store.stored().count == 12)
    }

    /// Sixteen at once, none of which may cost what it claims: nothing is allocated for it, and no decoder sees it.
    @Test func declaredSizesAreCheckedBeforeAnythingIsAllocated() async throws {
        let cases: [(claim: Int, status: HTTPResponse.Status)] = [
            ((1 << 32) - 1, .contentTooLarge), (1 << 31, .contentTooLarge), ((64 << 20) + 1, .contentTooLarge),
            (64 << 20, .badRequest), (1 << 20, .badRequest), (70, .badRequest),
        ]
        let store = ScriptedStore()
        try await withAPI(store) { client async throws in
            for (claim, status) in cases {
                try await withThrowingTaskGroup(of: HTTPResponse.Status.self) { group in
                    for _ in 0..<16 {
                        group.addTask {
                            try await client.post("/api/v1/write", Proto.varint(claim) + [0, 1], Self.snappy).status
                        }
                    }
                    for try await found in group { #expect(found == status, "\(claim)") }
                }
            }
        }
        #expect(await store.entered == 0)
    }

    @Test func seriesOfOnePushAreBounded() async throws {
        let store = ScriptedStore()
        let text = (0...250_000).map { "a\($0) 1\n" }.joined()
        try await withAPI(store) { client async throws in
            let answer = try await client.post("/api/v1/import/prometheus", text)
            #expect(answer.status == .badRequest && answer.text.contains("over 250000 series in one push"))
        }
        #expect(await store.entered == 0)
    }
}
