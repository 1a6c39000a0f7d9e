package import Series
import Units

/// Why the original file of a public trace could not be converted, with its line, from 1 on.
package struct ConversionError: Error, Hashable, Sendable, CustomStringConvertible {
    package let line: Int
    package let problem: String

    package var description: String { "line \(line): \(problem); check that the file is the original" }
}

/// How the original file of a public trace becomes samples. To add one: a case here, and its code below.
package enum TraceConverter: String, CaseIterable, Sendable {
    /// A header that names `timestamp` and `value`, in any case and among others, then a sample a line.
    case timestampValue = "timestamp-value"
    /// A header, then an event a line, whose first column is its time: counted by minute.
    case eventTimestamps = "event-timestamps"

    /// The samples of a whole file, ascending in time; a time without a zone is UTC.
    ///
    /// Complexity: linear in the bytes, and in the minutes between the first event and the last.
    package func convert(_ file: ArraySlice<UInt8>) throws(ConversionError) -> SampleColumns {
        var lines = LineIterator(file)
        guard let header = lines.next() else { throw ConversionError(line: 1, problem: "the file is empty") }
        switch self {
        case .timestampValue: return try readSamples(header, &lines)
        case .eventTimestamps: return try countEvents(&lines)
        }
    }
}

private func readSamples(
    _ header: ArraySlice<UInt8>, _ lines: inout LineIterator
) throws(ConversionError) -> SampleColumns {
    let decoder = try located(lines) { () throws(LineProblem) in try CSVTraceDecoder(header: header) }
    var samples = SampleColumns()
    while let line = lines.next() {
        if line.isEmpty { continue }
        let row = try located(lines) { () throws(LineProblem) in try decoder.decode(line) }
        if let last = samples.timestamps.last, row.timestamp <= last {
            throw ConversionError(line: lines.number, problem: "\(row.timestamp) is not after \(last) before it")
        }
        samples.append(row.timestamp, row.value ?? .nan)
    }
    guard samples.count > 0 else { throw ConversionError(line: 1, problem: "a header and no rows") }
    return samples
}

/// A log says what happened in every minute it covers, so that a minute without an event is a measured zero. The first
/// and the last minute are left out: the log begins and ends within them, and their counts would be too low.
private func countEvents(_ lines: inout LineIterator) throws(ConversionError) -> SampleColumns {
    var counts: [Int64: Int] = [:]
    while let line = lines.next() {
        if line.isEmpty { continue }
        let field = line.prefix { $0 != UInt8(ascii: ",") }
        guard let time = Timestamp(parsing: field) else {
            let excerpt = String(decoding: field.prefix(40), as: UTF8.self)
            throw ConversionError(line: lines.number, problem: "'\(excerpt)' is no time")
        }
        counts[time.millisecondsSinceEpoch.flooredDivision(by: 60_000).quotient, default: 0] += 1
    }
    guard let first = counts.keys.min(), let last = counts.keys.max(), last - first >= 2 else {
        throw ConversionError(line: lines.number, problem: "the events span no whole minute")
    }
    guard last - first <= GridError.maximumRows else {
        throw ConversionError(line: lines.number, problem: "\(last - first) minutes between the first and last event")
    }
    var samples = SampleColumns()
    for minute in first + 1..<last {
        samples.append(Timestamp(millisecondsSinceEpoch: minute * 60_000), Double(counts[minute] ?? 0))
    }
    return samples
}

private func located<Value>(
    _ lines: LineIterator, _ body: () throws(LineProblem) -> Value
) throws(ConversionError) -> Value {
    do throws(LineProblem) { return try body() } catch {
        throw ConversionError(line: lines.number, problem: error.description)
    }
}

/// The lines of a file in memory, without their ends; `\n` and `\r\n` both end one.
private struct LineIterator: IteratorProtocol {
    private var rest: ArraySlice<UInt8>
    /// Of the line returned last, from 1 on.
    private(set) var number = 0

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let line = rest.prefix { $0 != 10 }
        rest = rest[line.endIndex...].dropFirst()
        number += 1
        return line.last == 13 ? line.dropLast() : line
    }
}
