import AsyncHTTPClient
import FakeServers
import Hummingbird
import NIOCore
import RemotePrometheus
import Series
import Synchronization
import Testing
import Units
import WireFormats

/// Requests and answers over real HTTP on loopback.
@Suite struct ClientTests {
    static let range = Timestamp(secondsSinceEpoch: 600)..<Timestamp(secondsSinceEpoch: 1_200)

    @Test func asksAndReadsWhatAServerSays() async throws {
        let fake = FakePrometheus(series: [["__name__": "m", "job": "a"], ["__name__": "m", "job": "b"]]) {
            series, time in
            time == 660 ? .nan : time == 720 ? .infinity : Double(time) + Double(series) / 8
        }
        let page = try await page(of: fake.router, token: "secret", query: #"m{job=~"a|b"} + 0"#)
        let question = try #require(fake.questions.first)
        #expect(question.start == 600 && question.end == 1_140 && question.step == 60 && question.token == "secret")
        #expect(question.query == #"m{job=~"a|b"} + 0"#)
        #expect(page.batch.keys.map(\.description) == [#"m{job="a"}"#, #"m{job="b"}"#])
        let values = page.batch.columns.map(\.values)
        let finite = stride(from: 780, to: 1_200, by: 60).map { Double($0) + 0.125 }
        #expect(values[1] == [600.125, .infinity] + finite)
        #expect(page.batch.columns[0].timestamps[1] == Timestamp(secondsSinceEpoch: 720) && !page.isPartial)
    }

    @Test func eachRefusalHasItsRemedy() async throws {
        let cases: [(Int, String, [String: String], RemoteError.Remedy, String)] = [
            (503, "", ["Retry-After": "7"], .waiting(seconds: 7), "answers 503: (nothing)"),
            (500, "oops", [:], .waiting(seconds: nil), "answers 500: oops"),
            (429, "slow", ["Retry-After": "0"], .waiting(seconds: 0), "answers 429: slow"),
            (
                422,
                #"{"status":"error","errorType":"execution","error":"query processing would load too many samples"}"#,
                [:], .askingForLess, "too many samples"
            ),
            (
                503, #"{"status":"error","errorType":"timeout","error":"query timed out"}"#, [:], .askingForLess,
                "timed out"
            ),
            (
                400, #"{"status":"error","errorType":"bad_data","error":"parse error"}"#, [:], .none,
                "answers 400: parse error"
            ),
            (401, "who", [:], .none, "--token-file"), (404, "no", [:], .none, "before /api/v1"),
            (302, "", ["Location": "http://evil.example/"], .none, "sends us to http://evil.example/"),
        ]
        for (status, body, headers, remedy, text) in cases {
            let fake = FakePrometheus(series: []) { _, _ in nil }
            fake.fail(0, .status(status, body: body, headers: headers))
            let error = await #expect(throws: RemoteError.self) { _ = try await page(of: fake.router) }
            #expect(
                error?.remedy == remedy && "\(error?.description ?? "")".contains(text), "\(error?.description ?? "")")
            #expect(fake.questions.count == 1)
        }
    }

    @Test func takesInNoMoreThanTheLimitAndWaitsNoLonger() async throws {
        let router = Router()
        router.post("/big/api/v1/query_range") { _, _ in ByteBuffer(repeating: 32, count: 100_000) }
        router.post("/slow/api/v1/query_range") { _, _ -> String in
            try await Task.sleep(for: .seconds(60))
            return ""
        }
        router.post("/half/api/v1/query_range") { _, _ in #"{"status":"success","data":{"resultType":"ma"# }
        var limits = PrometheusClient<ContinuousClock>.Limits()
        limits.bytes = 50_000
        for (path, remedy) in [
            ("/big", RemoteError.Remedy.askingForLess), ("/slow", .askingForLess), ("/half", .waiting(seconds: nil)),
        ] {
            // Short only where the wait is meant: a busy machine takes its time.
            limits.seconds = path == "/slow" ? 0.3 : 60
            let bounds = limits
            let error = await #expect(throws: RemoteError.self) {
                _ = try await page(of: router, path: path, limits: bounds)
            }
            #expect(error?.remedy == remedy, "\(path): \(error?.description ?? "")")
        }
        let nobody = await #expect(throws: RemoteError.self) { _ = try await ask("http://127.0.0.1:1") }
        #expect(nobody?.remedy == .waiting(seconds: nil))
    }

