import HTTPTypes
import Hummingbird

/// The parameters of a call: from the query of its URL, and where it posts a form, from that too. A name may stand several
/// times.
struct FormFields: Sendable {
    private let fields: [(name: String, value: String)]

    /// - Throws: 400 where an escape is none.
    init(_ text: String) throws(Problem) {
        var fields: [(String, String)] = []
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            fields.append((try Self.decoded(name), try Self.decoded(pair.dropFirst(name.count + 1))))
        }
        self.fields = fields
    }

    /// Reads those of a request, and its body where that is a form.
    init(_ request: Request, _ reader: BodyReader) async throws {
        var text = request.uri.query ?? ""
        let type = request.headers[.contentType].map(MediaTypeText.init)
        if request.method == .post, type?.name == "application/x-www-form-urlencoded" {
            var body: [UInt8] = []
            try await reader.read(request, into: &body)
            text += "&" + String(decoding: body, as: UTF8.self)
        }
        try self.init(text)
    }

    /// The first value of that name that is not empty.
    subscript(name: String) -> String? { all(name).first { !$0.isEmpty } }

    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    private static func decoded(_ text: some Collection<UInt8>) throws(Problem) -> String {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(32)
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
                    let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
                else { throw Problem(.badRequest, "a '%' that is not followed by two hexadecimal digits") }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A Content-Type in lower case, cut into its name and its parameters.
struct MediaTypeText: Sendable {
    let name: String
    private let parameters: [(name: String, value: String)]

    init(_ text: String) {
        let parts = text.split(separator: ";").map { $0.trimmed }
        name = parts.first?.lowercased() ?? ""
        parameters = parts.dropFirst().map { part in
            let name = part.prefix { $0 != "=" }
            return (name.trimmed.lowercased(), part.dropFirst(name.count + 1).trimmed.replacing("\"", with: ""))
        }
    }

    func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = drop { $0.isWhitespace }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text)
    }
}
