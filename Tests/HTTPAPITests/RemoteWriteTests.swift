import HTTPAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Ports
import Series
import TestSupport
import Testing
import WireFormats

/// `POST /api/v1/write`: what a sender sees for all that can happen.
@Suite struct RemoteWriteTests {
    private static let one: HTTPFields = .fields([
        ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
    ])
    private static let two: HTTPFields = .fields([
        ("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"), ("Content-Encoding", "snappy"),
    ])
    private static let request = snappyCompress(
        Proto.writeRequest([
            ([("__name__", "up"), ("job", "a")], 1.5, 1_000), ([("__name__", "up"), ("job", "b")], -2, 2_000),
        ]))

    @Test func versionOneIsStored() async throws {
        let store = ScriptedStore()
        try await withAPI(store) { client async throws in
            let response = try await client.post("/api/v1/write", Self.request, Self.one)
            #expect(response.status == .noContent && response.text.isEmpty)
            #expect(response.header("X-Prometheus-Remote-Write-Samples-Written") == nil)
        }
        #expect(try await store.stored() == [#"up{job="a"} 1000 1.5"#, #"up{job="b"} 2000 -2.0"#])
    }

    @Test func versionTwoIsStoredAndTellsHowMany() async throws {
        let store = ScriptedStore()
        try await withAPI(store) { client async throws in
            let body = snappyCompress(Proto.writeRequest2([(1, 1_000), (2, 2_000)]))
            let response = try await client.post("/api/v1/write", body, Self.two)
            #expect(response.status == .noContent)
            #expect(response.header("X-Prometheus-Remote-Write-Samples-Written") == "2")
            #expect(response.header("X-Prometheus-Remote-Write-Histograms-Written") == "0")
            #expect(response.header("X-Prometheus-Remote-Write-Exemplars-Written") == "0")
        }
        #expect(try await store.stored() == [#"up{job="a"} 1000 1.0"#, #"up{job="a"} 2000 2.0"#])
    }

    @Test func whatIsSpokenIsTold() async throws {
        let supported = [
            "application/x-protobuf", "Application/X-Protobuf; proto=\"prometheus.WriteRequest\"",
            "application/x-protobuf;proto=prometheus.WriteRequest",
        ]
        try await withAPI(ScriptedStore()) { client async throws in
            for type in supported {
                let headers = HTTPFields.fields([("Content-Type", type), ("Content-Encoding", "snappy")])
                #expect(try await client.post("/api/v1/write", Self.request, headers).status == .noContent, "\(type)")
            }
            for (type, encoding) in [
                ("text/plain", "snappy"), ("application/x-protobuf;proto=x.Y", "snappy"), ("", "snappy"),
                ("application/x-protobuf", "gzip"), ("application/x-protobuf", ""),
            ] {
                let headers = HTTPFields.fields([("Content-Type", type), ("Content-Encoding", encoding)])
                let response = try await client.post("/api/v1/write", Self.request, headers)
                #expect(response.status == .unsupportedMediaType && response.text.contains("supported"), "\(type)")
            }
        }
    }

    @Test func whatCannotBeReadIsRefusedForGood() async throws {
        let store = ScriptedStore()
        let bodies: [([UInt8], HTTPFields)] = [
            ([], Self.one), (Array("no snappy".utf8), Self.one), (Array(Self.request.dropLast(3)), Self.one),
            (snappyCompress([0x0A, 0x7F]), Self.one), (snappyCompress(Proto.bytes(5, Proto.bytes(1, [9]))), Self.two),
        ]
        try await withAPI(store) { client async throws in
            for (body, headers) in bodies {
                let response = try await client.post("/api/v1/write", body, headers)
                #expect(response.status == .badRequest && response.text.contains("byte "), "\(response.text)")
            }
        }
        #expect(try await store.stored() == [])
    }

    @Test func largeRequestsAreRefusedBeforeTheyAreHeld() async throws {
        var limits = APILimits()
        (limits.body, limits.decompressed) = (1_000, 2_000)
        try await withAPI(ScriptedStore(), limits: limits) { client async throws in
            let large = try await client.post("/api/v1/write", [UInt8](repeating: 0, count: 1_001), Self.one)
            #expect(large.status == .contentTooLarge && large.text.contains("over 1000 bytes"))
            let bomb = try await client.post(
                "/api/v1/write", snappyCompress([UInt8](repeating: 0, count: 2_001)), Self.one)
            #expect(bomb.status == .contentTooLarge && bomb.text.contains("2000 bytes after decompression"))
        }
    }

    @Test func theStoresAnswersBecomeStatuses() async throws {
        let cases: [(StoreError.Code, HTTPResponse.Status, retryAfter: String?)] = [
            (.full, .tooManyRequests, "1"), (.busy, .serviceUnavailable, "1"), (.unwritable, .internalServerError, nil),
            (.corrupt, .internalServerError, nil), (.tooLarge, .contentTooLarge, nil),
            (.cancelled, .serviceUnavailable, "1"),
        ]
        for (code, status, retryAfter) in cases {
            try await withAPI(ScriptedStore(.fail(StoreError(code, "the store says why")))) { client async throws in
                let response = try await client.post("/api/v1/write", Self.request, Self.one)
                #expect(response.status == status && response.header("Retry-After") == retryAfter, "\(code)")
                #expect(response.text.contains("the store says why"))
            }
        }
    }

