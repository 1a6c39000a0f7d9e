import ConformanceKit
import Foundation
import HTTPAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernels
import Ports
import Series
import TestSupport
import Testing
import Units
import WireFormats

/// The read API, as Grafana and promtool call it.
@Suite struct ReadTests {
    private static let form: HTTPFields = .fields([("Content-Type", "application/x-www-form-urlencoded")])

    /// `requests_total` of two paths, 10 and 20 a minute, from 0 to 900 s; `load` once.
    private func filledStore() async throws -> ScriptedStore {
        let store = ScriptedStore()
        var batch = SampleBatch()
        for (path, step) in [("/a", 10.0), ("/b\"x\n", 20.0)] {
            let key = try SeriesKey(
                metric: "requests_total", labels: [.init(name: "path", value: path), .init(name: "job", value: "web")])
            for minute in 0...15 { batch.append(key, Timestamp(secondsSinceEpoch: 60 * minute), step * Double(minute)) }
        }
        batch.append(try SeriesKey(metric: "load"), Timestamp(millisecondsSinceEpoch: 990_250), 1e-7)
        _ = try await store.append(batch)
        return store
    }

    /// Calls and answers, word for word.
    @Test func answersAreAsPrometheusGivesThem() async throws {
        let calls = [
            "query_range?query=requests_total&start=840&end=960.5&step=60",
            "query_range?query=sum%20by%20(job)%20(rate(requests_total%5B5m%5D))&start=1970-01-01T00:10:00Z&end=720&step=1m",
            "query_range?query=2&start=0&end=1&step=0.5", "query_range?query=nothing&start=0&end=1&step=1",
            "query?query=requests_total%7Bpath%3D%22%2Fa%22%7D", "query?query=load&time=990.25", "query?query=load/0",
            "query?query=1%2B1", "query?query=load&time=2000",
            "labels", "labels?match[]=load", "labels?match%5B%5D=load&match%5B%5D=requests_total&limit=2",
            "label/path/values", "label/__name__/values", "label/nothing/values",
            "series?match[]=%7Bjob%3D~%22w.*%22%7D&match[]=load&match[]=load", "series?match[]=nothing",
            "metadata", "status/buildinfo",
            // What is refused.
            "query", "query?query=topk(1,load)", "query?query=load&time=noon",
            "query?query=rate(%7Bjob%3D~%22.%2B%22%7D%5B5m%5D",
            "query_range?query=load&start=0&end=1", "query_range?query=load&start=0&step=1",
            "query_range?query=load&start=0&end=1&step=x", "query_range?query=load&start=1&end=0&step=1",
            "query_range?query=load&start=0&end=11001&step=1", "query_range?query=load&start=0&end=1&step=0",
            "series", "series?match[]=load-", "labels?limit=-1", "query?query=%",
        ]
        let store = try await filledStore()
        let transcript = Transcript()
        try await withAPI(store) { client async throws in
            for call in calls {
                let response = try await client.get("/api/v1/\(call)")
                #expect(response.header("Content-Type") == "application/json", "\(call)")
                await transcript.add("GET /api/v1/\(call)\n\(response.status.code) \(response.text)\n")
            }
        }
        try expectGolden(await transcript.text, "read-api.txt")
    }

