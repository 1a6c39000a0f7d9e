/// A table of aligned text columns.
package struct TextTable: Sendable {
    package let header: [String]
    package private(set) var rows: [[String]] = []

    package init(header: [String]) { self.header = header }

    /// Adds a row; missing cells are blank and cells past the header are dropped.
    package mutating func append(_ cells: [String]) {
        rows.append(header.indices.map { $0 < cells.count ? cells[$0] : "" })
    }

    /// The table in lines of at most `width` characters: where it is too wide, the widest columns wrap, and nothing is cut.
    ///
    /// Columns of numbers, with a unit or without, are set flush right. `colour` makes the header bold by ANSI codes.
    /// Only a table of more columns than fit at one character each is wider.
    package func rendered(width: Int = 80, colour: Bool = false) -> String {
        let widths = columnWidths(fitting: width)
        let isNumeric = numericColumns
        let texts = ([header] + rows).map { lines(of: $0, widths, isNumeric).joined(separator: "\n") }
        return texts.enumerated().map { index, text in
            colour && index == 0 ? "\u{1B}[1m\(text)\u{1B}[0m" : text
        }.joined(separator: "\n") + "\n"
    }

    /// A column is numeric where every cell that says something is a number, and at least one is.
    var numericColumns: [Bool] {
        header.indices.map { column in
            let cells = rows.map { $0[column] }.filter { !$0.isEmpty && $0 != "-" }
            return !cells.isEmpty && cells.allSatisfy(isNumberText)
        }
    }

    /// As wide as the cells, or less: first down to the longest words, and only then through them.
    private func columnWidths(fitting width: Int) -> [Int] {
        func widest(_ size: (String) -> Int) -> [Int] {
            header.indices.map { column in ([header] + rows).reduce(1) { max($0, size($1[column])) } }
        }
        let words = widest { $0.split(whereSeparator: \.isWhitespace).map(\.count).max() ?? 0 }
        var widths = widest(\.count)
        shrink(&widths, to: words, fitting: width)
        shrink(&widths, to: header.map { _ in 1 }, fitting: width)
        return widths
    }

    /// Takes from the widest column that is above its floor until the table fits or none is.
    private func shrink(_ widths: inout [Int], to floors: [Int], fitting width: Int) {
        var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - max(width, 1)
        while excess > 0 {
            let open = widths.indices.filter { widths[$0] > floors[$0] }
            guard let column = open.max(by: { widths[$0] < widths[$1] }) else { return }
            // Down to the next widest at once, so that a cell of a million characters costs no million rounds.
            let next = open.map { widths[$0] }.filter { $0 < widths[column] }.max() ?? 0
            let cut = max(1, min(excess, widths[column] - max(next, floors[column])) / open.count)
            widths[column] -= cut
            excess -= cut
        }
    }

    /// One row, in as many lines as its tallest cell.
    private func lines(of cells: [String], _ widths: [Int], _ isNumeric: [Bool]) -> [String] {
        let parts = zip(cells, widths).map { wrapped($0, width: $1) }
        return (0..<(parts.map(\.count).max() ?? 1)).map { line in
            let padded = parts.indices.map { column in
                let text = line < parts[column].count ? parts[column][line] : ""
                let space = String(repeating: " ", count: widths[column] - text.count)
                return isNumeric[column] ? space + text : text + space
            }
            var text = padded.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text
        }
    }
}

/// Whether `text` is a number with or without a sign and a short unit: `-3`, `1.5e3`, `12.3%`, `48.2k`, `4 s`, `7 req/s`.
func isNumberText(_ text: String) -> Bool {
    var rest = text[...]
    if let sign = rest.first, "+-−".contains(sign) { rest = rest.dropFirst() }
    let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == ",") }
    guard number.contains(where: \.isNumber) else { return false }
    rest = rest.dropFirst(number.count)
    if rest.first == "e" || rest.first == "E", Double(text) != nil { return true }
    if rest.first == " " { rest = rest.dropFirst() }
    return rest.count <= 6 && rest.allSatisfy { $0.isLetter || $0 == "%" || $0 == "/" }
}
