import Units

/// The events of an iCalendar file (RFC 5545): VEVENT with SUMMARY, DTSTART, DTEND or DURATION, RRULE, RDATE, EXDATE,
/// RECURRENCE-ID and STATUS. Zones are taken by their IANA names, so VTIMEZONE is passed over, as is all else. A rule or list that would be
/// misread is refused.
///
/// - Throws: at the first line that cannot be understood. Complexity: linear.
package func decodeICalendar(_ bytes: [UInt8]) throws(EventsProblem) -> [CalendarEvent] {
    var reader = ICalendarReader()
    for (line, text) in unfolded(bytes) {
        guard let property = ICalendarProperty(text) else {
            throw EventsProblem(line: line, "'\(excerpt(text))' is no NAME:VALUE")
        }
        do throws(LineProblem) {
            try reader.read(property, line: line)
        } catch {
            throw EventsProblem(line: line, error.description)
        }
    }
    return try reader.finished()
}

private func excerpt(_ text: String) -> String { String(text.prefix(40)) }

/// Logical lines with the number of their first: a line that begins with a blank goes on with the one before.
private func unfolded(_ bytes: [UInt8]) -> [(line: Int, text: String)] {
    var lines: [(line: Int, bytes: [UInt8])] = []
    for (number, part) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
        let line = part.last == 13 ? part.dropLast() : part
        if let first = line.first, first == 32 || first == 9, !lines.isEmpty {
            lines[lines.count - 1].bytes += line.dropFirst()
        } else if !line.isEmpty {
            lines.append((number + 1, Array(line)))
        }
    }
    return lines.map { ($0.line, String(decoding: $0.bytes, as: UTF8.self)) }
}

/// `NAME;PARAMETER=VALUE:VALUE`.
private struct ICalendarProperty {
    let name: String
    private(set) var parameters: [String: String] = [:]
    let value: String

    init?(_ text: String) {
        var isQuoted = false
        var parts: [Substring] = [], start = text.startIndex, colon: String.Index?
        for index in text.indices {
            let character = text[index]
            if character == "\"" { isQuoted.toggle() }
            guard !isQuoted, character == ";" || character == ":" else { continue }
            parts.append(text[start..<index])
            start = text.index(after: index)
            if character == ":" {
                colon = index
                break
            }
        }
        guard colon != nil, let name = parts.first, !name.isEmpty else { return nil }
        self.name = name.uppercased()
        value = String(text[start...])
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { parameters[pair[0].uppercased()] = pair[1].filter { $0 != "\"" } }
        }
    }
}

/// What has been read of the file so far.
private struct ICalendarReader {
    private var events: [CalendarEvent] = []
    /// UID of each event, and the start that it stands in for.
    private var identities: [(uid: String, replaces: LocalTime?)] = []
    private var draft: EventDraft?
    /// Components open within the event, or outside of any.
    private var depth = 0

    mutating func read(_ property: ICalendarProperty, line: Int) throws(LineProblem) {
        switch (property.name, property.value.uppercased()) {
        case ("BEGIN", "VEVENT") where draft == nil:
            draft = EventDraft(line: line)
            depth = 0
        case ("END", "VEVENT") where draft != nil && depth == 0:
            if let draft, let event = try draft.event() {
                events.append(event)
                identities.append((draft.uid, draft.replaces?.local))
            }
            draft = nil
        case ("BEGIN", _): depth += 1
        case ("END", _): depth -= 1
        default: if depth <= 0 || draft == nil { try draft?.read(property) }
        }
    }

    func finished() throws(EventsProblem) -> [CalendarEvent] {
        if let draft { throw EventsProblem(line: draft.line, "the event that begins here has no END:VEVENT") }
        // Where one occurrence was moved, it stands in the file as an event of its own.
        var moved: [String: [LocalTime]] = [:]
        for identity in identities { if let time = identity.replaces { moved[identity.uid, default: []].append(time) } }
        return zip(events, identities).map { event, identity in
            var event = event
            if identity.replaces == nil, let times = moved[identity.uid] { event.exceptions.formUnion(times) }
            return event
        }
    }
}

