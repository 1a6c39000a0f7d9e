import Units

/// When something begins, as cron writes it: `0 8 * * 1-5`, minute, hour, day of the month, month and day of the week, as the clocks of a
/// place show them.
///
/// Written here: what is needed of cron is a page, and the libraries there are run jobs by a clock of their own, which a replay
/// cannot have. A field is `*`, a number, a range `1-5`, each with a step `*/15` where wanted, or several by comma; months and days of
/// the week also by their English names. Where both day fields are restricted (do not begin with `*`), either will do.
package struct CronExpression: Hashable, Sendable {
    /// Why it is none: the field and what would do.
    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// As it was written.
    package let text: String
    /// A bit for every value that will do.
    private let minutes: UInt64, hours: UInt64, days: UInt64, months: UInt64, weekdays: UInt64
    private let eitherDay: Bool
    /// Whether hours are counted off (`*`, `*/2`) and not named.
    let isEveryHour: Bool

    package init(parsing text: String) throws(Problem) {
        let fields = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard fields.count == 5 else {
            throw Problem(
                description:
                    "'\(text.prefix(60))' has \(fields.count) fields, and five are wanted: minute, hour, day of the "
                    + "month, month, day of the week, as in \"0 8 * * 1-5\"")
        }
        self.text = fields.joined(separator: " ")
        minutes = try CronField.minute.bits(fields[0])
        hours = try CronField.hour.bits(fields[1])
        days = try CronField.day.bits(fields[2])
        months = try CronField.month.bits(fields[3])
        let week = try CronField.weekday.bits(fields[4])
        // Sunday is 0 and 7.
        weekdays = (week | week >> 7) & 0x7F
        isEveryHour = fields[1].hasPrefix("*")
        eitherDay = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
        let earliest = days.trailingZeroBitCount
        guard eitherDay || (1...12).contains(where: { months.has($0) && earliest <= Self.longest(month: $0) }) else {
            throw Problem(description: "'\(text)' never comes: no such month has a day \(earliest)")
        }
    }

    /// In a leap year.
    private static func longest(month: Int) -> Int { CivilTime.daysInMonth(month, of: 2024) }

    /// The times at which it comes on a day, counted from the epoch; ascending, 1,440 at most.
    func times(ofDay day: Int) -> [LocalTime] {
        guard comes(onDay: day) else { return [] }
        let hours = (0..<24).filter { self.hours.has($0) }, minutes = (0..<60).filter { self.minutes.has($0) }
        return hours.flatMap { hour in
            minutes.map { LocalTime(seconds: day * 86_400 + hour * 3_600 + $0 * 60) }
        }
    }

    private func comes(onDay day: Int) -> Bool {
        let date = LocalTime(seconds: day * 86_400).civil
        guard months.has(date.month) else { return false }
        // The epoch was a Thursday.
        let isWeekday = weekdays.has((day + 4).flooredDivision(by: 7).remainder), isDay = days.has(date.day)
        return eitherDay ? isWeekday || isDay : isWeekday && isDay
    }
}

extension UInt64 {
    fileprivate func has(_ value: Int) -> Bool { self >> UInt64(value) & 1 == 1 }
}

/// One of the five fields.
private struct CronField {
    let name: String
    let range: ClosedRange<Int>
    /// English names of the values from the first on.
    var words: [String] = []

    static let minute = CronField(name: "minute", range: 0...59)
    static let hour = CronField(name: "hour", range: 0...23)
    static let day = CronField(name: "day of the month", range: 1...31)
    static let month = CronField(
        name: "month", range: 1...12,
        words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    static let weekday = CronField(
        name: "day of the week", range: 0...7, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

    func bits(_ text: String) throws(CronExpression.Problem) -> UInt64 {
        var bits: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let (values, step) = try stepped(String(part))
            for value in stride(from: values.lowerBound, through: values.upperBound, by: step) {
                bits |= 1 << UInt64(value)
            }
        }
        return bits
    }

    /// `*/15`, `8-18/2`, `8-18`, `8`.
    private func stepped(_ part: String) throws(CronExpression.Problem) -> (ClosedRange<Int>, step: Int) {
        let pieces = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let values = try self.values(pieces[0], in: part)
        guard pieces.count > 1 else { return (values, 1) }
        guard pieces.count == 2, let step = Int(pieces[1]), (1...range.upperBound).contains(step) else {
            throw problem(part, "after / a step of 1 to \(range.upperBound) is wanted, as in */15")
        }
        guard pieces[0] == "*" || pieces[0].contains("-") else {
            throw problem(part, "a step wants a range: \(pieces[0])-\(range.upperBound)/\(step)")
        }
        return (values, step)
    }

    private func values(_ text: String, in part: String) throws(CronExpression.Problem) -> ClosedRange<Int> {
        if text == "*" { return range }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2, let first = value(ends[0]), let last = value(ends[ends.count - 1]) else {
            throw problem(part, "*, or values from \(range.lowerBound) to \(range.upperBound)\(named) are wanted")
        }
        guard first <= last else {
            throw problem(
                part, "a range goes upwards; write \(first)-\(range.upperBound),\(range.lowerBound)-\(last)")
        }
        return first...last
    }

    private func value(_ text: String) -> Int? {
        if let place = words.firstIndex(of: text.lowercased()) { return range.lowerBound + place }
        guard let value = Int(text), text.allSatisfy(\.isNumber), range.contains(value) else { return nil }
        return value
    }

    private var named: String { words.isEmpty ? "" : ", or \(words[0]) to \(words[words.count - 1])," }

    private func problem(_ part: String, _ wanted: String) -> CronExpression.Problem {
        CronExpression.Problem(description: "\(name) '\(part.prefix(40))': \(wanted)")
    }
}
