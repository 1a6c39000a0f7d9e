import Hummingbird

/// Lets pushes in, so many at a time and so many bytes: what they hold in memory is bounded whoever sends.
///
/// A body waits for room before it is read, and again before it is decompressed. Who has room for its content waits for no more
/// room, so that nobody waits for ever.
struct PushAdmission: Sendable {
    /// Bodies up to this are read without waiting for room: a slow sender of a large one does not hold up those who send often.
    private static let smallBody = 1 << 20
    /// Text seldom shrinks further; what does is decompressed again, with room for the most that it may become.
    private static let usualRatio = 16

    let reader: BodyReader
    private let pushes, bodies, contents: Gate

    init(_ reader: BodyReader) {
        let limits = reader.limits
        self.reader = reader
        pushes = Gate(places: limits.pushes, waiting: limits.waiting)
        bodies = Gate(places: limits.bodies, waiting: limits.pushes)
        contents = Gate(places: limits.contents, waiting: limits.pushes)
    }

    /// Runs `work` in the place of a push, with room for the body, which it reads.
    func withBody<Value>(of request: Request, _ work: () async throws -> Value) async throws -> Value {
        let declared = request.headers[.contentLength].flatMap { Int($0) } ?? reader.limits.body
        return try await pushes.withPlace {
            try await bodies.withPlace(declared <= Self.smallBody ? 0 : declared, work)
        }
    }

    /// Runs `work` with room for so many bytes of content.
    func withContent<Value>(bytes: Int, _ work: () async throws -> Value) async throws -> Value {
        try await contents.withPlace(bytes, work)
    }

    /// Reads a body, undoes gzip where its headers say so, and runs `work` on it.
    func withPlainBody<Value>(
        of request: Request, _ work: ([UInt8]) async throws -> Value
    ) async throws -> Value {
        try await withBody(of: request) {
            let isGzip = try reader.isGzip(request)
            var body: [UInt8] = []
            try await reader.read(request, into: &body)
            guard isGzip else { return try await withContent(bytes: body.count) { try await work(body) } }
            let most = reader.limits.decompressed, usual = min(most, max(body.count, 1 << 12) * Self.usualRatio)
            for limit in usual < most ? [usual, most] : [most] {
                let outcome = try await withContent(bytes: limit) { () -> Value? in
                    guard let content = try reader.gunzipped(body, limit: limit, isFinal: limit == most) else {
                        return nil
                    }
                    return try await work(content)
                }
                if let outcome { return outcome }
            }
            throw reader.tooLarge
        }
    }
}
