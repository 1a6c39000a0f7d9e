import HTTPTypes
import Hummingbird
import NIOCore

/// Reads bodies within the limits, into storage that is used again.
struct BodyReader: Sendable {
    let limits: APILimits
    /// Since any fixed instant; never runs back.
    let uptime: @Sendable () -> Duration

    /// Fills `bytes` with the body as it comes in.
    ///
    /// - Throws: 413 where it is too large, 408 where sending takes too long, 400 where it ends before it should.
    func read(_ request: Request, into bytes: inout [UInt8]) async throws {
        bytes.removeAll(keepingCapacity: true)
        let declared = request.headers[.contentLength].flatMap { Int($0) }
        if let declared {
            guard declared <= limits.body else { throw tooLarge }
            bytes.reserveCapacity(max(0, declared))
        }
        let start = uptime()
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limits.body else { throw tooLarge }
            bytes.append(contentsOf: part.readableBytesView)
            guard uptime() - start <= limits.sending else {
                throw Problem(.requestTimeout, "the body took over \(limits.sending) to come in")
            }
        }
        if let declared, declared != bytes.count {
            throw Problem(.badRequest, "the body ended after \(bytes.count) of \(declared) bytes")
        }
    }

    /// Whether a body is gzip by its headers.
    ///
    /// - Throws: 415 for another encoding.
    func isGzip(_ request: Request) throws -> Bool {
        let encoding = request.headers[.contentEncoding]?.lowercased() ?? "identity"
        guard ["identity", "", "gzip"].contains(encoding) else {
            throw Problem(.unsupportedMediaType, "Content-Encoding \(encoding): send the body as it is or as gzip")
        }
        return encoding == "gzip"
    }

    /// What a gzip body holds; nil where that is more than `limit` and this is not the final one.
    func gunzipped(_ body: [UInt8], limit: Int, isFinal: Bool) throws -> [UInt8]? {
        do throws(GzipError) { return try HTTPAPI.gunzipped(body, limit: limit) } catch {
            if error == .tooLarge, !isFinal { return nil }
            throw Problem(error == .tooLarge ? .contentTooLarge : .badRequest, error.description)
        }
    }

    var tooLarge: Problem {
        Problem(.contentTooLarge, "the body is over \(limits.body) bytes; send it in parts")
    }
}
