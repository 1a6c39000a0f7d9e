import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOSSL
import Series
import TLSTrust
import Units
import WireFormats

/// Fetches one exposition, whole and in bounds.
struct ScrapeClient: Sendable {
    /// Of one exposition, after decompression.
    static let maximumBytes = 16 << 20
    static let accept =
        "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

    let client: HTTPClient

    func scrape(_ target: ScrapeTarget, at time: Timestamp) async throws -> SampleBatch {
        var request = HTTPClientRequest(url: target.url)
        request.headers.add(name: "Accept", value: Self.accept)
        request.headers.add(name: "Accept-Encoding", value: "gzip")
        request.headers.add(name: "User-Agent", value: "prewarm")
        request.headers.add(name: "X-Prometheus-Scrape-Timeout-Seconds", value: "\(target.timeoutSeconds)")
        request.tlsConfiguration = target.authorities?.configuration
        if let token = target.token {
            do { request.headers.add(name: "Authorization", value: "Bearer \(try token())") } catch {
                throw ScrapeError("is not asked: \(error)")
            }
        }
        let answer = try await client.execute(request, deadline: .distantFuture)
        if answer.status == .unauthorized || answer.status == .forbidden {
            throw ScrapeError("answers \(answer.status.code); it wants a token it knows (tokenFile)")
        }
        guard answer.status == .ok else { throw ScrapeError("answers \(answer.status.code)") }
        let type = answer.headers.first(name: "Content-Type") ?? ""
        let body = Array(buffer: try await answer.body.collect(upTo: Self.maximumBytes))
        let format: ExpositionFormat =
            type.lowercased().hasPrefix("application/openmetrics-text") ? .openMetrics : .prometheusText
        return try target.relabelled(decodeExposition(body[...], format: format, at: time))
    }

    /// In words for a log.
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as ScrapeError: error.description
        case let error as DecodeError: "answers with what is no exposition (\(error.problem))"
        case is NIOTooManyBytesError, is NIOHTTPDecompression.DecompressionError:
            "answers with more than \(maximumBytes >> 20) MiB"
        case is CancellationError: "cancelled"
        case let error as HTTPClientError: "cannot be fetched (\(error.shortDescription))"
        case is NIOSSLError, is NIOSSLExtraError:
            tlsProblem(error, remedy: "'ca' names the file of one, in PEM") ?? "cannot be fetched"
        default: "cannot be fetched or read (\("\(error)".prefix(200)))"
        }
    }
}

extension ScrapeTarget {
    fileprivate func relabelled(_ exposed: SampleBatch) throws -> SampleBatch {
        var batch = SampleBatch()
        for (key, columns) in zip(exposed.keys, exposed.columns) {
            let stored = try own(key)
            for (time, value) in zip(columns.timestamps, columns.values) { batch.append(stored, time, value) }
        }
        return batch
    }
}

extension HTTPClient.Configuration {
    /// A connection a target that stays open between scrapes. No redirects: a target is what the configuration names.
    static var scraping: Self {
        var configuration = Self(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: .seconds(60)),
            decompression: .enabled(limit: .size(ScrapeClient.maximumBytes)))
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
