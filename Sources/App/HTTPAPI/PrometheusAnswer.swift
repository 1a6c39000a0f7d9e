import HTTPTypes
import Hummingbird
import NIOCore
import Ports
import Series

/// An error of the read API, in the shape in which Prometheus tells its own.
struct PrometheusError: Error {
    let status: HTTPResponse.Status
    let type: String
    let text: String

    init(_ status: HTTPResponse.Status, _ type: String, _ text: String) {
        (self.status, self.type, self.text) = (status, type, text)
    }

    static func badData(_ text: String) -> PrometheusError { PrometheusError(.badRequest, "bad_data", text) }

    /// Maps whatever a read threw; nil for what is the server's own fault and none of the caller's business.
    init?(_ error: any Error) {
        switch error {
        case let error as PrometheusError: self = error
        case let error as QueryError where error.kind == .badData: self = .badData(error.description)
        case let error as QueryError: self.init(.unprocessableContent, "execution", error.description)
        case let error as StoreError where error.isRetryable:
            self.init(.serviceUnavailable, "unavailable", error.description)
        case let error as StoreError: self.init(.internalServerError, "internal", error.description)
        case let problem as Problem:
            self.init(
                .init(code: problem.status), problem.status == 429 ? "unavailable" : "bad_data", problem.detail)
        default: return nil
        }
    }

    var response: Response {
        let text = JSONText { json in
            json.raw(#"{"status":"error","errorType":"#)
            json.string(type)
            json.raw(#","error":"#)
            json.string(self.text)
            json.raw("}")
        }
        var headers: HTTPFields = [.contentType: "application/json"]
        if status == .serviceUnavailable || status == .tooManyRequests { headers[.retryAfter] = "1" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: text.buffer))
    }
}

/// `{"status":"success","data":…}`.
func success(_ build: (inout JSONText) -> Void) -> Response {
    let text = JSONText { json in
        json.raw(#"{"status":"success","data":"#)
        build(&json)
        json.raw("}")
    }
    return Response(
        status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: text.buffer))
}

/// JSON put together as text, for answers that are too many numbers to build a tree of first.
struct JSONText {
    private var bytes: [UInt8] = []

    var buffer: ByteBuffer { ByteBuffer(bytes: bytes) }

    init(reserving count: Int = 0, _ build: (inout JSONText) -> Void) {
        bytes.reserveCapacity(count)
        build(&self)
    }

    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func string(_ text: String) {
        raw("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): raw("\\\"")
            case UInt8(ascii: "\\"): raw("\\\\")
            case 10: raw("\\n")
            case 13: raw("\\r")
            case 9: raw("\\t")
            case ..<32:
                raw("\\u00" + (byte < 16 ? "0" : ""))
                raw(String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        raw("\"")
    }

    mutating func list<Element>(_ elements: some Sequence<Element>, _ write: (inout JSONText, Element) -> Void) {
        raw("[")
        var isFirst = true
        for element in elements {
            if !isFirst { raw(",") }
            isFirst = false
            write(&self, element)
        }
        raw("]")
    }

    /// Labels as an object, with the metric's name as `__name__`.
    mutating func labels(metric: String?, _ labels: [SeriesKey.Label]) {
        raw("{")
        var isFirst = true
        for (name, value) in (metric.map { [("__name__", $0)] } ?? []) + labels.map({ ($0.name, $0.value) }) {
            if !isFirst { raw(",") }
            isFirst = false
            string(name)
            raw(":")
            string(value)
        }
        raw("}")
    }

    /// `[seconds,"value"]`, the seconds with their milliseconds where there are some.
    mutating func point(milliseconds: Int64, _ value: Double) {
        bytes.append(UInt8(ascii: "["))
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
        if milliseconds < 0, seconds == 0 { bytes.append(UInt8(ascii: "-")) }
        bytes.append(decimal: seconds)
        if rest != 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(digits: rest.magnitude, atLeast: 3)
        }
        bytes.append(UInt8(ascii: ","))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(sample: value)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: "]"))
    }
}

/// A value as Prometheus's clients read it, with the fewest digits that give it back.
func sampleText(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
