/// `text` in lines of at most `width` characters: broken at blanks, and within a word only where it alone is too long.
package func wrapped(_ text: String, width: Int) -> [String] {
    let width = max(width, 1)
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
        var rest = word
        if !line.isEmpty, line.count + 1 + rest.count <= width {
            line += " " + rest
            continue
        }
        if !line.isEmpty { lines.append(line) }
        while rest.count > width {
            lines.append(String(rest.prefix(width)))
            rest = rest.dropFirst(width)
        }
        line = String(rest)
    }
    if !line.isEmpty || lines.isEmpty { lines.append(line) }
    return lines
}
