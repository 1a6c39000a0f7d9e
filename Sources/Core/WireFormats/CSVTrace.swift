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
        let names = CSVFields.split(header).map { CSVFields.text($0).lowercased() }
        guard let time = names.firstIndex(of: "timestamp"), let value = names.firstIndex(of: "value") else {
            throw LineProblem(
                "the header must name the columns timestamp and value (and series, where there are several)")
        }
        (timestampColumn, valueColumn, columns) = (time, value, names.count)
        seriesColumn = names.firstIndex(of: "series")
    }

    /// Complexity: linear in the line.
    package func decode(_ line: ArraySlice<UInt8>) throws(LineProblem) -> TraceRow {
        let fields = try CSVFields.split(line, columns: columns)
        guard let timestamp = Timestamp(parsing: fields[timestampColumn]) else {
            throw LineProblem("'\(CSVFields.excerpt(fields[timestampColumn]))' is no time: ISO-8601 or Unix seconds")
        }
        let series = seriesColumn.map { CSVFields.text(fields[$0]) } ?? ""
        return TraceRow(series: series, timestamp: timestamp, value: try CSVFields.number(fields[valueColumn]))
    }
}
