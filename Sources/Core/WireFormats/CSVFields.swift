/// A line of CSV, and what is told of its fields.
enum CSVFields {
    /// Splits at commas outside double quotes; blanks and the quotes around a field are dropped.
    ///
    /// Complexity: linear in the line.
    static func split(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var fields: [ArraySlice<UInt8>] = []
        var (start, isQuoted) = (line.startIndex, false)
        for index in line.indices {
            switch line[index] {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                fields.append(trimmed(line[start..<index]))
                start = index + 1
            default: break
            }
        }
        fields.append(trimmed(line[start...]))
        return fields
    }

    /// The fields of a line that has as many as the header.
    static func split(_ line: ArraySlice<UInt8>, columns: Int) throws(LineProblem) -> [ArraySlice<UInt8>] {
        let fields = split(line)
        guard fields.count == columns else {
            throw LineProblem("\(fields.count) column\(fields.count == 1 ? "" : "s"); the header has \(columns)")
        }
        return fields
    }

    /// Nil where the field is empty.
    static func number(_ field: ArraySlice<UInt8>) throws(LineProblem) -> Double? {
        guard !field.isEmpty else { return nil }
        guard let value = Double(text(field)), value.isFinite else {
            throw LineProblem("'\(excerpt(field))' is no finite number; leave the field empty where it is unknown")
        }
        return value
    }

    static func text(_ field: ArraySlice<UInt8>) -> String { String(decoding: field, as: UTF8.self) }
    static func excerpt(_ field: ArraySlice<UInt8>) -> String { text(field.prefix(40)) }

    /// Some names of columns, for a message.
    static func list(_ names: [String]) -> String {
        names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    }

    private static func trimmed(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var field = field
        while let first = field.first, first <= 32 { field.removeFirst() }
        while let last = field.last, last <= 32 { field.removeLast() }
        guard field.count >= 2, field.first == UInt8(ascii: "\""), field.last == UInt8(ascii: "\"") else {
            return field
        }
        return field.dropFirst().dropLast()
    }
}