    @Test func whatTheStoreRefusesIsCountedAndTheRestKept() async throws {
        let outcome = WriteOutcome(accepted: 7, badNames: 1, tooOld: 2, overLimit: 3)
        try await withAPI(ScriptedStore(.refuse(outcome))) { client async throws in
            let response = try await client.post(
                "/api/v1/write", snappyCompress(Proto.writeRequest2([(1, 1)])), Self.two)
            #expect(response.status == .badRequest)
            #expect(response.header("X-Prometheus-Remote-Write-Samples-Written") == "7")
            #expect(
                response.text.contains(
                    "stored 7 samples and refused 1 whose names or labels will not do, 2 that are too old, "
                        + "3 of new series, of which there are as many as may be"), "\(response.text)")
        }
    }

    /// Native histograms and the like are no samples; how many came stands in the metrics.
    @Test func whatIsNoSampleIsCounted() async throws {
        let name = Proto.bytes(1, Proto.text(1, "__name__") + Proto.text(2, "h"))
        let series = name + Proto.bytes(4, []) + Proto.bytes(4, []) + Proto.bytes(3, []) + Proto.sample(1, 1)
        let stale = Proto.sample(Double(bitPattern: 0x7FF0_0000_0000_0002), 2)
        try await withAPI(ScriptedStore()) { client async throws in
            let body = snappyCompress(Proto.bytes(1, series + stale))
            #expect(try await client.post("/api/v1/write", body, Self.one).status == .noContent)
            let metrics = try await client.get("/metrics").text
            for line in [
                #"pushed_samples_total{outcome="stored"} 1.0"#, #"pushed_samples_total{outcome="too_old"} 0.0"#,
                #"pushed_skipped_total{kind="histogram"} 2.0"#, #"pushed_skipped_total{kind="exemplar"} 1.0"#,
                #"pushed_skipped_total{kind="stale_mark"} 1.0"#,
            ] { #expect(metrics.contains("prewarm_" + line), "\(line) in \(metrics)") }
        }
    }

    @Test func badNamesDoNotTakeTheOthersWithThem() async throws {
        let store = ScriptedStore()
        let body = snappyCompress(Proto.writeRequest([([("__name__", "1x")], 1, 1), ([("__name__", "x")], 2, 2)]))
        try await withAPI(store) { client async throws in
            let response = try await client.post("/api/v1/write", body, Self.one)
            #expect(response.status == .badRequest && response.text.contains("stored 1 samples and refused 1 whose"))
        }
        #expect(try await store.stored() == ["x 2 2.0"])
    }

    @Test(.timeLimit(.minutes(1))) func oneTooManyIsToldToComeAgain() async throws {
        var limits = APILimits()
        (limits.pushes, limits.waiting) = (1, 0)
        let store = ScriptedStore(.hold)
        try await withAPI(store, limits: limits) { client async throws in
            async let first = client.post("/api/v1/write", Self.request, Self.one)
            #expect(await eventually { await store.entered == 1 })
            let second = try await client.post("/api/v1/write", Self.request, Self.one)
            #expect(second.status == .tooManyRequests && second.header("Retry-After") == "1")
            await store.follow(.pass)
            #expect(try await first.status == .noContent)
            #expect(try await client.post("/api/v1/write", Self.request, Self.one).status == .noContent)
        }
    }

    @Test(.timeLimit(.minutes(1))) func whoWaitsIsServedInTheEnd() async throws {
        var limits = APILimits()
        (limits.pushes, limits.waiting) = (2, 40)
        let store = ScriptedStore(.hold)
        try await withAPI(store, limits: limits) { client async throws in
            try await withThrowingTaskGroup(of: HTTPResponse.Status.self) { group in
                for _ in 0..<40 {
                    group.addTask { try await client.post("/api/v1/write", Self.request, Self.one).status }
                }
                #expect(await eventually { await store.entered == 2 })
                await store.follow(.pass)
                for try await status in group { #expect(status == .noContent) }
            }
        }
        #expect(await store.entered == 40)
    }

    @Test func storageIsUsedAgainWithoutATrace() async throws {
        let store = ScriptedStore()
        try await withAPI(store) { client async throws in
            for round in 0..<20 {
                let body = Proto.writeRequest(
                    (0..<(20 - round)).map { ([("__name__", "m"), ("i", "\($0)")], Double(round), 1_000 * round) })
                let response = try await client.post("/api/v1/write", snappyCompress(body), Self.one)
                #expect(response.status == .noContent)
                _ = try await client.post("/api/v1/write", snappyCompress(body).dropLast(), Self.one)
            }
        }
        #expect(try await store.stored().count == (1...20).reduce(0, +))
    }
}

extension TestClientProtocol {
    fileprivate func post(
        _ path: String, _ body: ArraySlice<UInt8>, _ headers: HTTPFields
    ) async throws -> TestResponse {
        try await post(path, Array(body), headers)
    }
}
