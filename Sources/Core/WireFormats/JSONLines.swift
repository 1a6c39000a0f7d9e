package import Series
internal import Units

/// Reads one line of VictoriaMetrics' import format into a batch:
/// `{"metric":{"__name__":"requests_total","job":"web"},"values":[1,2],"timestamps":[1700000000000,1700000060000]}`.
///
/// Timestamps are milliseconds. A `null` value is a gap and gives no sample; keys that are not known are passed over.
/// Nothing reaches the batch unless the whole line is right. Complexity: linear in the line.
package func decodeJSONLine(_ line: ArraySlice<UInt8>, into batch: inout SampleBatch) throws(LineProblem) {
    let record: ImportRecord
    do throws(DecodeError) { record = try ImportRecord(line) } catch {
        throw LineProblem("byte \(error.offset + 1): \(error.problem)")
    }
    try record.append(to: &batch)
}

private struct ImportRecord {
    var labels: [SeriesKey.Label]?
    /// NaN where the line says `null`.
    var values: [Double]?
    var times: [Timestamp]?

    init(_ line: ArraySlice<UInt8>) throws(DecodeError) {
        var scanner = JSONScanner(line)
        try scanner.object { scanner, key throws(DecodeError) in
            switch key {
            case "metric": labels = try scanner.labels()
            case "values": values = try scanner.numbers()
            case "timestamps": times = try scanner.times()
            default: try scanner.skipValue()
            }
        }
        try scanner.expectEnd()
    }

    func append(to batch: inout SampleBatch) throws(LineProblem) {
        guard let labels else { throw LineProblem("\"metric\" is missing") }
        guard let values else { throw LineProblem("\"values\" is missing") }
        guard let times else { throw LineProblem("\"timestamps\" is missing") }
        guard values.count == times.count else {
            throw LineProblem("\(values.count) values but \(times.count) timestamps")
        }
        guard let name = labels.first(where: { $0.name == "__name__" })?.value else {
            throw LineProblem("\"metric\" needs a \"__name__\"")
        }
        let key: SeriesKey
        do throws(SeriesNameError) {
            key = try SeriesKey(metric: name, labels: labels.filter { $0.name != "__name__" })
        } catch {
            throw LineProblem(error.description)
        }
        for (time, value) in zip(times, values) where !value.isNaN { batch.append(key, time, value) }
    }
}

extension JSONScanner {
    fileprivate mutating func labels() throws(DecodeError) -> [SeriesKey.Label] {
        var labels: [SeriesKey.Label] = []
        try object { scanner, name throws(DecodeError) in
            scanner.skipBlanks()
            labels.append(SeriesKey.Label(name: name, value: try scanner.string()))
        }
        return labels
    }

    /// Numbers, with NaN for `null`, and the texts that VictoriaMetrics has for the infinities.
    fileprivate mutating func numbers() throws(DecodeError) -> [Double] {
        var numbers: [Double] = []
        try array { scanner throws(DecodeError) in
            if scanner.takeWord("null") {
                numbers.append(.nan)
            } else if scanner.takeWord("\"Infinity\"") {
                numbers.append(.infinity)
            } else if scanner.takeWord("\"-Infinity\"") {
                numbers.append(-.infinity)
            } else {
                numbers.append(try scanner.number())
            }
        }
        return numbers
    }

    fileprivate mutating func times() throws(DecodeError) -> [Timestamp] {
        var times: [Timestamp] = []
        try array { scanner throws(DecodeError) in
            let milliseconds = try scanner.number()
            guard milliseconds == milliseconds.rounded(), abs(milliseconds) <= 8.64e15 else {
                throw scanner.problem("a timestamp must be whole milliseconds since 1970")
            }
            times.append(Timestamp(millisecondsSinceEpoch: Int64(milliseconds)))
        }
        return times
    }
}
