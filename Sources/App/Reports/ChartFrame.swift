/// Where things stand in a picture, and the text around the plot; shared by every kind of picture.
struct ChartFrame {
    static let fontSize = 13.0
    /// A generous width of a character of that size.
    static let characterWidth = 7.1

    let width: Double
    private(set) var height = 0.0
    private(set) var body = ""

    /// Title and legend are written on top; what follows goes below `height`.
    init(title: String, legend: [(name: String, symbol: LegendSymbol, colour: Int)], width: Int) {
        self.width = Double(max(width, 200))
        height = 8
        for line in wrapped(title, width: Int((self.width - 8) / 8.6)) where !line.isEmpty {
            height += 18
            text(line, x: 4, y: height - 3, attributes: "font-size=\"15\" font-weight=\"600\"")
        }
        addLegend(legend)
    }

    enum LegendSymbol { case line, dashed, dots, area(Double), mark(Int) }

    private mutating func addLegend(_ entries: [(name: String, symbol: LegendSymbol, colour: Int)]) {
        guard !entries.isEmpty else { return }
        var x = 4.0
        height += 20
        for (name, symbol, colour) in entries {
            let size = 46 + Double(name.count) * Self.characterWidth
            if x > 4, x + size - 16 > width {
                x = 4
                height += 18
            }
            body += Self.symbol(symbol, colour: Palette.colour(colour), x: x, y: height - 5)
            text(name, x: x + 24, y: height)
            x += size
        }
        height += 4
    }

    private static func symbol(_ symbol: LegendSymbol, colour: String, x: Double, y: Double) -> String {
        let (left, middle) = (fixedText(x), fixedText(y))
        switch symbol {
        case .area(let opacity):
            return "<rect x=\"\(left)\" y=\"\(fixedText(y - 5))\" width=\"18\" height=\"10\" fill=\"\(colour)\" "
                + "fill-opacity=\"\(fixedText(opacity, digits: 2))\"/>\n"
        case .dots: return "<circle cx=\"\(fixedText(x + 9))\" cy=\"\(middle)\" r=\"3.5\" fill=\"\(colour)\"/>\n"
        case .line: return "<path d=\"M\(left) \(middle)h18\" stroke=\"\(colour)\" stroke-width=\"2.5\"/>\n"
        case .mark(let number):
            return "<path d=\"M\(left) \(middle)h18\" stroke=\"\(colour)\" stroke-width=\"1.4\"/>"
                + "\(mark(number, colour: colour, x: x + 9, y: y))\n"
        case .dashed:
            return "<path d=\"M\(left) \(middle)h18\" stroke=\"\(colour)\" stroke-width=\"2.5\" "
                + "stroke-dasharray=\"5 4\"/>\n"
        }
    }

    /// A small shape, another one for each number, so that colour is not all that tells points apart.
    static func mark(_ number: Int, colour: String, x: Double, y: Double) -> String {
        let (across, down) = (fixedText(x), fixedText(y))
        let path =
            switch number % 4 {
            case 0: "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"
            case 1: "m-3.5-3.5h7v7h-7z"
            case 2: "m0-4.6l4.4 7.8h-8.8z"
            default: "m0-5l4.4 5l-4.4 5l-4.4-5z"
            }
        return "<path d=\"M\(across) \(down)\(path)\" fill=\"\(colour)\"/>"
    }

    mutating func text(_ content: String, x: Double, y: Double, anchor: String = "start", attributes: String = "") {
        guard !content.isEmpty else { return }
        let place = "x=\"\(fixedText(x))\" y=\"\(fixedText(y))\""
        let side = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
        let more = attributes.isEmpty ? "" : " \(attributes)"
        body += "<text \(place)\(side)\(more)>\(escapedHTML(content))</text>\n"
    }

    mutating func add(_ element: String) { body += element + "\n" }

    mutating func grow(by amount: Double) { height += amount }

    /// The whole element. A screen reader says `title` and `summary`; nothing in it runs.
    func svg(title: String, summary: String) -> String {
        let size = "width=\"\(fixedText(width, digits: 0))\" height=\"\(fixedText(height, digits: 0))\""
        let box = "viewBox=\"0 0 \(fixedText(width, digits: 0)) \(fixedText(height, digits: 0))\""
        return """
            <svg xmlns="http://www.w3.org/2000/svg" role="img" \(size) \(box) font-family="system-ui,sans-serif" \
            font-size="\(fixedText(Self.fontSize, digits: 0))" fill="currentColor">
            <title>\(escapedHTML(title))</title>
            <desc>\(escapedHTML(summary))</desc>
            \(body)</svg>

            """
    }
}
