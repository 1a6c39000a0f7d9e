/// A strict reader of JSON over bytes, value by value, without building anything but what it returns.
///
/// Written here because Core is free of Foundation and JSON lines are a hot path.
struct JSONScanner {
    private static let maximumDepth = 32

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var depth = 0

    init(_ bytes: ArraySlice<UInt8>) { (self.bytes, position) = (bytes, bytes.startIndex) }

    func problem(_ text: String) -> DecodeError { DecodeError(text, at: position - bytes.startIndex) }

    mutating func expectEnd() throws(DecodeError) {
        skipBlanks()
        guard position == bytes.endIndex else { throw problem("text after the object") }
    }

    mutating func skipBlanks() {
        while position < bytes.endIndex, [32, 9, 13, 10].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard position < bytes.endIndex, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(DecodeError) {
        guard take(character) else { throw problem("'\(character)' expected") }
    }

    /// Calls `member` after each key and its colon.
    mutating func object(
        _ member: (inout JSONScanner, String) throws(DecodeError) -> Void
    ) throws(DecodeError) {
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

    mutating func array(_ element: (inout JSONScanner) throws(DecodeError) -> Void) throws(DecodeError) {
        try enter("[")
        if !take("]") {
            repeat { try element(&self) } while take(",")
            try expect("]")
        }
        depth -= 1
    }

    private mutating func enter(_ opening: Unicode.Scalar) throws(DecodeError) {
        try expect(opening)
        depth += 1
        guard depth <= Self.maximumDepth else { throw problem("nested too deeply") }
    }

    mutating func number() throws(DecodeError) -> Double {
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

    mutating func takeWord(_ word: StaticString) -> Bool {
        skipBlanks()
        let letters = Array("\(word)".utf8)
        guard bytes[position...].starts(with: letters) else { return false }
        position += letters.count
        return true
    }

    mutating func string() throws(DecodeError) -> String {
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

    private mutating func escape() throws(DecodeError) -> [UInt8] {
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
    private mutating func unicodeEscape() throws(DecodeError) -> Unicode.Scalar {
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

    private mutating func codeUnit() throws(DecodeError) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
            !digits.contains(UInt8(ascii: "+"))
        else { throw problem("four hexadecimal digits expected") }
        position += 4
        return value
    }

    /// The character that the next value begins with, after blanks.
    mutating func peek() throws(DecodeError) -> UInt8 {
        skipBlanks()
        guard position < bytes.endIndex else { throw problem("a value expected") }
        return bytes[position]
    }

    /// Passes over a value of any kind.
    mutating func skipValue() throws(DecodeError) {
        switch try peek() {
        case UInt8(ascii: "{"): try object { scanner, _ throws(DecodeError) in try scanner.skipValue() }
        case UInt8(ascii: "["): try array { scanner throws(DecodeError) in try scanner.skipValue() }
        case UInt8(ascii: "\""): _ = try string()
        default:
            if takeWord("true") || takeWord("false") || takeWord("null") { return }
            _ = try number()
        }
    }
}
