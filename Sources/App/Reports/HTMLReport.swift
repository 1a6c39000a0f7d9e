/// Text made safe for HTML and SVG content and for quoted attributes.
///
/// Control characters, which neither format can hold, become the replacement character.
package func escapedHTML(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case "\n", "\t": result.unicodeScalars.append(scalar)
        case "\0"..."\u{1F}", "\u{7F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
}

/// One self-contained page: no script, no font, no picture from elsewhere; every text is escaped.
///
/// It suits a phone, a desk and paper, in light and in dark. The same content gives the same bytes.
package struct HTMLReport: Sendable {
    package let title: String
    private var body = ""

    package init(title: String) { self.title = title }

    /// Starts a part of the page under a heading of its own.
    package mutating func section(_ title: String) { body += "<h2>\(escapedHTML(title))</h2>\n" }

    package mutating func paragraph(_ text: String) { body += "<p>\(escapedHTML(text))</p>\n" }

    /// A remark set apart: what the reader must know to read the rest rightly.
    package mutating func note(_ text: String) { body += "<p class=\"note\">\(escapedHTML(text))</p>\n" }

    package mutating func list(_ items: [String]) {
        body += "<ul>\n" + items.map { "<li>\(escapedHTML($0))</li>\n" }.joined() + "</ul>\n"
    }

    /// Text whose line breaks and columns matter, such as a command or what one printed.
    package mutating func preformatted(_ text: String) { body += "<pre>\(escapedHTML(text))</pre>\n" }

    package mutating func table(_ table: TextTable) {
        let isNumeric = table.numericColumns
        let head = row(table.header, cell: "th", isNumeric)
        let rows = table.rows.map { row($0, cell: "td", isNumeric) }.joined()
        body += "<div class=\"scroll\"><table>\n<thead>\(head)</thead>\n<tbody>\n\(rows)</tbody></table></div>\n"
    }

    /// A picture with what to see in it. It is drawn twice, and the page shows the one that fits its width, because
    /// letters shrunk to a phone cannot be read.
    package mutating func figure(_ picture: some Picture, caption: String) {
        body += """
            <figure>
            <div class="desk">\(picture.svg(width: 960))</div>
            <div class="phone">\(picture.svg(width: 380))</div>
            <figcaption>\(escapedHTML(caption))</figcaption>
            </figure>

            """
    }

    package func rendered() -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escapedHTML(title))</title>
        <style>
        \(reportStyle)
        </style></head><body><main>
        <h1>\(escapedHTML(title))</h1>
        \(body)</main></body></html>

        """
    }

    private func row(_ cells: [String], cell: String, _ isNumeric: [Bool]) -> String {
        "<tr>"
            + zip(cells, isNumeric).map { text, isNumeric in
                "<\(cell)\(isNumeric ? " class=\"number\"" : "")>\(escapedHTML(text))</\(cell)>"
            }.joined() + "</tr>\n"
    }
}
