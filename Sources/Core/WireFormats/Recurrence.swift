package import Units

/// How an event repeats: the part of RFC 5545's RRULE that calendars of holidays and work use.
package struct Recurrence: Hashable, Sendable {
    package enum Frequency: String, Hashable, Sendable { case daily, weekly, monthly, yearly }

    package enum Until: Hashable, Sendable {
        case local(LocalTime)
        case instant(Timestamp)
    }

    /// A day of the week; of a month or year the so-and-so-many-th, counted from its end where negative, or all of them at 0.
    package struct Day: Hashable, Sendable {
        package let ordinal: Int
        /// Monday is 0.
        package let weekday: Int
    }

    package let frequency: Frequency
    package internal(set) var interval = 1
    package internal(set) var count: Int?
    package internal(set) var until: Until?
    package internal(set) var days: [Day] = []
    /// Of a month, counted from its end where negative; of a monthly or yearly rule.
    package internal(set) var monthDays: [Int] = []
    /// Of a yearly rule.
    package internal(set) var months: [Int] = []

    /// Occurrences of an event at most, and cycles looked at: a hostile rule must end.
    package static let most = 20_000
    private static let cycles = 100_000

    package init(_ frequency: Frequency) { self.frequency = frequency }

    /// The starts from `start` on, ascending, none after `last` and not more than `count`. What `until` leaves out depends on
    /// the zone and is for the caller.
    package func dates(from start: LocalTime, through last: LocalTime) -> [LocalTime] {
        let inDay = start.seconds - start.day * 86_400
        var found: [LocalTime] = []
        for cycle in 0..<Self.cycles {
            let dates = self.dates(cycle: cycle, from: start)
            guard let first = dates.first else { return found }
            if first.day * 86_400 > last.seconds { return found }
            for day in dates.days where day >= start.day {
                let local = LocalTime(seconds: day * 86_400 + inDay)
                if local > last || found.count == min(count ?? Self.most, Self.most) { return found }
                found.append(local)
            }
        }
        return found
    }

    /// The days of one cycle, ascending, and the cycle's first day; no first day past the year 9999.
    private func dates(cycle: Int, from start: LocalTime) -> (first: LocalTime?, days: [Int]) {
        let civil = start.civil
        func time(_ day: Int) -> LocalTime { LocalTime(seconds: day * 86_400) }
        switch frequency {
        case .daily:
            let day = start.day + cycle * interval
            return (time(day), days.isEmpty || days.contains { $0.weekday == Self.weekday(day) } ? [day] : [])
        case .weekly:
            let monday = start.day - Self.weekday(start.day) + 7 * cycle * interval
            let wanted = days.isEmpty ? [Self.weekday(start.day)] : Set(days.map(\.weekday)).sorted()
            return (time(monday), wanted.map { monday + $0 })
        case .monthly:
            let number = civil.year * 12 + civil.month - 1 + cycle * interval
            guard number / 12 <= 9_999 else { return (nil, []) }
            let first = CivilTime.daysSinceEpoch(year: number / 12, month: number % 12 + 1, day: 1)
            return (time(first), daysOfMonth(number / 12, number % 12 + 1, day: civil.day))
        case .yearly:
            let year = civil.year + cycle * interval
            guard year <= 9_999 else { return (nil, []) }
            let first = CivilTime.daysSinceEpoch(year: year, month: 1, day: 1)
            let wanted = months.isEmpty ? [civil.month] : months
            return (time(first), wanted.flatMap { daysOfMonth(year, $0, day: civil.day) })
        }
    }

    /// Days since the epoch: those that the rule's days of the week and of the month name, or else the `day`-th where the month
    /// has it.
    private func daysOfMonth(_ year: Int, _ month: Int, day: Int) -> [Int] {
        let length = CivilTime.daysInMonth(month, of: year)
        let first = CivilTime.daysSinceEpoch(year: year, month: month, day: 1)
        guard !(days.isEmpty && monthDays.isEmpty) else { return day <= length ? [first + day - 1] : [] }
        return (0..<length).filter { index in
            let fromStart = index / 7 + 1, fromEnd = -((length - 1 - index) / 7 + 1)
            let isDay = days.contains {
                $0.weekday == Self.weekday(first + index) && [0, fromStart, fromEnd].contains($0.ordinal)
            }
            let isMonthDay = monthDays.contains(index + 1) || monthDays.contains(index - length)
            return (days.isEmpty || isDay) && (monthDays.isEmpty || isMonthDay)
        }.map { first + $0 }
    }

    /// Monday is 0; the epoch was a Thursday.
    private static func weekday(_ day: Int) -> Int { (day + 3).flooredDivision(by: 7).remainder }
}