    /// `start` and `end`, both within, narrow lists to series with samples there.
    @Test func listsKeepToTheirRange() async throws {
        let store = try await filledStore(), one = "match[]=requests_total%7Bpath%3D%22%2Fa%22%7D"
        try await withAPI(store) { client async throws in
            for (call, names) in [
                ("start=900", #"["load","requests_total"]"#), ("end=900", #"["requests_total"]"#),
                ("start=900.001", #"["load"]"#), ("start=901&end=990.249", "[]"),
                ("start=990.25&end=990.25", #"["load"]"#),
                ("start=-5&end=-1", "[]"), ("start=61&end=119", "[]"), ("start=60&end=60&match[]=load", "[]"),
                ("\(one)&start=900&end=900", #"["requests_total"]"#), ("\(one)&start=901", "[]"),
            ] {
                let values = try await client.get("/api/v1/label/__name__/values?\(call)")
                #expect(values.text == #"{"status":"success","data":\#(names)}"#, "\(call)")
                let labels = try await client.get("/api/v1/labels?\(call)")
                #expect(labels.text.contains("__name__") == (names != "[]"), "\(call)")
            }
            let series = try await client.get("/api/v1/series?match[]=load&start=0&end=990")
            #expect(series.text == #"{"status":"success","data":[]}"#)
            let refused = try await client.get("/api/v1/labels?start=2&end=1")
            #expect(refused.status == .badRequest && refused.text.contains("end must not be before start"))
        }
    }

    /// Values of few digits and of many, and times with fractions, are written as Swift's shortest text has them.
    @Test func valuesAreWrittenWithTheFewestDigits() async throws {
        var rng = SplitMix64(seed: 3)
        let key = try SeriesKey(metric: "v")
        var (batch, texts) = (SampleBatch(), [String]())
        for row in 0..<5_000 {
            let digits = rng.next() % 17, number = rng.next() % UInt64(pow(10, Double(digits)))
            let scale = [1.0, 10, 100, 1_000, 1e4, 1e7][Int(rng.next() % 6)]
            let value = Double(number) / scale * (rng.next() % 2 == 0 ? 1 : -1)
            batch.append(key, Timestamp(millisecondsSinceEpoch: Int64(row) * 1_001 - 900_000), value)
            texts.append("\(value)".hasSuffix(".0") ? String("\(value)".dropLast(2)) : "\(value)")
        }
        let store = InMemorySampleStore()
        _ = try await store.append(batch)
        try await withAPI(store) { [texts] client async throws in
            let answer = try await client.get("/api/v1/query_range?query=v&start=-900&end=5000&step=1.001")
            let read =
                try JSONDecoder().decode(Matrix.self, from: Data(answer.text.utf8)).data.result.first?.values ?? []
            #expect(read.prefix(texts.count).map(\.value) == texts)
            #expect(read.prefix(texts.count).enumerated().allSatisfy { abs($1.time - Double($0) * 1.001 + 900) < 1e-6 })
        }
    }

    @Test func formsAreReadAsUrlsAre() async throws {
        let store = try await filledStore()
        try await withAPI(store) { client async throws in
            for (path, text) in [
                ("query", "query=sum(requests_total)+%2B+1"),
                ("query_range", "query=requests_total&start=0&end=600&step=60"), ("labels", "match[]=load"),
                ("series", "match%5B%5D=load"),
            ] {
                let got = try await client.get("/api/v1/\(path)?\(text)")
                let posted = try await client.post("/api/v1/\(path)", text, Self.form)
                #expect(got.status == .ok && posted.text == got.text, "\(path)")
            }
            let both = try await client.post("/api/v1/query?time=990.25", "query=load", Self.form)
            #expect(both.text.contains("990.250"))
        }
    }

    /// Random series pushed as remote_write and asked for on their own grid come back bit for bit.
    @Test func whatIsPushedIsReadBack() async throws {
        for seed in UInt64(0)..<20 {
            var rng = SplitMix64(seed: seed)
            let store = InMemorySampleStore(), count = 1 + Int(rng.next() % 50)
            let values: [[Double]] = (0..<3).map { _ in
                (0..<count).map { _ in
                    let value = Double(bitPattern: rng.next())
                    return value.isNaN ? -0.0 : value
                }
            }
            let series = values.enumerated().flatMap { index, values in
                values.enumerated().map { row, value in
                    (labels: [("__name__", "m"), ("i", "\(index)")], value: value, milliseconds: 15_000 * row + 7)
                }
            }
            let body = snappyCompress(Proto.writeRequest(series))
            try await withAPI(store) { client async throws in
                let headers = HTTPFields.fields([
                    ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
                ])
                #expect(try await client.post("/api/v1/write", body, headers).status == .noContent)
                let end = Double(15 * (count - 1)) + 0.007
                let read = try await client.get("/api/v1/query_range?query=m&start=0.007&end=\(end)&step=15")
                let answer = try JSONDecoder().decode(Matrix.self, from: Data(read.text.utf8))
                #expect(answer.data.result.map(\.metric) == (0..<3).map { ["__name__": "m", "i": "\($0)"] })
                let bits = answer.data.result.map { $0.values.compactMap { Double($0.value)?.bitPattern } }
                #expect(bits == values.map { $0.map(\.bitPattern) }, "seed \(seed)")
                let times = answer.data.result.first?.values.map { Int(($0.time * 1_000).rounded()) }
                #expect(times == (0..<count).map { 15_000 * $0 + 7 })
            }
        }
    }

    @Test func theStoresFailuresAreTold() async throws {
        for (code, status, type) in [
            (StoreError.Code.busy, HTTPResponse.Status.serviceUnavailable, "unavailable"),
            (.corrupt, .internalServerError, "internal"),
        ] {
            try await withAPI(ScriptedStore(.fail(StoreError(code, "says why")))) { client async throws in
                for path in ["query?query=a", "labels", "series?match[]=a"] {
                    let response = try await client.get("/api/v1/\(path)")
                    #expect(response.status == status, "\(path)")
                    #expect(response.text == #"{"status":"error","errorType":"\#(type)","error":"says why"}"#)
                }
            }
        }
    }

    @Test func longQueriesAreGivenUp() async throws {
        var limits = APILimits()
        limits.answering = .seconds(5)
        let clock = ManualClock(), store = try await filledStore()
        // Every look at the clock takes four seconds.
        let uptime: @Sendable () -> Duration = {
            clock.advance(by: .seconds(4))
            return clock.now.offset
        }
        try await withAPI(store, limits: limits, uptime: uptime) { client async throws in
            let response = try await client.get("/api/v1/query?query=requests_total")
            #expect(response.status == .serviceUnavailable && response.text.contains(#""errorType":"timeout""#))
            #expect(try await client.get("/api/v1/query?query=load").status == .ok)
        }
    }

    private struct Matrix: Decodable {
        struct Answer: Decodable { let result: [Series] }
        struct Series: Decodable {
            let metric: [String: String]
            let values: [Point]
        }
        struct Point: Decodable {
            let time: Double, value: String
            init(from decoder: any Decoder) throws {
                var pair = try decoder.unkeyedContainer()
                (time, value) = (try pair.decode(Double.self), try pair.decode(String.self))
            }
        }
        let data: Answer
    }
}

/// Text put together by a closure that may run elsewhere.
private actor Transcript {
    private(set) var text = ""
    func add(_ part: String) { text += part }
}
