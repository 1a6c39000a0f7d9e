import HTTPTypes
import Hummingbird
import Ports
import Series
import Units
import WireFormats

/// Pushes as text: of a body with a mistake nothing is stored. 204, as VictoriaMetrics answers, or 400 with the counts where the
/// store refuses some samples.
struct ImportRoutes: Sendable {
    let sink: PushSink
    let admission: PushAdmission
    let now: @Sendable () -> Timestamp

    /// `POST /api/v1/import`: JSON lines.
    func jsonLines(_ request: Request) async throws -> Response {
        try await stored(request) { body throws(LineProblem) in
            var batch = SampleBatch()
            try eachLine(body) { line throws(LineProblem) in
                try decodeJSONLine(line, into: &batch)
                try batch.checkSize()
            }
            return batch
        }
    }

    /// `POST /api/v1/import/csv?metric=NAME&label=k=v`: a header that names `timestamp` and `value`, and `series` where there are
    /// several.
    func csv(_ request: Request) async throws -> Response {
        let key = try Self.key(FormFields(request.uri.query ?? ""))
        return try await stored(request) { body throws(LineProblem) in
            var decoder: CSVSampleDecoder?
            var batch = SampleBatch()
            try eachLine(body) { line throws(LineProblem) in
                if decoder == nil {
                    decoder = CSVSampleDecoder(try CSVTraceDecoder(header: line), key: key)
                } else {
                    try decoder?.decode(line, into: &batch)
                    try batch.checkSize()
                }
            }
            return batch
        }
    }

    /// `POST /api/v1/import/prometheus`: Prometheus text, or OpenMetrics by its Content-Type. Samples without a time are of now.
    func exposition(_ request: Request) async throws -> Response {
        let type = MediaTypeText(request.headers[.contentType] ?? "")
        let format: ExpositionFormat = type.name == "application/openmetrics-text" ? .openMetrics : .prometheusText
        let time = now()
        return try await stored(request) { body throws(LineProblem) in
            do throws(DecodeError) { return try decodeExposition(body[...], format: format, at: time) } catch {
                throw LineProblem(error.problem)
            }
        }
    }

    private func stored(
        _ request: Request, _ decode: ([UInt8]) throws(LineProblem) -> SampleBatch
    ) async throws -> Response {
        try await admission.withPlainBody(of: request) { body in
            let batch: SampleBatch
            do throws(LineProblem) { batch = try decode(body) } catch {
                throw Problem(.badRequest, "\(error); nothing of this body was stored")
            }
            guard !batch.isEmpty else { return Response(status: .noContent) }
            let outcome = try await sink.write(WriteColumns(batch))
            guard outcome.refused == 0 else { throw Problem(.badRequest, outcome.refusals) }
            return Response(status: .noContent)
        }
    }

    /// The series that a CSV body is of, but for its series column.
    private static func key(_ fields: FormFields) throws -> SeriesKey {
        guard let metric = fields["metric"] else {
            throw Problem(.badRequest, "a CSV body names no metric; give it as ?metric=NAME")
        }
        let labels = try fields.all("label").map { text in
            let name = text.prefix { $0 != "=" }
            guard name.count < text.count else { throw Problem(.badRequest, "label=\(text): NAME=VALUE is wanted") }
            return SeriesKey.Label(name: String(name), value: String(text.dropFirst(name.count + 1)))
        }
        do { return try SeriesKey(metric: metric, labels: labels) } catch {
            throw Problem(.badRequest, error.description)
        }
    }
}

/// Calls `body` for each line that is not blank; a problem gets the line's number.
private func eachLine(
    _ bytes: [UInt8], _ body: (ArraySlice<UInt8>) throws(LineProblem) -> Void
) throws(LineProblem) {
    var (rest, number) = (bytes[...], 0)
    while !rest.isEmpty {
        var line = rest.prefix { $0 != 10 }
        rest = rest[line.endIndex...].dropFirst()
        number += 1
        if line.last == 13 { line.removeLast() }
        if line.allSatisfy({ $0 <= 32 }) { continue }
        do throws(LineProblem) { try body(line) } catch { throw LineProblem("line \(number): \(error)") }
    }
}
