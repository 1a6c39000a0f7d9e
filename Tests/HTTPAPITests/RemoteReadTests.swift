import HTTPAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Ports
import Series
import Testing
import Units
import WireFormats

/// `POST /api/v1/read`, asked with the client's own encoder and read with its decoder.
@Suite struct RemoteReadTests {
    private static let headers: HTTPFields = .fields([
        ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
    ])

    private func filledStore() async throws -> ScriptedStore {
        let store = ScriptedStore()
        var batch = SampleBatch()
        for (job, start) in [("a", 0), ("b", 100)] {
            let key = try SeriesKey(metric: "up", labels: [.init(name: "job", value: job)])
            for second in 0..<5 { batch.append(key, Timestamp(secondsSinceEpoch: second), Double(start + second)) }
        }
        _ = try await store.append(batch)
        return store
    }

    private func query(_ from: Int, _ to: Int, _ matchers: [ReadMatcher]) -> ReadQuery {
        ReadQuery(start: Timestamp(secondsSinceEpoch: from), end: Timestamp(secondsSinceEpoch: to), matchers: matchers)
    }

    /// The samples of an answer, as `key time value`.
    private static func rows(_ response: TestResponse) throws -> [String] {
        var (message, batch) = ([UInt8](), SampleBatch())
        try snappyDecompress(Array(buffer: response.body).span, limit: 1 << 20, into: &message)
        let outcome = try decodeReadResponse(message.span, into: &batch)
        #expect(outcome.refusedSeries == 0)
        return zip(batch.keys, batch.columns).flatMap { key, columns in
            zip(columns.timestamps, columns.values).map { "\(key) \($0.secondsSinceEpoch) \($1)" }
        }
    }

    @Test func matchersAndTimesDecide() async throws {
        let name = ReadMatcher(.equal, "__name__", "up")
        let cases: [(ReadQuery, [String])] = [
            (
                query(1, 2, [name, ReadMatcher(.equal, "job", "a")]),
                [#"up{job="a"} 1.0 1.0"#, #"up{job="a"} 2.0 2.0"#]
            ),
            (query(4, 9, [name]), [#"up{job="a"} 4.0 4.0"#, #"up{job="b"} 4.0 104.0"#]),
            (query(4, 4, [name, ReadMatcher(.notEqual, "job", "a")]), [#"up{job="b"} 4.0 104.0"#]),
            (query(4, 4, [ReadMatcher(.matches, "job", "b|c")]), [#"up{job="b"} 4.0 104.0"#]),
            (query(4, 4, [name, ReadMatcher(.matchesNot, "job", "[b-z]")]), [#"up{job="a"} 4.0 4.0"#]),
            (query(5, 9, [name]), []), (query(0, 9, [ReadMatcher(.equal, "__name__", "down")]), []),
        ]
        try await withAPI(try await filledStore()) { client async throws in
            for (query, expected) in cases {
                let body = snappyCompress(encodeReadRequest(ReadRequest(queries: [query])))
                let response = try await client.post("/api/v1/read", body, Self.headers)
                #expect(response.status == .ok && response.header("Content-Encoding") == "snappy")
                #expect(response.header("Content-Type") == "application/x-protobuf")
                #expect(try Self.rows(response) == expected, "\(query)")
            }
        }
    }

    @Test func whatCannotBeAnsweredIsTold() async throws {
        var limits = APILimits()
        limits.remoteReadSamples = 9
        let all = query(0, 9, [ReadMatcher(.equal, "__name__", "up")])
        let ask = { (query: ReadQuery) in snappyCompress(encodeReadRequest(ReadRequest(queries: [query]))) }
        let cases: [([UInt8], HTTPFields, HTTPResponse.Status, String)] = [
            (ask(all), Self.headers, .unprocessableContent, "over 9 samples"),
            (ask(query(0, 1, [ReadMatcher(.matches, "job", "(")])), Self.headers, .badRequest, "matcher on job"),
            ([1, 2, 3], Self.headers, .badRequest, "remote_read request: byte"),
            (snappyCompress([0x10, 1]), Self.headers, .badRequest, "samples are what is answered"),
            (ask(all), [:], .unsupportedMediaType, "snappy"),
        ]
        try await withAPI(try await filledStore(), limits: limits) { client async throws in
            for (body, headers, status, told) in cases {
                let response = try await client.post("/api/v1/read", body, headers)
                #expect(response.status == status && response.text.contains(told), "\(response.text)")
            }
        }
    }
}