    @Test func remoteReadGivesSamplesAsTheyAre() async throws {
        let key = try SeriesKey(metric: "m", labels: [.init(name: "job", value: "a")])
        let kept = SampleColumns(
            timestamps: [600_001, 1_199_999].map(Timestamp.init(millisecondsSinceEpoch:)), values: [1.5, -.infinity])
        let asked = Mutex<ReadRequest?>(nil)
        let router = Router()
        router.post("/api/v1/read") { request, _ -> Response in
            var message: [UInt8] = []
            let body = Array(buffer: try await request.body.collect(upTo: 1 << 20))
            try snappyDecompress(body.span, limit: 1 << 20, into: &message)
            let read = try decodeReadRequest(message.span)
            asked.withLock { $0 = read }
            #expect(request.headers[.contentEncoding] == "snappy")
            let answer = snappyCompress(encodeReadResponse([[ReadSeries(key: key, samples: kept)]]))
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(bytes: answer)))
        }
        let page = try await withHTTPServer(router) { try await Self.read($0) }
        #expect(page.batch.keys == [key] && page.batch.columns[0].values == kept.values)
        #expect(page.batch.columns[0].timestamps == kept.timestamps)
        let query = try #require(asked.withLock { $0 }?.queries.first)
        #expect(query.start == Self.range.lowerBound && query.end.millisecondsSinceEpoch == 1_199_999)
        #expect(query.matchers == [ReadMatcher(.equal, "__name__", "m"), ReadMatcher(.equal, "job", "a")])
    }

    @Test func garbageFromRemoteReadIsAnError() async throws {
        let router = Router()
        router.post("/api/v1/read") { _, _ in "not snappy at all" }
        let error = await #expect(throws: RemoteError.self) {
            _ = try await withHTTPServer(router) { try await Self.read($0) }
        }
        #expect(error?.remedy == .askingForLess && error?.description.contains("cannot be read") == true)
    }

    private static func read(_ url: String) async throws -> HistoryPage {
        let endpoint = try Endpoint(url: url, token: nil, allowsPlain: false)
        return try await HTTPClient.withHTTPClient(configuration: .prometheus(limit: 1 << 20)) { http in
            let client = PrometheusClient(endpoint, client: http, clock: ContinuousClock())
            let selector = try SeriesSelector(parsing: #"m{job="a"}"#)
            return try await RemoteReadSource(client, endpoint: endpoint, selector: selector).page(of: range)
        }
    }

    private func page(
        of router: Router<BasicRequestContext>, path: String = "", token: String? = nil, query: String = "m",
        limits: PrometheusClient<ContinuousClock>.Limits = .init()
    ) async throws -> HistoryPage {
        try await withHTTPServer(router) { try await ask($0 + path, token: token, query: query, limits: limits) }
    }

    private func ask(
        _ url: String, token: String? = nil, query: String = "m",
        limits: PrometheusClient<ContinuousClock>.Limits = .init()
    ) async throws -> HistoryPage {
        let endpoint = try Endpoint(url: url, token: token, allowsPlain: false)
        return try await HTTPClient.withHTTPClient(configuration: .prometheus(limit: limits.bytes)) { http in
            let client = PrometheusClient(endpoint, client: http, limits: limits, clock: ContinuousClock())
            return try await QueryRangeSource(client, endpoint: endpoint, query: query, step: 60, metric: nil)
                .page(of: Self.range)
        }
    }
}
