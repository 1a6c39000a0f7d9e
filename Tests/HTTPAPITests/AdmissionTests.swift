import HTTPAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing

/// Who is let in, and for how long.
@Suite struct AdmissionTests {
    private static let line = #"{"metric":{"__name__":"a"},"values":[1],"timestamps":[1000]}"#
    private static let bearer: HTTPFields = .fields([("Authorization", "Bearer 0123456789abcdef")])

    @Test func changesNeedTheToken() async throws {
        let store = ScriptedStore()
        try await withAPI(store, token: "0123456789abcdef") { client async throws in
            for path in ["/api/v1/import", "/api/v1/import/csv?metric=a", "/api/v1/write"] {
                let response = try await client.post(path, Self.line)
                #expect(response.status == .unauthorized && response.header("WWW-Authenticate") == "Bearer", "\(path)")
            }
            for wrong in ["Bearer 0123456789abcdeF", "Bearer", "0123456789abcdef"] {
                let headers = HTTPFields.fields([("Authorization", wrong)])
                #expect(try await client.post("/api/v1/import", Self.line, headers).status == .unauthorized)
            }
            #expect(try await store.stored() == [])
            #expect(try await client.post("/api/v1/import", Self.line, Self.bearer).status == .noContent)
        }
    }

    @Test func readsNeedItWhereOthersCanCall() async throws {
        let form = HTTPFields.fields([("Content-Type", "application/x-www-form-urlencoded")])
        for (host, status) in [("127.0.0.1", HTTPResponse.Status.ok), ("0.0.0.0", .unauthorized)] {
            try await withAPI(ScriptedStore(), host: host, token: "0123456789abcdef") { client async throws in
                let statuses = [
                    try await client.post("/api/v1/query", "query=1", form).status,
                    try await client.get("/api/v1/labels").status, try await client.get("/metrics").status,
                ]
                #expect(statuses == [status, status, status], "\(host)")
                #expect(try await client.get("/api/v1/labels", Self.bearer).status == .ok)
                #expect(try await client.get("/healthz").status == .ok)
            }
        }
    }

    @Test func webPagesMayNotChangeAnything() async throws {
        let headers = HTTPFields.fields([("Origin", "http://evil.example")])
        try await withAPI(ScriptedStore()) { client async throws in
            #expect(try await client.post("/api/v1/import", Self.line, headers).status == .forbidden)
            #expect(try await client.post("/api/v1/write", "", headers).status == .forbidden)
        }
    }

    /// A sender that lets its body drip is told so and cut off, though it goes on.
    @Test(.timeLimit(.minutes(1))) func slowSendersAreCut() async throws {
        var limits = APILimits()
        limits.sending = .milliseconds(200)
        let start = ContinuousClock.now
        try await withAPI(ScriptedStore(), limits: limits, uptime: { ContinuousClock.now - start }, .live) {
            client async throws in
            let port = try #require(client.port)
            let script = """
                exec 3<>/dev/tcp/127.0.0.1/\(port)
                printf 'POST /api/v1/import HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 100000\\r\\n\\r\\n' >&3
                (for ((i = 0; i < 500; i++)); do printf x >&3 2>/dev/null || exit 0; sleep 0.05; done) &
                timeout 20 cat <&3; echo "status $?"; kill $! 2>/dev/null; true
                """
            let outcome = try await BuiltBinary.run("bash", ["-c", script], boundSeconds: 40)
            #expect(outcome.output.contains("HTTP/1.1 408"), "\(outcome.output)")
            #expect(!outcome.output.contains("status 124"), "the connection is closed by the server")
        }
    }

    @Test(.timeLimit(.minutes(1))) func silentSendersAreCut() async throws {
        var limits = APILimits()
        limits.idle = .milliseconds(300)
        try await withAPI(ScriptedStore(), limits: limits, .live) { client async throws in
            let port = try #require(client.port)
            let script = """
                exec 3<>/dev/tcp/127.0.0.1/\(port)
                printf 'POST /api/v1/import HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 100000\\r\\n\\r\\nhalf' >&3
                timeout 20 cat <&3 >/dev/null; echo "status $?"
                """
            let outcome = try await BuiltBinary.run("bash", ["-c", script], boundSeconds: 40)
            #expect(!outcome.output.contains("status 124"), "the connection is closed by the server")
        }
    }
}
