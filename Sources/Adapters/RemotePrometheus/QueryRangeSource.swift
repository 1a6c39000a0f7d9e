internal import Foundation
import Series
package import Units

/// The past as `query_range` tells it: the value that held at each step.
package struct QueryRangeSource<C: Clock>: HistorySource where C.Duration == Duration {
    private let client: PrometheusClient<C>
    private let query: String, step: Int, metric: String?
    package let name: String

    /// `metric` names the result's series; nil keeps their own names. `step` is seconds.
    package init(_ client: PrometheusClient<C>, endpoint: Endpoint, query: String, step: Int, metric: String?) {
        (self.client, self.query, self.step, self.metric) = (client, query, step, metric)
        name = "query_range \(endpoint.base) step=\(step) metric=\(metric ?? "") \(query)"
    }

    /// The values at `range.lowerBound` and every step after it within the range.
    package func page(of range: Range<Timestamp>) async throws(RemoteError) -> HistoryPage {
        let last = range.upperBound.advanced(bySeconds: -step)
        let form = [
            ("query", query), ("start", seconds(range.lowerBound)), ("end", seconds(max(last, range.lowerBound))),
            ("step", "\(step)"),
        ]
        let body = form.map { "\($0)=\(formEncoded($1))" }.joined(separator: "&")
        let answer = try await client.post(
            .init(
                path: "/api/v1/query_range", headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(body.utf8)))
        return try decodeQueryRange(answer, metric: metric)
    }

    private func seconds(_ time: Timestamp) -> String {
        let (whole, part) = time.millisecondsSinceEpoch.quotientAndRemainder(dividingBy: 1_000)
        return part == 0 ? "\(whole)" : "\(time.secondsSinceEpoch)"
    }
}

/// Letters, digits and `-._~` as they are, the rest in percents.
package func formEncoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { encoded, byte in
        let scalar = Unicode.Scalar(byte)
        if byte < 128,
            scalar.properties.isAlphabetic || (48...57).contains(byte) || "-._~".unicodeScalars.contains(scalar)
        {
            encoded.unicodeScalars.append(scalar)
        } else {
            encoded += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
        }
    }
}

/// Reads the answer of `query_range`; `metric` names its series anew.
///
/// Values that are not a number give no sample. Complexity: linear; the answer has been bounded before.
package func decodeQueryRange(_ body: [UInt8], metric: String?) throws(RemoteError) -> HistoryPage {
    let answer: QueryAnswer
    do { answer = try JSONDecoder().decode(QueryAnswer.self, from: Data(body)) } catch {
        throw RemoteError(.waiting(seconds: nil), "the answer is not that of query_range: \("\(error)".prefix(200))")
    }
    guard answer.status == "success", let data = answer.data else {
        throw RemoteError(.none, "the server says: \(answer.error ?? "nothing")")
    }
    guard data.resultType == "matrix" else {
        throw RemoteError(.none, "the query gives a \(data.resultType.prefix(40)), and series are wanted")
    }
    var page = HistoryPage()
    page.bytes = body.count
    page.isPartial = answer.isPartial ?? false
    for warning in (answer.warnings ?? []) {
        page.warnings.append(String(warning.prefix(300)))
        // Remarks on the query itself say nothing about what is missing.
        if !warning.hasPrefix("PromQL") { page.isPartial = true }
    }
    var seen: Set<SeriesKey> = []
    for series in data.result {
        let key = try seriesKey(series.metric, metric)
        guard seen.insert(key).inserted else {
            throw RemoteError(.none, "two series of the result would both be \(key); make the query keep them apart")
        }
        for point in series.values ?? [] where !point.value.isNaN { page.batch.append(key, point.time, point.value) }
        if series.values == nil { page.warnings.append("\(key): native histograms are not stored") }
    }
    return page
}

private func seriesKey(_ labels: [String: String], _ metric: String?) throws(RemoteError) -> SeriesKey {
    guard let name = metric ?? labels["__name__"] else {
        throw RemoteError(.none, "the series of this query have no name; give them one with --metric")
    }
    let others = labels.filter { $0.key != "__name__" }.map { SeriesKey.Label(name: $0.key, value: $0.value) }
    do throws(SeriesNameError) { return try SeriesKey(metric: name, labels: others) } catch {
        throw RemoteError(.none, "a series of the result cannot be stored: \(error)")
    }
}

private struct QueryAnswer: Decodable {
    struct Content: Decodable {
        let resultType: String, result: [Series]

        enum Key: CodingKey { case resultType, result }
        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            resultType = try values.decode(String.self, forKey: .resultType)
            // Only a matrix has the shape of one.
            result = resultType == "matrix" ? try values.decode([Series].self, forKey: .result) : []
        }
    }
    struct Series: Decodable { let metric: [String: String], values: [Point]? }

    let status: String, data: Content?, error: String?, warnings: [String]?
    /// VictoriaMetrics says so where a part of a cluster did not answer.
    let isPartial: Bool?
}

/// `[seconds, "value"]`.
private struct Point: Decodable {
    let time: Timestamp, value: Double

    init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        let seconds = try pair.decode(Double.self), text = try pair.decode(String.self)
        guard let time = Timestamp(secondsSinceEpoch: seconds), let value = Double(text) else {
            throw DecodingError.dataCorruptedError(in: pair, debugDescription: "[\(seconds), \(text.prefix(40))]")
        }
        (self.time, self.value) = (time, value)
    }
}
