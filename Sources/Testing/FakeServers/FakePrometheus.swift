import Foundation
import HTTPTypes
package import Hummingbird
import NIOCore
import Series
import Synchronization
import Units
import WireFormats

/// A server that answers `query_range` and `remote_read` for made-up series, refuses what Prometheus refuses, and fails when told to.
package final class FakePrometheus: Sendable {
    package struct Question: Hashable, Sendable {
        package let start: Int, end: Int, step: Int, query: String, token: String?
        package var points: Int { (end - start) / step + 1 }
    }

    /// Something other than an answer, once.
    package enum Mishap: Sendable {
        case status(Int, body: String, headers: [String: String] = [:])
        /// The answer with a remark that it is not whole.
        case partial(String)
    }

    /// What a series has at a time, seconds; nil where it has nothing.
    package typealias Value = @Sendable (_ series: Int, _ time: Int) -> Double?

    private let series: [[String: String]]
    private let value: Value
    private let state = Mutex((questions: [Question](), mishaps: [Int: Mishap]()))

    package init(series: [[String: String]], value: @escaping Value) { (self.series, self.value) = (series, value) }

    /// What was asked, in order.
    package var questions: [Question] { state.withLock { $0.questions } }

    /// Lets the question of that number, from 0 on, go wrong.
    package func fail(_ number: Int, _ mishap: Mishap) { state.withLock { $0.mishaps[number] = mishap } }

    package var router: Router<BasicRequestContext> {
        let router = Router()
        router.post("/api/v1/query_range") { request, _ in try await self.answer(request) }
        router.post("/api/v1/read") { request, _ in try await self.read(request) }
        return router
    }

    /// A sample of every series a minute, whatever the matchers.
    private func read(_ request: Request) async throws -> Response {
        var message: [UInt8] = []
        try snappyDecompress(
            Array(buffer: try await request.body.collect(upTo: 1 << 16)).span, limit: 1 << 16, into: &message)
        guard let query = try decodeReadRequest(message.span).queries.first else {
            throw FakeServerError(description: "no query")
        }
        var list: [ReadSeries] = []
        for (index, labels) in series.enumerated() {
            var samples = SampleColumns()
            let start = (query.start.millisecondsSinceEpoch + 59_999) / 60_000 * 60_000
            for time in stride(from: start, through: query.end.millisecondsSinceEpoch, by: 60_000) {
                guard let value = value(index, Int(time / 1_000)) else { continue }
                samples.append(Timestamp(millisecondsSinceEpoch: time), value)
            }
            let others = labels.filter { $0.key != "__name__" }.map { SeriesKey.Label(name: $0.key, value: $0.value) }
            list.append(
                ReadSeries(key: try SeriesKey(metric: labels["__name__"] ?? "", labels: others), samples: samples))
        }
        let answer = snappyCompress(encodeReadResponse([list]))
        return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(bytes: answer)))
    }

    private func answer(_ request: Request) async throws -> Response {
        let question = try Question(await request.body.collect(upTo: 1 << 16), request)
        let mishap = state.withLock { state in
            state.questions.append(question)
            return state.mishaps[state.questions.count - 1]
        }
        if question.points > 11_000 {
            return json(
                .badRequest,
                #"{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution of 11,000 points per timeseries"}"#
            )
        }
        switch mishap {
        case .status(let code, let body, let headers): return json(.init(code: code), body, headers)
        case .partial(let warning): return json(.ok, document(question, warning: warning))
        case nil: return json(.ok, document(question, warning: nil))
        }
    }

    private func document(_ question: Question, warning: String?) -> String {
        let list = series.indices.compactMap { index -> String? in
            let points = stride(from: question.start, through: question.end, by: question.step).compactMap { time in
                value(index, time).map { #"[\#(time),"\#(Self.text($0))"]"# }
            }
            guard !points.isEmpty else { return nil }
            let labels = series[index].sorted { $0.key < $1.key }.map { #""\#($0.key)":"\#($0.value)""# }
            return #"{"metric":{\#(labels.joined(separator: ","))},"values":[\#(points.joined(separator: ","))]}"#
        }
        let warnings = warning.map { #","warnings":["\#($0)"]"# } ?? ""
        return
            #"{"status":"success","data":{"resultType":"matrix","result":[\#(list.joined(separator: ","))]}\#(warnings)}"#
    }

    private static func text(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isFinite ? "\(value)" : value > 0 ? "+Inf" : "-Inf"
    }

    private func json(_ status: HTTPResponse.Status, _ body: String, _ headers: [String: String] = [:]) -> Response {
        var fields: HTTPFields = [.contentType: "application/json"]
        for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        return Response(status: status, headers: fields, body: .init(byteBuffer: ByteBuffer(string: body)))
    }
}

extension FakePrometheus.Question {
    fileprivate init(_ body: ByteBuffer, _ request: Request) throws {
        var form: [String: String] = [:]
        for pair in String(buffer: body).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
            if parts.count == 2 { form[parts[0]] = parts[1] }
        }
        guard let start = form["start"].flatMap({ Int($0) }), let end = form["end"].flatMap({ Int($0) }),
            let step = form["step"].flatMap({ Int($0) }), step > 0, end >= start
        else { throw FakeServerError(description: "a bad question: \(form)") }
        self.init(
            start: start, end: end, step: step, query: form["query"] ?? "",
            token: request.headers[.authorization].map { String($0.dropFirst("Bearer ".count)) })
    }
}
