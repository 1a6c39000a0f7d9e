package import Series
internal import Units

/// Reads one line of VictoriaMetrics' import format into a batch:
/// `{"metric":{"__name__":"requests_total","job":"web"},"values":[1,2],"timestamps":[1700000000000,1700000060000]}`.
///
/// Timestamps are milliseconds. A `null` value is a gap and gives no sample; keys that are not known are passed over.
/// Nothing reaches the batch unless the whole line is right. Complexity: linear in the line.
package func decodeJSONLine(_ line: ArraySlice<UInt8>, into batch: inout SampleBatch) throws(LineProblem) {
    var scanner = JSONScanner(line)
    var record = ImportRecord()
    try scanner.object { scanner, key throws(LineProblem) in
        switch key {
        case "metric": record.labels = try scanner.labels()
        case "values": record.values = try scanner.numbers()
        case "timestamps": record.times = try scanner.times()
        default: try scanner.skipValue()
        }
    }
    try scanner.expectEnd()
    try record.append(to: &batch)
}

private struct ImportRecord {
    var labels: [SeriesKey.Label]?
    /// NaN where the line says `null`.
    var values: [Double]?
    var times: [Timestamp]?

    func append(to batch: inout SampleBatch) throws(LineProblem) {
        guard let labels else { throw LineProblem("\"metric\" is missing") }
        guard let values else { throw LineProblem("\"values\" is missing") }
        guard let times else { throw LineProblem("\"timestamps\" is missing") }
        guard values.count == times.count else {
            throw LineProblem("\(values.count) values but \(times.count) timestamps")
        }
        guard let name = labels.first(where: { $0.name == "__name__" })?.value else {
            throw LineProblem("\"metric\" needs a \"__name__\"")
        }
        let key: SeriesKey
        do throws(SeriesNameError) {
            key = try SeriesKey(metric: name, labels: labels.filter { $0.name != "__name__" })
        } catch {
            throw LineProblem(error.description)
        }
        for (time, value) in zip(times, values) where !value.isNaN { batch.append(key, time, value) }
    }
}

/// A strict reader of the JSON that the import format needs, over bytes and without building a tree.
///
/// Written here because Core is free of Foundation and this is a hot path.
private struct JSONScanner {
    private static let maximumDepth = 32

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var depth = 0

    init(_ bytes: ArraySlice<UInt8>) { (self.bytes, position) = (bytes, bytes.startIndex) }

    func problem(_ text: String) -> LineProblem {
        LineProblem("byte \(position - bytes.startIndex + 1): \(text)")
    }

    mutating func expectEnd() throws(LineProblem) {
        skipBlanks()
        guard position == bytes.endIndex else { throw problem("text after the object") }
    }

    private mutating func skipBlanks() {
        while position < bytes.endIndex, [32, 9, 13, 10].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard position < bytes.endIndex, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(LineProblem) {
        guard take(character) else { throw problem("'\(character)' expected") }
    }

    /// Calls `member` after each key and its colon.
    mutating func object(
        _ member: (inout JSONScanner, String) throws(LineProblem) -> Void
    ) throws(LineProblem) {
        try enter("{")
        if !take("}") {
            repeat {
                skipBlanks()
                let key = try string()
                try expect(":")
                try member(&self, key)
            } while take(",")
            try expect("}")
        }
        depth -= 1
    }

    private mutating func array(_ element: (inout JSONScanner) throws(LineProblem) -> Void) throws(LineProblem) {
        try enter("[")
        if !take("]") {
            repeat { try element(&self) } while take(",")
            try expect("]")
        }
        depth -= 1
    }

    private mutating func enter(_ opening: Unicode.Scalar) throws(LineProblem) {
        try expect(opening)
        depth += 1
        guard depth <= Self.maximumDepth else { throw problem("nested too deeply") }
    }

    mutating func labels() throws(LineProblem) -> [SeriesKey.Label] {
        var labels: [SeriesKey.Label] = []
        try object { scanner, name throws(LineProblem) in
            scanner.skipBlanks()
            labels.append(SeriesKey.Label(name: name, value: try scanner.string()))
        }
        return labels
    }

    /// Numbers, with NaN for `null`.
    mutating func numbers() throws(LineProblem) -> [Double] {
        var numbers: [Double] = []
        try array { scanner throws(LineProblem) in
            if scanner.takeWord("null") {
                numbers.append(.nan)
            } else {
                numbers.append(try scanner.number())
            }
        }
        return numbers
    }

    mutating func times() throws(LineProblem) -> [Timestamp] {
        var times: [Timestamp] = []
        try array { scanner throws(LineProblem) in
            let milliseconds = try scanner.number()
            guard milliseconds == milliseconds.rounded(), abs(milliseconds) <= 8.64e15 else {
                throw scanner.problem("a timestamp must be whole milliseconds since 1970")
            }
            times.append(Timestamp(millisecondsSinceEpoch: Int64(milliseconds)))
        }
        return times
    }

    private mutating func number() throws(LineProblem) -> Double {
        skipBlanks()
        let start = position
        while position < bytes.endIndex, Self.isPartOfNumber(bytes[position]) { position += 1 }
        let text = bytes[start..<position]
        let isJSON = text.first.map { $0 == UInt8(ascii: "-") || (48...57).contains($0) } ?? false
        guard isJSON, text.count <= 400, let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite
        else {
            position = start
            throw problem("a finite number expected")
        }
        return value
    }

    private static func isPartOfNumber(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || [43, 45, 46, 69, 101].contains(byte)
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        skipBlanks()
        let letters = Array("\(word)".utf8)
        guard bytes[position...].starts(with: letters) else { return false }
        position += letters.count
        return true
    }

    private mutating func string() throws(LineProblem) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while position < bytes.endIndex, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] >= 32 else { throw problem("a control character in a string") }
            if bytes[position] == UInt8(ascii: "\\") {
                position += 1
                text.append(contentsOf: try escape())
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        try expect("\"")
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func escape() throws(LineProblem) -> [UInt8] {
        guard position < bytes.endIndex else { throw problem("the string is not closed") }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "u"): return Array(String(try unicodeEscape()).utf8)
        default: throw problem("an unknown escape")
        }
    }

    /// The scalar after `\u`, of one code unit or of a surrogate pair.
    private mutating func unicodeEscape() throws(LineProblem) -> Unicode.Scalar {
        let high = try codeUnit()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
            throw problem("half of a surrogate pair")
        }
        position += 2
        let low = try codeUnit()
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        else { throw problem("half of a surrogate pair") }
        return scalar
    }

    private mutating func codeUnit() throws(LineProblem) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
            !digits.contains(UInt8(ascii: "+"))
        else { throw problem("four hexadecimal digits expected") }
        position += 4
        return value
    }

    /// Passes over a value of any kind.
    mutating func skipValue() throws(LineProblem) {
        skipBlanks()
        guard position < bytes.endIndex else { throw problem("a value expected") }
        switch bytes[position] {
        case UInt8(ascii: "{"): try object { scanner, _ throws(LineProblem) in try scanner.skipValue() }
        case UInt8(ascii: "["): try array { scanner throws(LineProblem) in try scanner.skipValue() }
        case UInt8(ascii: "\""): _ = try string()
        default:
            if takeWord("true") || takeWord("false") || takeWord("null") { return }
            _ = try number()
        }
    }
}
