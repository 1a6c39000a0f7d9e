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
        if let declared, declared > limits.body { throw tooLarge }
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

    /// The body, decompressed where its headers say that it is gzip.
    ///
    /// - Throws: as above, and 415 for another encoding.
    func readPlain(_ request: Request) async throws -> [UInt8] {
        let encoding = request.headers[.contentEncoding]?.lowercased() ?? "identity"
        guard ["identity", "", "gzip"].contains(encoding) else {
            throw Problem(.unsupportedMediaType, "Content-Encoding \(encoding): send the body as it is or as gzip")
        }
        var bytes: [UInt8] = []
        try await read(request, into: &bytes)
        guard encoding == "gzip" else { return bytes }
        do throws(GzipError) { return try gunzipped(bytes, limit: limits.decompressed) } catch {
            throw Problem(error == .tooLarge ? .contentTooLarge : .badRequest, error.description)
        }
    }

    private var tooLarge: Problem {
        Problem(.contentTooLarge, "the body is over \(limits.body) bytes; send it in parts")
    }
}
