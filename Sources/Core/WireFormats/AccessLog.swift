package import Units

/// One line of a web server's access log in the common or the combined format, as nginx and Apache write them:
/// `host ident user [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.1" 200 2326 "referrer" "agent"`.
package struct AccessLogEntry: Hashable, Sendable {
    package let time: Timestamp
    /// Empty, as the route is, where the client sent no HTTP request: servers log such with status 400 or 408.
    package let method: String
    /// The path without query and fragment; of an absolute address its path.
    package let route: String
    package let status: Int
    /// Bytes of the answer's body; nil where the log says `-`.
    package let bytes: Int?

    /// What stands before the time and after the size is not looked at, so that a virtual host in front or more fields
    /// behind do no harm. Complexity: linear in the line.
    package init(parsing line: ArraySlice<UInt8>) throws(LineProblem) {
        guard let opening = Self.place(of: " [", in: line),
            let closing = line[opening...].firstIndex(of: UInt8(ascii: "]"))
        else { throw LineProblem("no time in brackets") }
        let stamp = line[(opening + 2)..<closing]
        guard let time = Self.time(stamp) else {
            throw LineProblem("'\(Self.text(stamp.prefix(40)))' is no time of the form 10/Oct/2000:13:55:36 -0700")
        }
        let rest = line[(closing + 1)...]
        guard rest.starts(with: [32, UInt8(ascii: "\"")]), let end = Self.endOfRequest(rest.dropFirst(2)) else {
            throw LineProblem("no request in double quotes, then a status of three digits")
        }
        self.time = time
        (method, route) = Self.request(line[(rest.startIndex + 2)..<end])
        (status, bytes) = try Self.statusAndSize(line[(end + 2)...])
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func place(of pattern: StaticString, in line: ArraySlice<UInt8>) -> Int? {
        let pattern = Array("\(pattern)".utf8)
        return line.indices.first { line[$0] == pattern[0] && line[$0...].starts(with: pattern) }
    }

    /// `10/Oct/2000:13:55:36 -0700`.
    private static func time(_ stamp: ArraySlice<UInt8>) -> Timestamp? {
        var scanner = StampScanner(stamp)
        guard let day = scanner.number(2), scanner.skip("/"), let month = scanner.month(), scanner.skip("/"),
            let year = scanner.number(4), scanner.skip(":"), let hour = scanner.number(2), scanner.skip(":"),
            let minute = scanner.number(2), scanner.skip(":"), let second = scanner.number(2), scanner.skip(" "),
            let offset = scanner.zoneOffset(), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = CivilTime.daysSinceEpoch(year: year, month: month, day: day)
        let date = CivilTime(Timestamp(secondsSinceEpoch: days * 86_400))
        // A 31st of February would be in March.
        guard date.day == day, date.month == month else { return nil }
        return Timestamp(secondsSinceEpoch: days * 86_400 + hour * 3_600 + minute * 60 + second - offset)
    }

    /// Where the request's closing quote is: the first that a blank, three digits and a blank or the end follow. Quotes
    /// within a request are escaped by today's servers and were not by older ones.
    private static func endOfRequest(_ rest: ArraySlice<UInt8>) -> Int? {
        rest.indices.first { index in
            guard rest[index] == UInt8(ascii: "\"") else { return false }
            let next = rest[(index + 1)...].prefix(5)
            return next.count >= 4 && next.first == 32
                && next.dropFirst().prefix(3).allSatisfy { (48...57).contains($0) }
                && (next.count == 4 || next.last == 32)
        }
    }

    private static func request(_ request: ArraySlice<UInt8>) -> (method: String, route: String) {
        let words = request.split(separator: 32)
        // Without a protocol it is HTTP/0.9; with more words the path holds blanks, which nobody should send.
        guard words.count >= 2, words[0].count <= 20, words[0].allSatisfy({ (65...90).contains($0) }) else {
            return ("", "")
        }
        return (text(words[0]), path(words[1]))
    }

    /// `/a/b` of `/a/b?c#d`, of `http://host/a/b` and of `http://host` (which is `/`); others, as `*`, as they are.
    private static func path(_ target: ArraySlice<UInt8>) -> String {
        let target = target.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        guard target.first != UInt8(ascii: "/"), let scheme = place(of: "://", in: target) else {
            return text(target)
        }
        let path = target[(scheme + 3)...].drop { $0 != UInt8(ascii: "/") }
        return path.isEmpty ? "/" : text(path)
    }

    private static func statusAndSize(_ rest: ArraySlice<UInt8>) throws(LineProblem) -> (Int, Int?) {
        let words = rest.prefix(40).split(separator: 32)
        guard let first = words.first, let status = Int(text(first)), words.count >= 2 else {
            throw LineProblem("no size after the status")
        }
        if words[1].elementsEqual("-".utf8) { return (status, nil) }
        guard let size = Int(text(words[1])), size >= 0 else {
            throw LineProblem("'\(text(words[1]))' is no size in bytes")
        }
        return (status, size)
    }
}

/// Reads the fixed fields of a log's time.
private struct StampScanner {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ digits: Int) -> Int? {
        guard rest.count >= digits else { return nil }
        var value = 0
        for digit in rest.prefix(digits) {
            guard (48...57).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 48)
        }
        rest.removeFirst(digits)
        return value
    }

    /// 1 to 12, of an English abbreviation.
    mutating func month() -> Int? {
        let letters = rest.prefix(3)
        guard letters.count == 3, let index = Self.months.firstIndex(where: { $0.elementsEqual(letters) }) else {
            return nil
        }
        rest.removeFirst(3)
        return index + 1
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ].map { Array($0.utf8) }

    /// Seconds east of UTC, of `+hhmm` at the end.
    mutating func zoneOffset() -> Int? {
        let sign = skip("+") ? 1 : -1
        guard sign == 1 || skip("-"), let hours = number(2), let minutes = number(2), rest.isEmpty, hours <= 18,
            minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}
