import ArgumentParser
import AsyncHTTPClient
import Foundation
import Kernels
import Ports
import RemotePrometheus
import Reports
import Series
import SeriesStoreSQLite
import TLSTrust
import Units

/// `forecast backfill`: the past that a Prometheus-compatible server has, into the store.
struct BackfillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill", abstract: "Copies the past from a Prometheus-compatible server into the store.",
        discussion: """
            Examples:
              forecast backfill --from http://127.0.0.1:9090 --query 'http_requests_total{job="web"}' --since 21d \\
                  --db prewarm.db
              forecast backfill --from https://thanos.example --token-file token.txt --since 90d --step 5m \\
                  --query 'sum by (job) (rate(http_requests_total[5m]))' --metric request_rate --db prewarm.db

              forecast backfill --from http://127.0.0.1:9090 --query http_requests_total --since 21d \\
                  --protocol remote-read --db prewarm.db

            Interrupted, it goes on where it was when run again, and run again later it fetches what is new. With query-range
            the samples that are stored are a --step apart; remote-read copies every sample as it was taken. Only loopback is asked without TLS, unless --plain-http is given.
            """)

    @Option(help: "The server's address, up to /api/v1.")
    var from: String
    @Option(help: "A selector or an expression of PromQL.")
    var query: String
    @Option(help: "How far back: 21d, 12h, …")
    var since: Span
    @Option(help: "The store, an SQLite file; made where there is none.")
    var db: String
    @Option(help: "full: what is stored survives a power cut; normal: the last of it may not, and it takes less time.")
    var synchronous = SQLiteStore.Synchronous.full
    @Option(help: "The distance of the samples: 15s, 1m, 5m, …")
    var step = Span(60)
    @Option(help: "What the series are called; needed where the query's result has no name.")
    var metric: String?
    @Option(help: "A file with a bearer token.")
    var tokenFile: String?
    @Option(
        help: "A file (PEM) of the authorities that may have signed the server's certificate, in place of the system's."
    )
    var caFile: String?
    @Option(help: "query-range, or remote-read, which knows selectors with = only.")
    var `protocol` = HistoryProtocol.queryRange
    @Flag(help: "Allows http without TLS to other hosts than this one.")
    var plainHttp = false
    @Flag(help: "Prints the report as JSON.")
    var json = false

    func validate() throws {
        if step.seconds > 86_400 { throw ValidationError("--step is at most 1d.") }
        if since.seconds < step.seconds { throw ValidationError("--since spans less than a --step.") }
        if since.seconds / step.seconds > 50_000_000 {
            throw ValidationError("--since has over 50 million steps; use a longer --step.")
        }
        if `protocol` == .remoteRead {
            if metric != nil { throw ValidationError("--metric goes with --protocol query-range.") }
            do throws(SelectorError) { _ = try SeriesSelector(parsing: query) } catch {
                throw ValidationError("--protocol remote-read copies plain series: \(error).")
            }
        }
        do { _ = try metric.map { try SeriesKey(metric: $0) } } catch { throw ValidationError("--metric: \(error).") }
    }

    func run() async throws {
        let endpoint = try Endpoint(
            url: from, token: try tokenFile.map(readToken), authorities: try caFile.map { try Authorities(path: $0) },
            allowsPlain: plainHttp)
        let store = try SQLiteStore(path: db, missing: .create, synchronous: synchronous)
        let limits = PrometheusClient<ContinuousClock>.Limits()
        let report = try await HTTPClient.withHTTPClient(configuration: .prometheus(limit: limits.bytes)) { http in
            let client = PrometheusClient(endpoint, client: http, limits: limits, clock: ContinuousClock())
            switch `protocol` {
            case .queryRange:
                let source = QueryRangeSource(
                    client, endpoint: endpoint, query: query, step: step.seconds, metric: metric)
                return try await copy(
                    BackfillPlan(since: since.seconds, step: step.seconds, now: .now), from: source, into: store)
            case .remoteRead:
                let source = RemoteReadSource(
                    client, endpoint: endpoint, selector: try SeriesSelector(parsing: query))
                return try await copy(
                    BackfillPlan(samplesSince: since.seconds, now: .now), from: source, into: store)
            }
        }
        try tell(report)
    }

    private func copy(
        _ plan: BackfillPlan, from source: some HistorySource, into store: SQLiteStore
    ) async throws -> BackfillReport {
        let progress = ProgressBar(label: "fetching", total: since.seconds)
        defer { progress.finish() }
        let backfill = Backfill(from: source, into: store, ledger: store, clock: ContinuousClock())
        return try await backfill.run(plan, random: SplitMix64(seed: .random(in: 0 ... .max))) { progress.update($0) }
    }

    private func tell(_ report: BackfillReport) throws {
        for warning in report.warnings { Terminal.note("warning: \(warning)") }
        let outcome = report.outcome
        if json {
            try printJSON(Document(report))
        } else {
            if let at = report.resumedAt { print("went on at \(at)") }
            print(
                "\(outcome.added) new samples, \(outcome.replaced) replaced, \(outcome.unchanged) unchanged,",
                "in \(report.pieces) pieces")
        }
        guard report.partialPieces == 0 else {
            throw DaemonError(
                "\(report.partialPieces) of \(report.pieces) answers were partial: samples may be missing. "
                    + "When the server is whole again, run this again; it begins at the first of them")
        }
    }

    private struct Document: Encodable {
        let added: Int, replaced: Int, unchanged: Int, pieces: Int, partialPieces: Int
        let resumedAt: String?, warnings: [String]

        init(_ report: BackfillReport) {
            let outcome = report.outcome
            (added, replaced, unchanged) = (outcome.added, outcome.replaced, outcome.unchanged)
            (pieces, partialPieces, warnings) = (report.pieces, report.partialPieces, report.warnings)
            resumedAt = report.resumedAt?.description
        }
    }
}

/// How the past is asked for.
enum HistoryProtocol: String, CaseIterable, ExpressibleByArgument {
    case queryRange = "query-range", remoteRead = "remote-read"
}

/// The first line of a token file; what a token may hold is checked, as it goes into a header.
func readToken(path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
        throw DaemonError("\(path): the token file cannot be read")
    }
    let token = String(decoding: data.prefix(1 << 16), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard !token.isEmpty, token.utf8.allSatisfy({ (33...126).contains($0) }) else {
        throw DaemonError("\(path): a token is one line of visible ASCII characters")
    }
    return token
}
