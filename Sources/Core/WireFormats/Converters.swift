package import Units

/// One time and value read from a public trace.
package struct ConvertedSample: Hashable, Sendable {
    package let time: Timestamp
    package let value: Double
}

/// Why a public trace could not be converted, with its one-based line.
package enum ConversionError: Error, Hashable, Sendable, CustomStringConvertible {
    case badTime(line: Int, text: String)
    case badValue(line: Int, text: String)

    package var description: String {
        switch self {
        case .badTime(let line, let text): "line \(line): '\(text)' is not a time; check the file is the original"
        case .badValue(let line, let text): "line \(line): '\(text)' is not a number; check the file is the original"
        }
    }
}

/// `nab-csv`: a header, then `YYYY-MM-DD HH:MM:SS,value` lines in UTC.
package func convertNABCSV(_ lines: [String]) throws(ConversionError) -> [ConvertedSample] {
    var samples: [ConvertedSample] = []
    for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        let time = try traceTime(line, at: index + 1)
        guard fields.count == 2, let value = Double(fields[1].filter { !$0.isWhitespace }), value.isFinite else {
            throw .badValue(line: index + 1, text: line)
        }
        samples.append(ConvertedSample(time: time, value: value))
    }
    return samples
}

/// `event-timestamps`: a header, then lines whose first field is an event's UTC time, to counts per minute.
///
/// Minutes with no event are left out; the order is that of time.
package func convertEventTimestamps(_ lines: [String]) throws(ConversionError) -> [ConvertedSample] {
    var counts: [Int64: Double] = [:]
    for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
        let milliseconds = try traceTime(line, at: index + 1).millisecondsSinceEpoch
        counts[milliseconds.minute, default: 0] += 1
    }
    return counts.sorted { $0.key < $1.key }.map {
        ConvertedSample(time: Timestamp(millisecondsSinceEpoch: $0.key * 60_000), value: $0.value)
    }
}

extension Int64 {
    fileprivate var minute: Int64 { (self - (self % 60_000 + 60_000) % 60_000) / 60_000 }
}

/// The first field as a time; fractions beyond seconds are dropped, which no count per minute can see.
private func traceTime(_ line: String, at number: Int) throws(ConversionError) -> Timestamp {
    let field = line.prefix { $0 != "," }
    let parts = field.prefix { $0 != "." }.split(separator: " ")
    guard parts.count == 2, let time = Timestamp(parsing: "\(parts[0])T\(parts[1])Z") else {
        throw .badTime(line: number, text: String(field))
    }
    return time
}
