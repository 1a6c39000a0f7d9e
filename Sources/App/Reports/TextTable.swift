/// A table of aligned text columns.
package struct TextTable: Sendable {
    package let header: [String]
    package private(set) var rows: [[String]] = []

    package init(header: [String]) { self.header = header }

    /// Adds a row; missing cells are blank and cells past the header are dropped.
    package mutating func append(_ cells: [String]) {
        rows.append(header.indices.map { $0 < cells.count ? cells[$0] : "" })
    }

    /// The table with each line cut to `width` characters; `colour` makes the header bold by ANSI codes.
    package func rendered(width: Int = 80, colour: Bool = false) -> String {
        let widths = header.indices.map { column in
            ([header] + rows).reduce(0) { max($0, $1[column].count) }
        }
        let lines = ([header] + rows).map { line($0, widths: widths, width: max(width, 1)) }
        return lines.enumerated().map { index, text in
            colour && index == 0 ? "\u{1B}[1m\(text)\u{1B}[0m" : text
        }.joined(separator: "\n") + "\n"
    }

    private func line(_ cells: [String], widths: [Int], width: Int) -> String {
        let padded = zip(cells, widths).map { cell, size in
            let space = String(repeating: " ", count: size - cell.count)
            return Double(cell) == nil ? cell + space : space + cell
        }
        var text = padded.joined(separator: "  ")
        while text.last == " " { text.removeLast() }
        return text.count <= width ? text : text.prefix(width - 1) + "…"
    }
}
