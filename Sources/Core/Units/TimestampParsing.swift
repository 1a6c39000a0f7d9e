extension Timestamp {
    /// The instant written in `text`: ISO-8601 (`2026-11-24`, `2026-11-24T08:00:00.250+01:00`, a blank for the `T`; no
    /// zone means UTC) or a number of Unix seconds.
    ///
    /// Nil where the text is neither. Complexity: linear in the length; nothing is allocated on the ISO path. Takes bytes as
    /// decoders hold them, as a generic one is not specialised for modules that call it, and costs ten times as much.
    package init?(parsing text: ArraySlice<UInt8>) {
        if let instant = Self(iso8601: text) {
            self = instant
        } else if let seconds = Double(String(decoding: text, as: UTF8.self)) {
            self.init(secondsSinceEpoch: seconds)
        } else {
            return nil
        }
    }

    package init?(parsing text: String) { self.init(parsing: ArraySlice(text.utf8)) }

    private init?(iso8601 text: ArraySlice<UInt8>) {
        var scanner = ByteScanner(text)
        guard let year = scanner.digits(4), scanner.skip("-"), let month = scanner.digits(2), scanner.skip("-"),
            let day = scanner.digits(2), (1...12).contains(month),
            (1...CivilTime.daysInMonth(month, of: year)).contains(day)
        else { return nil }
        let days = Int64(CivilTime.daysSinceEpoch(year: year, month: month, day: day))
        var milliseconds: Int64 = 0
        if scanner.skip("T") || scanner.skip("t") || scanner.skip(" ") {
            guard let time = scanner.timeOfDay(), let offset = scanner.zoneOffset() else { return nil }
            milliseconds = time - offset
        }
        guard scanner.isAtEnd else { return nil }
        self.init(millisecondsSinceEpoch: days * 86_400_000 + milliseconds)
    }
}

/// Reads fixed-width fields off the front of a byte sequence.
private struct ByteScanner {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) { (self.bytes, position) = (bytes, bytes.startIndex) }

    var isAtEnd: Bool { position == bytes.endIndex }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard !isAtEnd, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    mutating func digit() -> Int? {
        guard !isAtEnd, (48...57).contains(bytes[position]) else { return nil }
        defer { position += 1 }
        return Int(bytes[position] - 48)
    }

    mutating func digits(_ count: Int) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Milliseconds after midnight of `hh:mm[:ss[.fff…]]`; digits past the third of a fraction are dropped.
    mutating func timeOfDay() -> Int64? {
        guard let hour = digits(2), skip(":"), let minute = digits(2), hour < 24, minute < 60 else { return nil }
        var milliseconds = Int64(hour * 3_600 + minute * 60) * 1_000
        guard skip(":") else { return milliseconds }
        guard let second = digits(2), second < 60 else { return nil }
        milliseconds += Int64(second) * 1_000
        guard skip(".") || skip(",") else { return milliseconds }
        guard let fraction = fraction() else { return nil }
        return milliseconds + fraction
    }

    private mutating func fraction() -> Int64? {
        guard let first = digit() else { return nil }
        var (value, scale) = (Int64(first) * 100, Int64(10))
        while let next = digit() {
            value += Int64(next) * scale
            scale /= 10
        }
        return value
    }

    /// Milliseconds east of UTC: nothing or `Z` is 0; `+hh:mm`, `+hhmm`, `+hh`.
    mutating func zoneOffset() -> Int64? {
        if isAtEnd || skip("Z") || skip("z") { return 0 }
        let sign: Int64 = skip("+") ? 1 : -1
        guard sign == 1 || skip("-"), let hours = digits(2), hours <= 18 else { return nil }
        _ = skip(":")
        let minutes = isAtEnd ? 0 : digits(2)
        guard let minutes, minutes < 60 else { return nil }
        return sign * Int64(hours * 3_600 + minutes * 60) * 1_000
    }
}
