import HTTPTypes
import Hummingbird
import NIOCore
import Ports
import Series
import Units
import WireFormats

/// `POST /api/v1/read`: Prometheus's remote_read, answered in samples.
struct RemoteReadRoute: Sendable {
    let store: any SampleStore
    let reader: BodyReader
    let gate: Gate

    func callAsFunction(_ request: Request) async throws -> Response {
        guard request.headers[.contentEncoding]?.lowercased() == "snappy" else {
            throw Problem(.unsupportedMediaType, "supported is a protobuf request with Content-Encoding snappy")
        }
        return try await gate.withPlace {
            let asked = try await decoded(request)
            let answer = encodeReadResponse(try await results(of: asked))
            return Response(
                status: .ok,
                headers: [.contentType: "application/x-protobuf", .contentEncoding: "snappy"],
                body: .init(byteBuffer: ByteBuffer(bytes: snappyCompress(answer))))
        }
    }

    private func decoded(_ request: Request) async throws -> ReadRequest {
        var (body, message) = ([UInt8](), [UInt8]())
        try await reader.read(request, into: &body)
        do throws(DecodeError) {
            try snappyDecompress(body.span, limit: reader.limits.decompressed, into: &message)
            let asked = try decodeReadRequest(message.span)
            guard asked.acceptsSamples else {
                throw DecodeError("samples are what is answered, and not accepted", at: 0)
            }
            return asked
        } catch {
            throw Problem(.badRequest, "remote_read request: \(error)")
        }
    }

    private func results(of request: ReadRequest) async throws -> [[ReadSeries]] {
        var (results, left) = ([[ReadSeries]](), reader.limits.remoteReadSamples)
        let start = reader.uptime()
        for query in request.queries {
            let filter = try SeriesFilter(query)
            let range = query.start..<Timestamp(millisecondsSinceEpoch: query.end.millisecondsSinceEpoch + 1)
            var found: [ReadSeries] = []
            let keys = try await store.keys(matching: filter.selector).filter(filter.matches)
            try await store.forEachSeries(keys, in: range) { key, samples in
                left -= samples.count
                guard left >= 0 else {
                    throw Problem(
                        .unprocessableContent, "over \(reader.limits.remoteReadSamples) samples; ask for less at a time"
                    )
                }
                if samples.count > 0 { found.append(ReadSeries(key: key, samples: samples)) }
                guard reader.uptime() - start <= reader.limits.answering else {
                    throw Problem(.serviceUnavailable, "the answer took over \(reader.limits.answering); ask for less")
                }
            }
            results.append(found)
        }
        return results
    }
}

extension SeriesFilter {
    fileprivate init(_ query: ReadQuery) throws {
        self.init(
            try query.matchers.map { matcher throws in
                do throws(PatternError) {
                    return try LabelMatcher(matcher.name, .init(matcher.kind), matcher.value)
                } catch {
                    throw Problem(.badRequest, "matcher on \(matcher.name): \(error)")
                }
            })
    }
}

extension LabelMatcher.Operation {
    fileprivate init(_ kind: ReadMatcher.Kind) {
        self =
            switch kind {
            case .equal: .equal
            case .notEqual: .notEqual
            case .matches: .matches
            case .matchesNot: .matchesNot
            }
    }
}
