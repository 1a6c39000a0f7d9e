/// A word of a query and where it stands.
struct QueryToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// A name, which may be a keyword.
        case name
        /// What begins with a digit: a number or a duration.
        case number
        /// A quoted text, without its quotes and escapes.
        case string
        case symbol
        case end
    }
    let kind: Kind
    let text: String
    /// In characters, from 1 on.
    let position: Int
}

/// Cuts a query into words. Complexity: linear in the text.
struct QueryLexer {
    static let maximumBytes = 65_536
    private static let longSymbols = ["=~", "!~", "!=", "==", ">=", "<="]

    private let characters: [Unicode.Scalar]
    private var position = 0

    init(_ text: String) { characters = Array(text.unicodeScalars) }

    /// All words, with one that says that there are no more.
    static func tokens(_ text: String) throws(QueryError) -> [QueryToken] {
        guard text.utf8.count <= maximumBytes else {
            throw QueryError(.badData, "the query is over \(maximumBytes) bytes")
        }
        var lexer = QueryLexer(text)
        var tokens: [QueryToken] = []
        repeat { tokens.append(try lexer.token()) } while tokens.last?.kind != .end
        return tokens
    }

    private var next: Unicode.Scalar? { position < characters.count ? characters[position] : nil }

    private mutating func token() throws(QueryError) -> QueryToken {
        skipBlanksAndComments()
        let start = position
        guard let first = next else { return QueryToken(kind: .end, text: "", position: start + 1) }
        if Self.isDigit(first) || first == "." { return number() }
        if Self.isNameStart(first) {
            while let scalar = next, Self.isNameStart(scalar) || Self.isDigit(scalar) { position += 1 }
            return token(.name, from: start)
        }
        if first == "\"" || first == "'" || first == "`" { return try string(first) }
        position += Self.longSymbols.contains(text(start..<min(start + 2, characters.count))) ? 2 : 1
        return token(.symbol, from: start)
    }

    private func token(_ kind: QueryToken.Kind, from start: Int) -> QueryToken {
        QueryToken(kind: kind, text: text(start..<position), position: start + 1)
    }

    private func text(_ range: Range<Int>) -> String {
        var result = String.UnicodeScalarView()
        result.append(contentsOf: characters[range])
        return String(result)
    }

    private mutating func skipBlanksAndComments() {
        while let scalar = next {
            if scalar == "#" {
                while let scalar = next, scalar != "\n" { position += 1 }
            } else if scalar.properties.isWhitespace {
                position += 1
            } else {
                return
            }
        }
    }

    /// Digits, letters and points, and a sign where it follows the `e` of a number: `1.5e-3`, `1h30m`, `0x1F`.
    private mutating func number() -> QueryToken {
        let start = position
        while let scalar = next {
            let isSigned =
                (scalar == "-" || scalar == "+") && position > start
                && (characters[position - 1] == "e" || characters[position - 1] == "E")
                && characters[start..<position - 1].allSatisfy { Self.isDigit($0) || $0 == "." }
            guard isSigned || Self.isDigit(scalar) || scalar == "." || Self.isLetter(scalar) else { break }
            position += 1
        }
        return token(.number, from: start)
    }

    private mutating func string(_ quote: Unicode.Scalar) throws(QueryError) -> QueryToken {
        let start = position
        var text = String.UnicodeScalarView()
        position += 1
        while let scalar = next, scalar != quote {
            position += 1
            text.append(scalar == "\\" && quote != "`" ? try escape() : scalar)
        }
        guard next == quote else { throw QueryError(.badData, "character \(start + 1): the quote is not closed") }
        position += 1
        return QueryToken(kind: .string, text: String(text), position: start + 1)
    }

    private mutating func escape() throws(QueryError) -> Unicode.Scalar {
        guard let scalar = next else {
            throw QueryError(.badData, "character \(position): a '\\' at the end")
        }
        position += 1
        switch scalar {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "\\", "\"", "'": return scalar
        case "x": return try hexadecimal(2)
        case "u": return try hexadecimal(4)
        case "U": return try hexadecimal(8)
        default:
            throw QueryError(
                .badData, "character \(position): unknown escape '\\\(scalar)'; write '\\\\' for a backslash")
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(QueryError) -> Unicode.Scalar {
        let end = min(position + count, characters.count)
        guard end - position == count, characters[position..<end].allSatisfy(\.properties.isASCIIHexDigit),
            let value = UInt32(text(position..<end), radix: 16), let scalar = Unicode.Scalar(value)
        else { throw QueryError(.badData, "character \(position): \(count) hexadecimal digits expected") }
        position = end
        return scalar
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }
    private static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        isLetter(scalar) || scalar == "_" || scalar == ":"
    }
}