extension Recurrence {
    /// Reads the value of an RRULE, such as `FREQ=YEARLY;BYMONTH=11;BYDAY=4TH`.
    package init(parsing text: String) throws(LineProblem) {
        var parts: [(name: String, value: String)] = []
        for part in text.split(separator: ";").prefix(32) {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.uppercased() }
            guard pair.count == 2 else { throw LineProblem("the rule's part '\(part.prefix(40))' is no NAME=VALUE") }
            parts.append((pair[0], pair[1]))
        }
        guard let value = parts.first(where: { $0.name == "FREQ" })?.value,
            let frequency = Frequency(rawValue: value.lowercased())
        else { throw LineProblem("the rule needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY") }
        self.init(frequency)
        for (name, value) in parts { try read(name, value) }
        if count != nil, until != nil { throw LineProblem("a rule has COUNT or UNTIL, not both") }
        if frequency == .yearly, !(days.isEmpty && monthDays.isEmpty), months.isEmpty {
            throw LineProblem("a yearly \(days.isEmpty ? "BYMONTHDAY" : "BYDAY") needs BYMONTH beside it")
        }
        if [.daily, .weekly].contains(frequency), days.contains(where: { $0.ordinal != 0 }) {
            throw LineProblem("a numbered day, like 1MO, is for monthly and yearly rules")
        }
    }

    private mutating func read(_ name: String, _ value: String) throws(LineProblem) {
        switch name {
        case "FREQ": break
        case "INTERVAL": interval = try Self.number(value, 1...1_000, name)
        case "COUNT": count = try Self.number(value, 1...100_000, name)
        case "UNTIL":
            guard let time = CalendarTime(value) else {
                throw LineProblem("'\(value.prefix(40))' is no time for UNTIL")
            }
            // A date alone lets the whole day through.
            until =
                time.isUTC
                ? .instant(Timestamp(secondsSinceEpoch: time.local.seconds))
                : .local(time.isDate ? time.local.advanced(by: 86_399) : time.local)
        case "BYDAY":
            var read: [Day] = []
            for day in value.split(separator: ",").prefix(64) { read.append(try Self.day(String(day))) }
            days = read
        case "BYMONTHDAY" where [.monthly, .yearly].contains(frequency):
            var read: [Int] = []
            for day in value.split(separator: ",").prefix(62) {
                let number = try Self.number(String(day), -31...31, name)
                guard number != 0 else { throw LineProblem("BYMONTHDAY is no day 0") }
                read.append(number)
            }
            monthDays = read
        case "BYMONTH" where frequency == .yearly:
            var read: [Int] = []
            for month in value.split(separator: ",").prefix(12) {
                read.append(try Self.number(String(month), 1...12, name))
            }
            months = Set(read).sorted()
        case "WKST" where value == "MO" || interval == 1 || frequency != .weekly: break
        default:
            throw LineProblem(
                "the rule's part \(name.prefix(20)) is not supported here; write its dates as events of their own")
        }
    }

    private static func number(_ text: String, _ range: ClosedRange<Int>, _ name: String) throws(LineProblem) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw LineProblem("\(name) is \(range.lowerBound) to \(range.upperBound), not '\(text.prefix(20))'")
        }
        return number
    }

    private static func day(_ text: String) throws(LineProblem) -> Day {
        let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
        let ordinal = text.dropLast(2)
        guard let weekday = names.firstIndex(of: String(text.suffix(2))),
            let number = ordinal.isEmpty ? 0 : Int(ordinal),
            ordinal.isEmpty || (number != 0 && abs(number) <= 5)
        else { throw LineProblem("'\(text.prefix(20))' is no day for BYDAY, like MO, 1MO or -1FR") }
        return Day(ordinal: number, weekday: weekday)
    }
}

/// `20261124`, `20261124T080000` or `20261124T080000Z`.
struct CalendarTime {
    let local: LocalTime
    let isDate: Bool, isUTC: Bool

    init?(_ text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            bytes[range].reduce(0) { sum, byte in
                sum.flatMap { (48...57).contains(byte) ? $0 * 10 + Int(byte - 48) : nil }
            }
        }
        guard bytes.count == 8 || bytes.count == 15 || bytes.count == 16, let year = number(0..<4),
            let month = number(4..<6),
            let day = number(6..<8)
        else { return nil }
        var time = (0, 0, 0)
        if bytes.count > 8 {
            guard bytes[8] == UInt8(ascii: "T"), let hour = number(9..<11), let minute = number(11..<13),
                let second = number(13..<15), bytes.count == 15 || bytes[15] == UInt8(ascii: "Z")
            else { return nil }
            time = (hour, minute, second)
        }
        guard
            let local = LocalTime(year: year, month: month, day: day, hour: time.0, minute: time.1, second: time.2)
        else { return nil }
        (self.local, isDate, isUTC) = (local, bytes.count == 8, bytes.count == 16)
    }
}
