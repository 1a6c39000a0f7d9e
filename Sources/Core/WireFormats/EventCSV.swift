package import Series
package import Units

/// What the columns of a table of events mean.
package struct EventColumns: Hashable, Sendable {
    /// What a number in the column of times is.
    package enum TimeUnit: String, CaseIterable, Sendable { case milliseconds = "ms", seconds = "s" }

    /// Nil: `timestamp`, or else `timestamp_ms`.
    package var time: String?
    /// Nil: milliseconds where the column's name ends in `_ms`, and seconds elsewhere, where ISO-8601 is read too.
    package var unit: TimeUnit?
    /// Where times count from, which are numbers then; nil: from 1970.
    package var start: Timestamp?
    /// Each becomes a label; without any all events are of one series.
    package var by: [String] = []
    /// Summed; nil: events are counted.
    package var value: String?

    package init() {}
}

/// One row of a table of events.
package struct EventRow: Hashable, Sendable {
    package let key: SeriesKey
    /// Milliseconds since 1970, rounded down.
    package let milliseconds: Int64
    /// 1 where events are counted, nil where the field is empty.
    package let value: Double?

    package init(key: SeriesKey, milliseconds: Int64, value: Double?) {
        (self.key, self.milliseconds, self.value) = (key, milliseconds, value)
    }
}

/// Reads tables of an event a row, after a header that names the columns.
package struct EventCSVDecoder: Sendable {
    private let labels: CSVLabels
    private let time: Int, value: Int?
    private let columns: Int
    private let unit: EventColumns.TimeUnit?
    private let start: Int64

    package init(header: ArraySlice<UInt8>, _ meaning: EventColumns, key: SeriesKey) throws(LineProblem) {
        let names = CSVFields.split(header).map(CSVFields.text)
        func index(_ name: String) throws(LineProblem) -> Int {
            guard let index = names.firstIndex(of: name) else {
                throw LineProblem("no column '\(name)'; there are: \(CSVFields.list(names))")
            }
            return index
        }
        guard let timeName = meaning.time ?? ["timestamp", "timestamp_ms"].first(where: names.contains) else {
            throw LineProblem("say with --time-column where the time stands: \(CSVFields.list(names))")
        }
        time = try index(timeName)
        if let name = meaning.value { value = try index(name) } else { value = nil }
        labels = try CSVLabels(meaning.by, of: names, key: key)
        let isRelative = meaning.start != nil
        unit = meaning.unit ?? (timeName.hasSuffix("_ms") ? .milliseconds : isRelative ? .seconds : nil)
        (columns, start) = (names.count, meaning.start?.millisecondsSinceEpoch ?? 0)
    }

    /// Complexity: linear in the line.
    package func decode(_ line: ArraySlice<UInt8>) throws(LineProblem) -> EventRow {
        let fields = try CSVFields.split(line, columns: columns)
        let at = try milliseconds(fields[time])
        guard let value else { return EventRow(key: try labels.key(fields), milliseconds: at, value: 1) }
        return EventRow(key: try labels.key(fields), milliseconds: at, value: try CSVFields.number(fields[value]))
    }

    private func milliseconds(_ field: ArraySlice<UInt8>) throws(LineProblem) -> Int64 {
        if let unit {
            let scale = unit == .milliseconds ? 1.0 : 1_000
            guard let number = Double(CSVFields.text(field)), abs(number * scale) <= Self.farthest else {
                throw LineProblem("'\(CSVFields.excerpt(field))' is no time in \(unit.rawValue)")
            }
            return start + Int64((number * scale).rounded(.down))
        }
        guard let time = Timestamp(parsing: field), abs(Double(time.millisecondsSinceEpoch)) <= Self.farthest else {
            throw LineProblem("'\(CSVFields.excerpt(field))' is no time: ISO-8601 or seconds; --time-unit ms for those")
        }
        return start + time.millisecondsSinceEpoch
    }

    /// Milliseconds; far beyond any date that events carry, and far below what overflows.
    private static let farthest = 8.64e15
}