/// An event whose END has not come.
private struct EventDraft {
    let line: Int
    private(set) var uid = ""
    private(set) var replaces: CalendarTime?
    private var name = "event"
    private var start: CalendarTime?, end: CalendarTime?
    private var zone = CalendarEvent.Zone.readers, endZone: CalendarEvent.Zone?
    private var duration: Int?
    private var rule: Recurrence?
    private var additions: [LocalTime] = [], exceptions: [LocalTime] = []
    private var isCancelled = false

    init(line: Int) { self.line = line }

    mutating func read(_ property: ICalendarProperty) throws(LineProblem) {
        switch property.name {
        case "SUMMARY": name = String(property.value.filter { $0 != "\\" }.prefix(80))
        case "UID": uid = property.value
        case "STATUS": isCancelled = property.value.uppercased() == "CANCELLED"
        case "DTSTART": (start, zone) = try Self.time(property, property.value)
        case "DTEND":
            let (time, zone) = try Self.time(property, property.value)
            (end, endZone) = (time, zone)
        case "RECURRENCE-ID": replaces = try Self.time(property, property.value).0
        case "DURATION": duration = try Self.duration(property.value)
        case "RRULE": rule = try Recurrence(parsing: property.value)
        case "EXDATE": exceptions += try Self.times(property)
        case "RDATE": additions += try Self.times(property)
        case "EXRULE":
            throw LineProblem("\(property.name) is not supported here; write its dates as events of their own")
        default: break
        }
    }

    private static func times(_ property: ICalendarProperty) throws(LineProblem) -> [LocalTime] {
        var times: [LocalTime] = []
        for text in property.value.split(separator: ",").prefix(10_000) {
            times.append(try time(property, String(text)).0.local)
        }
        return times
    }

    private static func time(
        _ property: ICalendarProperty, _ text: String
    ) throws(LineProblem) -> (CalendarTime, CalendarEvent.Zone) {
        guard let time = CalendarTime(text) else {
            throw LineProblem("'\(text.prefix(40))' is no time for \(property.name), like 20261124T080000Z")
        }
        if time.isUTC { return (time, .utc) }
        return (time, property.parameters["TZID"].map { .named(String($0.prefix(80))) } ?? .readers)
    }

    /// `P1W`, `P1DT2H30M`, in seconds; at most a year.
    private static func duration(_ text: String) throws(LineProblem) -> Int {
        let units: [Character: Int] = ["W": 604_800, "D": 86_400, "H": 3_600, "M": 60, "S": 1]
        var (sum, digits) = (0, "")
        for character in text.uppercased() {
            if character.isASCII, character.isNumber {
                digits.append(character)
            } else if let unit = units[character], digits.count <= 6, let number = Int(digits) {
                sum += number * unit
                digits = ""
            } else if !"P+T".contains(character) || !digits.isEmpty {
                sum = -1
                break
            }
        }
        guard sum >= 0, sum <= 366 * 86_400, digits.isEmpty, text.uppercased().contains("P") else {
            throw LineProblem("'\(text.prefix(40))' is no duration of up to a year, like PT2H30M")
        }
        return sum
    }

    /// Nil for one that was cancelled.
    func event() throws(LineProblem) -> CalendarEvent? {
        if isCancelled { return nil }
        guard let start else { throw LineProblem("the event that begins in line \(line) has no DTSTART") }
        if let endZone, endZone != zone {
            throw LineProblem("DTSTART and DTEND are in different time zones; write both in one")
        }
        let last = end?.local ?? start.local.advanced(by: duration ?? (start.isDate ? 86_400 : 0))
        guard last >= start.local, last.seconds - start.local.seconds <= 366 * 86_400 else {
            throw LineProblem("the event ends before it starts, or more than a year after")
        }
        var event = CalendarEvent(name: name, start: start.local, end: last, zone: zone, rule: rule, line: line)
        (event.additions, event.exceptions) = (Set(additions), Set(exceptions))
        return event
    }
}
