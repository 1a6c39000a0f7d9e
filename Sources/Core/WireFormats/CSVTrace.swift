package import Units

/// One row of a trace: `timestamp,value` or `series,timestamp,value`.
package struct TraceRow: Hashable, Sendable {
    /// Empty where the file has no series column.
    package let series: String
    package let timestamp: Timestamp
    /// Nil where the field is empty: a missing row.
    package let value: Double?
}

/// Why a line is no row; the caller adds file and line.
package struct LineProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Reads trace rows line by line, after a header that names the columns in any order.
package struct CSVTraceDecoder: Sendable {
    private let timestampColumn: Int, valueColumn: Int, seriesColumn: Int?
    private let columns: Int

    package init(header: ArraySlice<UInt8>) throws(LineProblem) {
        let names = Self.fields(header).map { Self.text($0).lowercased() }
        guard let time = names.firstIndex(of: "timestamp"), let value = names.firstIndex(of: "value") else {
            throw LineProblem(
                "the header must name the columns timestamp and value (and series, where there are several)")
        }
        (timestampColumn, valueColumn, columns) = (time, value, names.count)
        seriesColumn = names.firstIndex(of: "series")
    }

    /// Complexity: linear in the line.
    package func decode(_ line: ArraySlice<UInt8>) throws(LineProblem) -> TraceRow {
        let fields = Self.fields(line)
        guard fields.count == columns else {
            throw LineProblem("\(fields.count) column\(fields.count == 1 ? "" : "s"); the header has \(columns)")
        }
        guard let timestamp = Timestamp(parsing: fields[timestampColumn]) else {
            throw LineProblem("'\(Self.excerpt(fields[timestampColumn]))' is no time: ISO-8601 or Unix seconds")
        }
        let series = seriesColumn.map { Self.text(fields[$0]) } ?? ""
        let field = fields[valueColumn]
        guard !field.isEmpty else { return TraceRow(series: series, timestamp: timestamp, value: nil) }
        guard let value = Double(String(decoding: field, as: UTF8.self)), value.isFinite else {
            throw LineProblem("'\(Self.excerpt(field))' is no finite number; leave the field empty where it is unknown")
        }
        return TraceRow(series: series, timestamp: timestamp, value: value)
    }

    /// Splits at commas outside double quotes; blanks and the quotes around a field are dropped.
    static func fields(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var fields: [ArraySlice<UInt8>] = []
        var (start, isQuoted) = (line.startIndex, false)
        for index in line.indices {
            switch line[index] {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                fields.append(trimmed(line[start..<index]))
                start = index + 1
            default: break
            }
        }
        fields.append(trimmed(line[start...]))
        return fields
    }

    private static func trimmed(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var field = field
        while let first = field.first, first <= 32 { field.removeFirst() }
        while let last = field.last, last <= 32 { field.removeLast() }
        guard field.count >= 2, field.first == UInt8(ascii: "\""), field.last == UInt8(ascii: "\"") else {
            return field
        }
        return field.dropFirst().dropLast()
    }

    static func text(_ field: ArraySlice<UInt8>) -> String { String(decoding: field, as: UTF8.self) }
    private static func excerpt(_ field: ArraySlice<UInt8>) -> String { text(field.prefix(40)) }
}
