/// Text made safe for HTML and SVG content and for quoted attributes.
package func escapedHTML(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        default: result.unicodeScalars.append(scalar)
        }
    }
}

/// One self-contained page of paragraphs and tables; every text is escaped.
package struct HTMLReport: Sendable {
    package let title: String
    private var body = ""

    package init(title: String) { self.title = title }

    package mutating func paragraph(_ text: String) { body += "<p>\(escapedHTML(text))</p>\n" }

    package mutating func table(_ table: TextTable) {
        let head = row(table.header, cell: "th")
        let rows = table.rows.map { row($0, cell: "td") }.joined()
        body += "<div class=\"wide\"><table>\n\(head)\(rows)</table></div>\n"
    }

    package func rendered() -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escapedHTML(title))</title>
        <style>
        :root { color-scheme: light dark; }
        body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: auto; padding: 1rem; }
        .wide { overflow-x: auto; }
        td, th { padding: .2rem .8rem; text-align: left; }
        </style></head><body>
        <h1>\(escapedHTML(title))</h1>
        \(body)</body></html>

        """
    }

    private func row(_ cells: [String], cell: String) -> String {
        "<tr>" + cells.map { "<\(cell)>\(escapedHTML($0))</\(cell)>" }.joined() + "</tr>\n"
    }
}
