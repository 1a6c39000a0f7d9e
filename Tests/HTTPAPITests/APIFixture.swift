import ConformanceKit
import HTTPAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Ports
import Series
import Telemetry
import Units

/// Runs `body` against the API over a store, without a socket.
func withAPI(
    _ store: any SampleStore, host: String = "127.0.0.1", token: String? = nil, limits: APILimits = APILimits(),
    uptime: @escaping @Sendable () -> Duration = { .zero }, _ setup: TestingSetup = .router,
    _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
) async throws {
    let registry = PrometheusRegistry()
    let sources = APISources(
        store: store, decisions: InMemoryDecisionLog(), workloads: [], metricsText: { registry.rendered() },
        now: { Timestamp(secondsSinceEpoch: 1_000) }, uptime: uptime, metrics: registry)
    let server = makeAPIServer(
        APIConfiguration(host: host, port: 0, token: token, limits: limits), sources: sources,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await server.test(setup, body)
}

extension TestClientProtocol {
    func post(_ path: String, _ body: [UInt8], _ headers: HTTPFields = [:]) async throws -> TestResponse {
        try await execute(uri: path, method: .post, headers: headers, body: ByteBuffer(bytes: body))
    }

    func post(_ path: String, _ body: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
        try await post(path, Array(body.utf8), headers)
    }

    func get(_ path: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
        try await execute(uri: path, method: .get, headers: headers)
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
}

extension HTTPFields {
    static func fields(_ pairs: [(String, String)]) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in pairs {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }
}

/// A store in memory that can be told to fail, to refuse or to keep its callers waiting.
actor ScriptedStore: SampleStore {
    enum Script: Sendable { case pass, fail(StoreError), refuse(WriteOutcome), hold }

    let base = InMemorySampleStore()
    private var script: Script
    private(set) var entered = 0

    init(_ script: Script = .pass) { self.script = script }

    func follow(_ script: Script) { self.script = script }

    private func play() async throws(StoreError) -> WriteOutcome? {
        entered += 1
        while case .hold = script { try? await Task.sleep(for: .milliseconds(1)) }
        switch script {
        case .pass, .hold: return nil
        case .fail(let error): throw error
        case .refuse(let outcome): return outcome
        }
    }

    func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome {
        _ = try await play()
        return try await base.append(batch)
    }

    func write(_ columns: WriteColumns) async throws(StoreError) -> WriteOutcome {
        if let outcome = try await play() { return outcome }
        return try await base.write(columns)
    }

    func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        _ = try await play()
        return try await base.series(matching: selector)
    }

    func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        try await base.samples(of: key, in: range)
    }

    func prune(before time: Timestamp) async throws(StoreError) -> Int { try await base.prune(before: time) }

    /// Every sample, as `key time value`, ascending.
    func stored() async throws -> [String] {
        var lines: [String] = []
        for summary in try await base.series(matching: nil) {
            let columns = try await base.samples(of: summary.key, in: .distant)
            for (time, value) in zip(columns.timestamps, columns.values) {
                lines.append("\(summary.key) \(time.millisecondsSinceEpoch) \(value)")
            }
        }
        return lines
    }
}

extension Range<Timestamp> {
    static let distant =
        Timestamp(millisecondsSinceEpoch: -(1 << 60))..<Timestamp(millisecondsSinceEpoch: 1 << 60)
}

/// Protobuf, put together by hand.
enum Proto {
    static func varint(_ value: Int) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), UInt64(bitPattern: Int64(value)))
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func bytes(_ number: Int, _ content: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(content.count) + content
    }

    static func text(_ number: Int, _ text: String) -> [UInt8] { bytes(number, Array(text.utf8)) }

    static func sample(_ value: Double, _ milliseconds: Int) -> [UInt8] {
        let little = (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt64($0))) }
        return bytes(2, [0x09] + little + [0x10] + varint(milliseconds))
    }

    /// A remote_write 1.0 request of one sample a series.
    static func writeRequest(_ series: [(labels: [(String, String)], value: Double, milliseconds: Int)]) -> [UInt8] {
        series.flatMap { series in
            bytes(
                1,
                series.labels.flatMap { bytes(1, text(1, $0.0) + text(2, $0.1)) }
                    + sample(series.value, series.milliseconds))
        }
    }

    /// The 2.0 request of one series `up{job="a"}` with these samples.
    static func writeRequest2(_ samples: [(Double, Int)]) -> [UInt8] {
        ["", "__name__", "up", "job", "a"].flatMap { text(4, $0) }
            + bytes(5, bytes(1, [1, 2, 3, 4]) + samples.flatMap { sample($0.0, $0.1) })
    }
}
