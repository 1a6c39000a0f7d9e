/// Numbers as text that a page carries and its script reads: some characters of a 64-letter alphabet each, times a unit.
///
/// Three characters tell 262,143 values apart, which is finer than a screen; a column of a month of minutes takes 130 kB.
package struct CodedNumbers {
    /// What the integers are multiples of. 1 where all values are whole and few enough, so that counts stay exact.
    package let unit: Double
    package let text: String

    /// Values below 0 count as 0; one that is not finite is none.
    ///
    /// - Precondition: `digits` is 1 to 5.
    package init(_ values: [Double], digits: Int = 3) {
        precondition((1...5).contains(digits), "one to five characters a number")
        let none = (0..<digits).reduce(1) { size, _ in size * 64 } - 1
        let highest = values.reduce(0) { $1.isFinite ? max($0, $1) : $0 }
        let areWhole = highest < Double(none) && values.allSatisfy { !$0.isFinite || $0 == $0.rounded() }
        unit = areWhole || highest == 0 ? 1 : highest / Double(none - 1)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * digits)
        for value in values {
            let number = value.isFinite ? min(Int((max(value, 0) / unit).rounded()), none - 1) : none
            for place in (0..<digits).reversed() { bytes.append(Self.alphabet[number >> (6 * place) & 63]) }
        }
        text = String(decoding: bytes, as: UTF8.self)
    }

    package static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}

/// `text` as a JSON string that is safe within a script element.
package func quotedJSON(_ text: String) -> String {
    let hex = Array("0123456789abcdef")
    return "\""
        + text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\"", "\\", "<", ">", "&", "\0"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let value = Int(scalar.value)
                result += "\\u" + (0..<4).reversed().map { String(hex[value >> (4 * $0) & 15]) }.joined()
            default: result.unicodeScalars.append(scalar)
            }
        } + "\""
}
