package import Series
import Units

/// Rows of a trace as samples of a metric; the `series` column becomes a label of that name. Times ascend within a series.
package struct CSVSampleDecoder: Sendable {
    private let decoder: CSVTraceDecoder
    private let base: SeriesKey
    private var keys: [String: SeriesKey] = [:]
    private var newest: [String: Timestamp] = [:]

    package init(_ decoder: CSVTraceDecoder, key: SeriesKey) { (self.decoder, base) = (decoder, key) }

    /// Complexity: linear in the line.
    package mutating func decode(_ line: ArraySlice<UInt8>, into batch: inout SampleBatch) throws(LineProblem) {
        let row = try decoder.decode(line)
        if let last = newest[row.series], row.timestamp <= last {
            throw LineProblem("\(row.timestamp) is not after \(last) in the row before it; sort the rows by time")
        }
        let key = try key(of: row.series)
        newest[row.series] = row.timestamp
        if let value = row.value { batch.append(key, row.timestamp, value) }
    }

    private mutating func key(of series: String) throws(LineProblem) -> SeriesKey {
        if let known = keys[series] { return known }
        do throws(SeriesNameError) {
            let labels = series.isEmpty ? base.labels : base.labels + [.init(name: "series", value: series)]
            let key = try SeriesKey(metric: base.metric, labels: labels)
            keys[series] = key
            return key
        } catch {
            throw LineProblem(error.description)
        }
    }
}
