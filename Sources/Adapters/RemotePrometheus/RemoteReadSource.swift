package import Series
package import Units
import WireFormats

/// The past as `remote_read` tells it: every sample as it was taken.
package struct RemoteReadSource<C: Clock>: HistorySource where C.Duration == Duration {
    /// Of an answer after decompression; the compressed one is bounded by the client.
    private static var maximumBytes: Int { 64 << 20 }

    private let client: PrometheusClient<C>
    private let selector: SeriesSelector
    package let name: String

    package init(_ client: PrometheusClient<C>, endpoint: Endpoint, selector: SeriesSelector) {
        (self.client, self.selector) = (client, selector)
        name = "remote_read \(endpoint.base) \(selector)"
    }

    package func page(of range: Range<Timestamp>) async throws(RemoteError) -> HistoryPage {
        let matchers =
            [ReadMatcher(.equal, "__name__", selector.metric)]
            + selector.labels.map { ReadMatcher(.equal, $0.name, $0.value) }
        // Both ends are in what is asked for.
        let end = Timestamp(millisecondsSinceEpoch: range.upperBound.millisecondsSinceEpoch - 1)
        let query = ReadQuery(start: range.lowerBound, end: end, matchers: matchers)
        let answer = try await client.post(
            .init(
                path: "/api/v1/read",
                headers: [
                    ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
                    ("X-Prometheus-Remote-Read-Version", "0.1.0"),
                ],
                body: snappyCompress(encodeReadRequest(ReadRequest(queries: [query])))))
        return try Self.page(from: answer)
    }

    private static func page(from answer: [UInt8]) throws(RemoteError) -> HistoryPage {
        var page = HistoryPage()
        page.bytes = answer.count
        var message: [UInt8] = []
        let outcome: ReadResponseOutcome
        do throws(DecodeError) {
            try snappyDecompress(answer.span, limit: maximumBytes, into: &message)
            outcome = try decodeReadResponse(message.span, into: &page.batch)
        } catch {
            // Too large or garbled: a smaller one may be neither, and in the end the reason is told.
            throw RemoteError(.askingForLess, "the answer cannot be read: \(error)")
        }
        if outcome.refusedSeries > 0 {
            page.warnings.append(
                "\(outcome.refusedSeries) series were left out: \(outcome.firstProblem ?? "their names will not do")")
        }
        return page
    }
}
