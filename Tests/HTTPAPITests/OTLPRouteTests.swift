import HTTPAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Ports
import Testing
import WireFormats

/// `POST /v1/metrics`, in both encodings.
@Suite struct OTLPRouteTests {
    private static let json: HTTPFields = .fields([("Content-Type", "application/json; charset=utf-8")])
    private static let protobuf: HTTPFields = .fields([("Content-Type", "application/x-protobuf")])

    private static func message(_ names: [String]) -> String {
        let metrics = names.map {
            #"{"name":"\#($0)","gauge":{"dataPoints":[{"timeUnixNano":"5000000000","asDouble":1.5}]}}"#
        }.joined(separator: ",")
        return
            #"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"web"}}]},"#
            + #""scopeMetrics":[{"metrics":[\#(metrics)]}]}]}"#
    }

    /// The same of one metric `q`, in protobuf.
    private static var protobufMessage: [UInt8] {
        let time = [0x19] + (0..<8).map { UInt8(truncatingIfNeeded: UInt64(5_000_000_000) >> (8 * UInt64($0))) }
        let value = [0x21] + (0..<8).map { UInt8(truncatingIfNeeded: 1.5.bitPattern >> (8 * UInt64($0))) }
        let gauge = Proto.bytes(5, Proto.bytes(1, time + value))
        let attribute = Proto.bytes(1, Proto.text(1, "service.name") + Proto.bytes(2, Proto.text(1, "web")))
        return Proto.bytes(
            1, Proto.bytes(1, attribute) + Proto.bytes(2, Proto.bytes(2, Proto.text(1, "q") + gauge)))
    }

    @Test func bothEncodingsAreStoredAndAnsweredInKind() async throws {
        let store = ScriptedStore()
        try await withAPI(store) { client async throws in
            let json = try await client.post("/v1/metrics", Self.message(["queue.length"]), Self.json)
            #expect(json.status == .ok && json.text == "{}" && json.header("Content-Type") == "application/json")
            let protobuf = try await client.post("/v1/metrics", Self.protobufMessage, Self.protobuf)
            #expect(protobuf.status == .ok && protobuf.body.readableBytes == 0)
            #expect(protobuf.header("Content-Type") == "application/x-protobuf")
            let other = try await client.post("/v1/metrics", "x", .fields([("Content-Type", "text/plain")]))
            #expect(other.status == .unsupportedMediaType)
        }
        #expect(try await store.stored() == [#"q{job="web"} 5000 1.5"#, #"queue_length{job="web"} 5000 1.5"#])
    }

    @Test func whatIsRefusedIsAPartialSuccess() async throws {
        let refusing = ScriptedStore(.refuse(WriteOutcome(accepted: 1, tooOld: 2)))
        try await withAPI(refusing) { client async throws in
            let json = try await client.post("/v1/metrics", Self.message(["", "a"]), Self.json)
            #expect(json.status == .ok)
            #expect(
                json.text.hasPrefix(#"{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"'"#), "\(json.text)")
            #expect(json.text.contains("stored 1 samples and refused 2 that are too old"))
            let protobuf = try await client.post("/v1/metrics", Self.protobufMessage, Self.protobuf)
            let told = OTLPAnswer(
                rejectedPoints: 2, problem: "stored 1 samples and refused 2 that are too old; do not send those again")
            #expect(Array(buffer: protobuf.body) == told.protobuf)
        }
    }

    @Test func failuresAreStatusMessages() async throws {
        try await withAPI(ScriptedStore()) { client async throws in
            let json = try await client.post("/v1/metrics", "{", Self.json)
            #expect(json.status == .badRequest && json.text.hasPrefix(#"{"code":3,"message":"OTLP metrics: byte "#))
            let protobuf = try await client.post("/v1/metrics", [0x0A, 0x09], Self.protobuf)
            #expect(protobuf.status == .badRequest && Array(buffer: protobuf.body).starts(with: [0x08, 3, 0x12]))
        }
        for (code, status, number) in [
            (StoreError.Code.full, HTTPResponse.Status.tooManyRequests, 8), (.busy, .serviceUnavailable, 14),
            (.corrupt, .internalServerError, 13),
        ] {
            try await withAPI(ScriptedStore(.fail(StoreError(code, "says why")))) { client async throws in
                let response = try await client.post("/v1/metrics", Self.message(["a"]), Self.json)
                #expect(response.status == status && response.text == #"{"code":\#(number),"message":"says why"}"#)
                #expect((response.header("Retry-After") == "1") == (number != 13))
            }
        }
    }

    @Test func answersAreTheProtocolsBytes() {
        #expect(OTLPAnswer().protobuf == [])
        #expect(
            OTLPAnswer(rejectedPoints: 300, problem: "no").protobuf == [0x0A, 7, 0x08, 0xAC, 2, 0x12, 2, 0x6E, 0x6F])
        #expect(OTLPStatus(code: 8, message: "a").protobuf == [0x08, 8, 0x12, 1, 0x61])
    }
}
