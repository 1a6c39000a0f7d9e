import Units

/// The events of a CSV file, after a header that names the columns `start`, `end`, `name` and, where the effect on demand is
/// known, `effect` in any order. Times are as in traces; one without a zone is on the reader's clocks.
///
/// - Throws: at the first line that is no event. Complexity: linear.
package func decodeKnownEventsCSV(_ bytes: [UInt8]) throws(EventsProblem) -> [CalendarEvent] {
    var columns: KnownEventColumns?
    var events: [CalendarEvent] = []
    for (number, part) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
        let line = part.last == 13 ? part.dropLast() : part
        if line.isEmpty { continue }
        do throws(LineProblem) {
            if let columns {
                events.append(try columns.event(line, number: number + 1))
            } else {
                columns = try KnownEventColumns(header: line)
            }
        } catch {
            throw EventsProblem(line: number + 1, error.description)
        }
    }
    guard columns != nil else { throw EventsProblem(line: 1, "the file is empty") }
    return events
}

private struct KnownEventColumns {
    private let start: Int, end: Int, name: Int, effect: Int?
    private let count: Int

    init(header: ArraySlice<UInt8>) throws(LineProblem) {
        let names = CSVFields.split(header).map { CSVFields.text($0).lowercased() }
        guard let start = names.firstIndex(of: "start"), let end = names.firstIndex(of: "end"),
            let name = names.firstIndex(of: "name")
        else {
            throw LineProblem("the header must name the columns start, end and name (and effect, where it is known)")
        }
        (self.start, self.end, self.name, count) = (start, end, name, names.count)
        effect = names.firstIndex(of: "effect")
    }

    func event(_ line: ArraySlice<UInt8>, number: Int) throws(LineProblem) -> CalendarEvent {
        let fields = try CSVFields.split(line, columns: count)
        let first = try Self.time(fields[start]), last = try Self.time(fields[end])
        guard first.zone == last.zone else {
            throw LineProblem("one time has a zone and the other has none; write both alike")
        }
        guard last.local > first.local, last.local.seconds - first.local.seconds <= 366 * 86_400 else {
            throw LineProblem("the event must end after it starts, within a year")
        }
        return CalendarEvent(
            name: String(CSVFields.text(fields[name]).prefix(80)), start: first.local, end: last.local,
            zone: first.zone,
            effect: try effect.map { (column: Int) throws(LineProblem) in try Self.effect(fields[column]) } ?? nil,
            line: number)
    }

    private static func effect(_ field: ArraySlice<UInt8>) throws(LineProblem) -> Double? {
        if field.isEmpty { return nil }
        guard let value = Double(CSVFields.text(field)), value.isFinite, value > 0, value <= 1_000 else {
            throw LineProblem(
                "'\(CSVFields.excerpt(field))' is no factor that demand is multiplied by, above 0 and up to 1000"
            )
        }
        return value
    }

    private static func time(
        _ field: ArraySlice<UInt8>
    ) throws(LineProblem) -> (local: LocalTime, zone: CalendarEvent.Zone) {
        guard let time = Timestamp(parsing: field), abs(time.secondsSinceEpoch) < 2.6e11 else {
            throw LineProblem("'\(CSVFields.excerpt(field))' is no time: ISO-8601 or Unix seconds")
        }
        // A date is written with two dashes; a third is the zone's.
        let isDate = field.count { $0 == UInt8(ascii: "-") } >= 2 && field.first != UInt8(ascii: "-")
        let hasZone =
            field.last == UInt8(ascii: "Z") || field.last == UInt8(ascii: "z") || field.contains(UInt8(ascii: "+"))
            || field.count { $0 == UInt8(ascii: "-") } > 2
        let local = LocalTime(seconds: Int(time.secondsSinceEpoch.rounded(.down)))
        return (local, isDate && !hasZone ? .readers : .utc)
    }
}
