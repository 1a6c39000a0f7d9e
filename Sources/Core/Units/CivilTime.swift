/// A UTC calendar date and time of day, on the proleptic Gregorian calendar.
///
/// Written here because Core is free of Foundation and reading timestamps is hot: parsing works on bytes and allocates
/// nothing. Conversion uses the era arithmetic of H. Hinnant, "chrono-compatible low-level date algorithms".
package struct CivilTime: Hashable, Sendable {
    package var year: Int, month: Int, day: Int
    package var hour: Int, minute: Int, second: Int, millisecond: Int

    package init(_ timestamp: Timestamp) {
        let (days, inDay) = timestamp.millisecondsSinceEpoch.flooredDivision(by: 86_400_000)
        let shifted = days + 719_468
        let era = shifted.flooredDivision(by: 146_097).quotient
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        hour = Int(inDay / 3_600_000)
        minute = Int(inDay / 60_000 % 60)
        second = Int(inDay / 1_000 % 60)
        millisecond = Int(inDay % 1_000)
    }

    /// Days from 1970-01-01 to the given date; negative before it.
    package static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredDivision(by: 400).quotient
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// `2026-11-24T08:00:00Z`, with `.250` before the `Z` where the milliseconds are not zero.
    package var iso8601: String {
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let time = "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
        return "\(date)T\(time)\(millisecond == 0 ? "" : "." + padded(millisecond, 3))Z"
    }

    package static func daysInMonth(_ month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }
}

private func padded(_ value: Int, _ width: Int) -> String {
    let digits = "\(abs(value))"
    return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

extension FixedWidthInteger {
    /// Division that rounds towards negative infinity, so that the remainder has the sign of the divisor.
    package func flooredDivision(by divisor: Self) -> (quotient: Self, remainder: Self) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        guard remainder != 0, (remainder < 0) != (divisor < 0) else { return (quotient, remainder) }
        return (quotient - 1, remainder + divisor)
    }
}
