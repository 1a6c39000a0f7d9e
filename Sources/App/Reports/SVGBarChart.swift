/// Horizontal bars in groups, each with its figure written beside it: readable at any width, however long the names.
package struct SVGBarChart: Picture {
    package let title: String
    package let summary: String
    /// Written behind each figure, with a blank before it unless it is `%`.
    package let unit: String
    package let digits: Int
    /// The names of the bars within every group; one name alone makes no legend.
    package let names: [String]
    private var groups: [(label: String, values: [Double])] = []
    /// More bars than a reader compares; the rest is counted in a line of text.
    private static let maximumBars = 60

    package init(title: String, unit: String, names: [String], digits: Int = 1, summary: String = "") {
        (self.title, self.unit, self.names, self.digits, self.summary) = (title, unit, names, digits, summary)
    }

    /// Adds a group of bars, one value a name; NaN or a missing value shows as a dash, and a negative has no length.
    package mutating func group(_ label: String, _ values: [Double]) {
        groups.append((label, names.indices.map { $0 < values.count ? values[$0] : .nan }))
    }

    package func svg(width: Int) -> String {
        let legend = names.enumerated().map { (name: $1, symbol: ChartFrame.LegendSymbol.area(1), colour: $0) }
        var frame = ChartFrame(title: title, legend: names.count > 1 ? legend : [], width: width)
        let shown = groups.prefix(max(1, Self.maximumBars / max(names.count, 1)))
        let isNarrow = frame.width < 600
        let longest = Double(shown.map(\.label.count).max() ?? 0) * ChartFrame.characterWidth
        // On a phone a label stands above its bars instead of beside them.
        let left = isNarrow ? 4 : min(longest + 16, frame.width * 0.35)
        let figures = shown.flatMap { $0.values.map { Double(text($0).count) * ChartFrame.characterWidth } }
        let room = max(40, frame.width - left - (figures.max() ?? 0) - 16)
        let highest = shown.flatMap(\.values).filter(\.isFinite).max() ?? 0
        for (label, values) in shown {
            draw(label, values, in: &frame, left: left, isNarrow: isNarrow, scale: highest > 0 ? room / highest : 0)
        }
        if shown.count < groups.count {
            frame.grow(by: 18)
            frame.text("… and \(groups.count - shown.count) more", x: 4, y: frame.height)
        }
        frame.grow(by: 10)
        return frame.svg(title: title, summary: summary.isEmpty ? spoken : summary)
    }

    private func draw(
        _ label: String, _ values: [Double], in frame: inout ChartFrame, left: Double, isNarrow: Bool, scale: Double
    ) {
        frame.grow(by: isNarrow ? 24 : 8)
        let room = Int((isNarrow ? frame.width : left - 8) / ChartFrame.characterWidth)
        let shortened = label.count <= room ? label : label.prefix(max(1, room - 1)) + "…"
        let middle = frame.height + Double(values.count) * 9 + 4.5
        frame.text(
            shortened, x: isNarrow ? 4 : left - 8, y: isNarrow ? frame.height - 2 : middle,
            anchor: isNarrow ? "start" : "end")
        for (column, value) in values.enumerated() {
            let length = value.isFinite ? max(value, 0) * scale : 0
            let place = "x=\"\(fixedText(left))\" y=\"\(fixedText(frame.height + 2))\""
            let size = "width=\"\(fixedText(max(length, 1)))\" height=\"14\""
            frame.add("<rect \(place) \(size) fill=\"\(Palette.colour(column))\"/>")
            frame.text(text(value), x: left + length + 6, y: frame.height + 13.5)
            frame.grow(by: 18)
        }
    }

    private func text(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        return fixedText(value, digits: digits) + (unit.isEmpty || unit == "%" ? unit : " \(unit)")
    }

    private var spoken: String {
        guard !groups.isEmpty else { return "No data." }
        return groups.prefix(Self.maximumBars).map { label, values in
            let figures = zip(names, values).map { name, value in
                names.count == 1 ? text(value) : "\(name) \(text(value))"
            }
            return "\(label): \(figures.joined(separator: ", "))."
        }.joined(separator: " ")
    }
}
