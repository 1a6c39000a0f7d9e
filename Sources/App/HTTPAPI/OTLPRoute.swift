import HTTPTypes
import Hummingbird
import NIOCore
import Ports
import Series
import WireFormats

/// `POST /v1/metrics`: OpenTelemetry's OTLP/HTTP, in protobuf or JSON, plain or gzip.
///
/// What can be stored is; how many points were refused and why stands in the answer's partial success, as the protocol has it.
struct OTLPRoute: Sendable {
    let sink: PushSink
    let admission: PushAdmission

    func callAsFunction(_ request: Request) async throws -> Response {
        let encoding = try OTLPEncoding(request.headers)
        do {
            return encoding.response(
                try await admission.withPlainBody(of: request) { try await store($0, encoding) })
        } catch {
            // A body that is not read to its end needs its connection cut, which the general answer does.
            guard let problem = Problem(error), problem.status != 408, problem.status != 413 else { throw error }
            return encoding.response(problem)
        }
    }

    private func store(_ body: [UInt8], _ encoding: OTLPEncoding) async throws -> OTLPAnswer {
        let metrics: OTLPMetrics
        do throws(DecodeError) { metrics = try encoding.decode(body) } catch {
            throw Problem(.badRequest, "OTLP metrics: \(error)")
        }
        let outcome = metrics.batch.isEmpty ? WriteOutcome() : try await sink.write(WriteColumns(metrics.batch))
        let problems = [metrics.firstProblem, outcome.refused > 0 ? outcome.refusals : nil].compactMap(\.self)
        return OTLPAnswer(
            rejectedPoints: metrics.rejectedPoints + outcome.refused, problem: problems.joined(separator: "; "))
    }
}

/// How a request is written, and so its answer.
private enum OTLPEncoding: String {
    case protobuf = "application/x-protobuf"
    case json = "application/json"

    /// - Throws: 415 for another.
    init(_ headers: HTTPFields) throws(Problem) {
        let type = MediaTypeText(headers[.contentType] ?? "").name
        guard let encoding = Self(rawValue: type) else {
            throw Problem(.unsupportedMediaType, "supported are application/x-protobuf and application/json")
        }
        self = encoding
    }

    func decode(_ body: [UInt8]) throws(DecodeError) -> OTLPMetrics {
        switch self {
        case .protobuf: try decodeOTLP(protobuf: body.span)
        case .json: try decodeOTLP(json: body[...])
        }
    }

    func response(_ answer: OTLPAnswer) -> Response {
        guard self == .json else { return response(.ok, ByteBuffer(bytes: answer.protobuf)) }
        guard answer != OTLPAnswer() else { return response(.ok, ByteBuffer(string: "{}")) }
        let text = JSONText { json in
            // 64-bit integers are texts in OTLP's JSON.
            json.raw(#"{"partialSuccess":{"rejectedDataPoints":"\#(answer.rejectedPoints)","errorMessage":"#)
            json.string(answer.problem)
            json.raw("}}")
        }
        return response(.ok, text.buffer)
    }

    func response(_ problem: Problem) -> Response {
        let status = OTLPStatus(code: Self.code(problem.status), message: problem.detail)
        let text = JSONText { json in
            json.raw(#"{"code":\#(status.code),"message":"#)
            json.string(status.message)
            json.raw("}")
        }
        let body = self == .json ? text.buffer : ByteBuffer(bytes: status.protobuf)
        var response = response(.init(code: problem.status), body)
        if problem.status == 429 || problem.status == 503 { response.headers[.retryAfter] = "1" }
        return response
    }

    private func response(_ status: HTTPResponse.Status, _ body: ByteBuffer) -> Response {
        Response(status: status, headers: [.contentType: rawValue], body: .init(byteBuffer: body))
    }

    /// gRPC's code for a status.
    private static func code(_ status: Int) -> Int {
        switch status {
        case 429: 8  // resource exhausted
        case 503: 14  // unavailable
        case 500...: 13  // internal
        default: 3  // invalid argument
        }
    }
}
