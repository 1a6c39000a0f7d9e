/// A JSON document as a tree, for messages whose parts come in any order.
///
/// Depth is bounded by the scanner and size by the bytes: a node takes two of them at least.
enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// In the order written; a key may stand more than once.
    case object([Member])

    struct Member: Hashable, Sendable {
        let key: String, value: JSONValue
    }

    /// Throws unless `bytes` are one JSON value. Complexity: linear.
    init(parsing bytes: ArraySlice<UInt8>) throws(DecodeError) {
        var scanner = JSONScanner(bytes)
        self = try scanner.value()
        try scanner.expectEnd()
    }

    /// The member of that name, the last one where there are several; nil for what is no object.
    subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// Empty for what is no array.
    var elements: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// A number, written as one or, as protobuf's JSON has 64-bit integers and infinities, as text.
    var number: Double? {
        switch self {
        case .number(let number): number
        case .string("Infinity"): .infinity
        case .string("-Infinity"): -.infinity
        case .string("NaN"): .nan
        case .string(let text) where text.utf8.count <= 40: Double(text)
        default: nil
        }
    }
}

extension JSONScanner {
    /// A value of any kind.
    mutating func value() throws(DecodeError) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            try object { scanner, key throws(DecodeError) in
                members.append(JSONValue.Member(key: key, value: try scanner.value()))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try array { scanner throws(DecodeError) in elements.append(try scanner.value()) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try string())
        default:
            if takeWord("true") { return .bool(true) }
            if takeWord("false") { return .bool(false) }
            return takeWord("null") ? .null : .number(try number())
        }
    }
}
