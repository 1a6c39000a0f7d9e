import HTTPTypes
import Hummingbird
import Ports
import Series
import Synchronization
import WireFormats

/// `POST /api/v1/write`: Prometheus's remote_write, 1.0 and 2.0.
///
/// What cannot be read is refused with 400 and never sent again by a sender; what can be read is stored but for the samples that
/// the store refuses, and then a 400 tells how many those were, as Prometheus does.
struct RemoteWriteRoute: Sendable {
    let sink: PushSink
    let admission: PushAdmission
    let storage = PushStoragePool()

    func callAsFunction(_ request: Request) async throws -> Response {
        let version = try RemoteWriteVersion(request.headers)
        let limit = admission.reader.limits.decompressed
        return try await admission.withBody(of: request) {
            var push = storage.take()
            defer { storage.putBack(push) }
            try await admission.reader.read(request, into: &push.body)
            let body = push.body, length = declaredLength(body)
            guard length <= limit else {
                throw Problem(.contentTooLarge, "over \(limit) bytes after decompression; send smaller requests")
            }
            return try await admission.withContent(bytes: length) {
                do throws(DecodeError) { try version.decode(body.span, limit: limit, into: &push.columns) } catch {
                    throw Problem(.badRequest, "\(version) request: \(error)")
                }
                return version.response(try await sink.write(push.columns))
            }
        }
    }
}

/// What a snappy block says to be its length after decompression; 0 where it says nothing, which its decoder then refuses.
private func declaredLength(_ block: [UInt8]) -> Int {
    var length = 0
    for (index, byte) in block.prefix(5).enumerated() {
        length |= Int(byte & 0x7F) << (7 * index)
        if byte < 0x80 { return length }
    }
    return 0
}

/// Which of the two protocols a request speaks.
private enum RemoteWriteVersion: String, CustomStringConvertible {
    case one = "prometheus.WriteRequest"
    case two = "io.prometheus.write.v2.Request"

    var description: String { self == .one ? "remote_write 1.0" : "remote_write 2.0" }

    /// - Throws: 415 where the headers say that it is neither.
    init(_ headers: HTTPFields) throws(Problem) {
        let type = MediaTypeText(headers[.contentType] ?? "")
        let message = type.parameter("proto") ?? Self.one.rawValue
        guard type.name == "application/x-protobuf", let version = Self(rawValue: message) else {
            throw Problem(
                .unsupportedMediaType,
                "supported are application/x-protobuf with proto=\(Self.one.rawValue), which is meant where there is none, "
                    + "and with proto=\(Self.two.rawValue)")
        }
        guard headers[.contentEncoding]?.lowercased() == "snappy" else {
            throw Problem(.unsupportedMediaType, "supported is Content-Encoding snappy, the block format")
        }
        self = version
    }

    func decode(_ body: Span<UInt8>, limit: Int, into columns: inout WriteColumns) throws(DecodeError) {
        switch self {
        case .one: try decodeRemoteWrite1(compressed: body, limit: limit, into: &columns)
        case .two: try decodeRemoteWrite2(compressed: body, limit: limit, into: &columns)
        }
    }

    func response(_ outcome: WriteOutcome) -> Response {
        var response =
            outcome.refused == 0
            ? Response(status: .noContent) : Problem(.badRequest, outcome.refusals).response
        guard self == .two else { return response }
        for (kind, count) in [("Samples", outcome.accepted), ("Histograms", 0), ("Exemplars", 0)] {
            response.headers.set("X-Prometheus-Remote-Write-\(kind)-Written", "\(count)")
        }
        return response
    }
}

extension WriteOutcome {
    /// What was refused and why, for who sent it.
    var refusals: String {
        let reasons = [
            (badNames, "whose names or labels will not do"), (tooOld, "that are too old"),
            (overLimit, "of new series, of which there are as many as may be"),
        ]
        let told = reasons.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        return "stored \(accepted) samples and refused \(told); do not send those again"
    }
}

extension HTTPFields {
    /// Sets a field whose name is known to be one.
    mutating func set(_ name: String, _ value: String) {
        guard let name = HTTPField.Name(name) else { return }
        self[name] = value
    }
}

/// What a push is read into, used again for the next.
struct PushStorage: Sendable {
    var body: [UInt8] = []
    var columns = WriteColumns()

    /// Bytes it holds on to, about.
    var capacity: Int {
        body.capacity + columns.bytes.capacity + 16 * columns.blocks.capacity + 20 * columns.times.capacity
    }
}

/// Keeps the storage of a few pushes, so that the next ones do not allocate.
final class PushStoragePool: Sendable {
    /// The storage of an exceptionally large push goes.
    private static let largestKept = 8 << 20
    private static let mostKept = 8

    private let free = Mutex<[PushStorage]>([])

    func take() -> PushStorage { free.withLock { $0.popLast() } ?? PushStorage() }

    func putBack(_ storage: consuming PushStorage) {
        guard storage.capacity <= Self.largestKept else { return }
        let kept = storage
        free.withLock { if $0.count < Self.mostKept { $0.append(kept) } }
    }
}
