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

/// One self-contained page: no font, no picture from elsewhere; every text is escaped.
///
/// It suits a phone, a desk and paper, in light and in dark. The same content gives the same bytes. There is no script in it,
/// but where a picture can be zoomed: then the browser is told to run that one, by its hash, and to fetch nothing.
package struct HTMLReport: Sendable {
    package let title: String
    private var body = ""
    private var isLive = false

    package init(title: String) { self.title = title }

    /// Starts a part of the page under a heading of its own.
    package mutating func section(_ title: String) { body += "<h2>\(escapedHTML(title))</h2>\n" }

    package mutating func paragraph(_ text: String) { body += "<p>\(escapedHTML(text))</p>\n" }

    /// A remark set apart: what the reader must know to read the rest rightly.
    package mutating func note(_ text: String) { body += "<p class=\"note\">\(escapedHTML(text))</p>\n" }

    /// What the page comes to, in one sentence.
    package mutating func verdict(_ text: String) { body += "<p class=\"verdict\">\(escapedHTML(text))</p>\n" }

    package mutating func subsection(_ title: String) { body += "<h3>\(escapedHTML(title))</h3>\n" }

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

    /// A picture whose points say what they are; with the script, under the pointer and at a touch.
    package mutating func points(_ picture: TradeoffChart, caption: String) {
        isLive = true
        body += """
            <figure class="points">
            <div class="desk">\(picture.svg(width: 960))</div>
            <div class="phone">\(picture.svg(width: 380))</div>
            <p class="readout" aria-hidden="true"></p>
            <figcaption>\(escapedHTML(caption))</figcaption>
            </figure>

            """
    }

    /// A picture over time that can be zoomed; without the script it stands still.
    package mutating func timeline(_ timeline: Timeline, title: String, caption: String) {
        isLive = true
        let picture = timeline.picture(title: title)
        body += """
            <figure class="timeline">
            <div class="still"><div class="desk">\(picture.svg(width: 960))</div>
            <div class="phone">\(picture.svg(width: 380))</div></div>
            <figcaption>\(escapedHTML(caption))</figcaption>
            <script type="application/json">\(timeline.encoded)</script>
            </figure>

            """
    }

    /// Shows a stretch in the timeline above, in seconds from its start.
    package mutating func jump(to seconds: Range<Int>, _ text: String) {
        let view = "#view=\(seconds.lowerBound),\(seconds.upperBound)"
        body += "<p class=\"scripted\"><a href=\"\(view)\">\(escapedHTML(text))</a></p>\n"
    }

    package func rendered() -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8">
        \(isLive ? Self.policy : "")<meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escapedHTML(title))</title>
        <style>
        \(reportStyle)\(isLive ? "\n" + LiveScript.style : "")
        </style></head><body><main>
        <h1>\(escapedHTML(title))</h1>
        \(body)</main>\(isLive ? "\n<script>\(LiveScript.source)</script>\n" : "")</body></html>

        """
    }

    /// The icon is an empty one, or a browser would ask a server for it.
    private static let policy = """
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '\(LiveScript.hash)'; \
        style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
        <link rel="icon" href="data:,">

        """

    private func row(_ cells: [String], cell: String, _ isNumeric: [Bool]) -> String {
        "<tr>"
            + zip(cells, isNumeric).map { text, isNumeric in
                "<\(cell)\(isNumeric ? " class=\"number\"" : "")>\(escapedHTML(text))</\(cell)>"
            }.joined() + "</tr>\n"
    }
}
