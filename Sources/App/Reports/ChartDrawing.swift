import Units

/// An `SVGChart` laid out at one width: ranges, scales, axes and marks.
struct ChartDrawing {
    private let chart: SVGChart
    private var frame: ChartFrame
    private let left: Double, right: Double, top: Double, bottom: Double
    private let xRange: (low: Double, high: Double)
    private let ticks: ValueTicks
    private let isNarrow: Bool

    init(_ chart: SVGChart, width: Int) {
        self.chart = chart
        var frame = ChartFrame(title: chart.title, legend: Self.legend(of: chart), width: width)
        isNarrow = frame.width < 600
        let values = chart.marks.flatMap { [$0.y, $0.upper] }
        let (low, high) = extent(values, including: chart.baseline) ?? (0, 1)
        ticks = ValueTicks(from: low, to: high, target: isNarrow ? 4 : 5)
        xRange = extent(chart.marks.map(\.x), including: nil) ?? (0, 1)
        let labels = ticks.ticks.map(\.label.count).max() ?? 1
        left = Double(labels) * ChartFrame.characterWidth + 14
        right = frame.width - 14
        frame.grow(by: chart.unit.isEmpty && chart.markers.isEmpty ? 14 : 28)
        top = frame.height
        bottom = top + (isNarrow ? 200 : 280)
        frame.grow(by: bottom - top + 46)
        self.frame = frame
        drawGrid()
        for mark in chart.marks where mark.isBand { drawBand(mark) }
        for mark in chart.marks where !mark.isBand { drawLine(mark) }
        drawMarkers()
        if !Self.hasPoints(chart) {
            self.frame.text("no data", x: (left + right) / 2, y: (top + bottom) / 2, anchor: "middle")
        }
    }

    var svg: String { frame.svg(title: chart.title, summary: summary) }

    private static func hasPoints(_ chart: SVGChart) -> Bool {
        chart.marks.contains { $0.y.contains(where: \.isFinite) }
    }

    private static func legend(of chart: SVGChart) -> [(name: String, symbol: ChartFrame.LegendSymbol, colour: Int)] {
        chart.marks.map { mark in
            switch mark.shape {
            case .band(let opacity): (mark.name, .area(opacity), mark.colour)
            case .line(.dashed): (mark.name, .dashed, mark.colour)
            case .line(.dots): (mark.name, .dots, mark.colour)
            case .line: (mark.name, .line, mark.colour)
            }
        }
    }

    private var summary: String {
        guard chart.summary.isEmpty else { return chart.summary }
        guard Self.hasPoints(chart) else { return "No data." }
        let unit = chart.unit.isEmpty ? "" : " \(chart.unit)"
        return chart.marks.compactMap { mark in
            guard let (low, high) = extent([mark.y, mark.upper], including: nil) else { return nil }
            return "\(mark.name): from \(shortText(low)) to \(shortText(high))\(unit)."
        }.joined(separator: " ")
    }

    // MARK: Scales

    private func x(_ value: Double) -> Double {
        guard xRange.high > xRange.low else { return (left + right) / 2 }
        return left + (value - xRange.low) / (xRange.high - xRange.low) * (right - left)
    }

    private func y(_ value: Double) -> Double {
        bottom - (value - ticks.lower) / (ticks.upper - ticks.lower) * (bottom - top)
    }

    private func point(_ xValue: Double, _ yValue: Double) -> String {
        "\(fixedText(x(xValue))) \(fixedText(y(yValue)))"
    }

    // MARK: Axes

    private var xTicks: [AxisTick] {
        switch chart.xAxis {
        case .time: timeTicks(from: xRange.low, to: xRange.high, target: isNarrow ? 4 : 9)
        case .elapsed: elapsedTicks(from: xRange.low, to: xRange.high, target: isNarrow ? 4 : 8)
        case .number: numberTicks(from: xRange.low, to: xRange.high, target: isNarrow ? 5 : 8)
        }
    }

    private mutating func drawGrid() {
        for tick in ticks.ticks {
            let height = fixedText(y(tick.position))
            let opacity = tick.position == 0 ? ".5" : ".15"
            frame.add("<path d=\"M\(fixedText(left)) \(height)H\(fixedText(right))\" \(Self.thin(opacity))/>")
            frame.text(tick.label, x: left - 6, y: y(tick.position) + 4.5, anchor: "end")
        }
        frame.text(chart.unit, x: 4, y: top - 12, attributes: Self.faint)
        for tick in xTicks {
            let place = x(tick.position)
            frame.add("<path d=\"M\(fixedText(place)) \(fixedText(bottom))v5\" \(Self.thin(".5"))/>")
            label(tick.label, at: place, y: bottom + 20)
            label(tick.context, at: place, y: bottom + 36, attributes: Self.faint)
        }
        if case .number(let name) = chart.xAxis {
            frame.text(name, x: (left + right) / 2, y: bottom + 37, anchor: "middle", attributes: Self.faint)
        }
    }

    /// A label centred at a place, moved inwards where it would leave the picture.
    private mutating func label(_ text: String, at place: Double, y: Double, attributes: String = "") {
        let half = Double(text.count) * ChartFrame.characterWidth / 2
        let centre = min(max(place, half + 2), frame.width - half - 2)
        frame.text(text, x: centre, y: y, anchor: "middle", attributes: attributes)
    }

    private mutating func drawMarkers() {
        for (value, text) in chart.markers where value >= xRange.low && value <= xRange.high {
            let place = x(value)
            let line = "M\(fixedText(place)) \(fixedText(top))V\(fixedText(bottom))"
            frame.add("<path d=\"\(line)\" stroke=\"currentColor\" stroke-dasharray=\"3 3\"/>")
            label(text, at: place, y: top - 6)
        }
    }

    private static let faint = "opacity=\".75\""
    private static func thin(_ opacity: String) -> String { "stroke=\"currentColor\" stroke-opacity=\"\(opacity)\"" }

    // MARK: Marks

    /// The rows worth drawing: all of them, or a few a pixel column.
    private func rows(of values: [Double], x xValues: [Double]) -> [Int] {
        guard values.count > 2 * Int(right - left) else { return Array(values.indices) }
        return thinnedRows(values) { Int(clamping: x(xValues[$0])) }
    }

    private mutating func drawLine(_ mark: ChartMark) {
        guard case .line(let style) = mark.shape else { return }
        let colour = Palette.colour(mark.colour)
        let runs = unbroken(rows(of: mark.y, x: mark.x), mark.y)
        if style == .dots { return drawDots(mark, runs.joined(), colour) }
        let path = runs.map { run in style == .steps ? steps(mark, run) : polyline(mark, run) }.joined()
        guard !path.isEmpty else { return }
        let dash = style == .dashed ? " stroke-dasharray=\"5 4\"" : ""
        // A thousand strokes side by side read better thin.
        let weight = mark.y.count > 400 ? "1.2" : "2"
        frame.add(
            "<path d=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"\(weight)\" "
                + "stroke-linejoin=\"round\" stroke-linecap=\"round\"\(dash)/>")
    }

    /// A run of one point is drawn as a small ring, as a line of no length is hardly seen.
    private func polyline(_ mark: ChartMark, _ run: [Int]) -> String {
        let points = run.map { point(mark.x[$0], mark.y[$0]) }
        return "M" + points.joined(separator: "L") + (run.count == 1 ? "m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0" : "")
    }

    private func steps(_ mark: ChartMark, _ run: [Int]) -> String {
        let turns = run.dropFirst().map { "H\(fixedText(x(mark.x[$0])))V\(fixedText(y(mark.y[$0])))" }
        let last = run[run.count - 1]
        // The last value holds to where the next known row would stand: the edge, or the start of a gap.
        let end = last + 1 < mark.x.count ? mark.x[last + 1] : xRange.high
        return "M\(point(mark.x[run[0]], mark.y[run[0]]))" + turns.joined() + "H\(fixedText(x(end)))"
    }

    private mutating func drawDots(_ mark: ChartMark, _ rows: some Sequence<Int>, _ colour: String) {
        for row in rows {
            let centre = "cx=\"\(fixedText(x(mark.x[row])))\" cy=\"\(fixedText(y(mark.y[row])))\""
            frame.add("<circle \(centre) r=\"3.5\" fill=\"\(colour)\"/>")
        }
    }

    /// Its edges are thinned apart, so that neither loses a spike.
    private mutating func drawBand(_ mark: ChartMark) {
        guard case .band(let opacity) = mark.shape else { return }
        let both = zip(mark.y, mark.upper).map { $0.isFinite && $1.isFinite }
        let low = mark.y.indices.map { both[$0] ? mark.y[$0] : .nan }
        let high = mark.y.indices.map { both[$0] ? mark.upper[$0] : .nan }
        let lower = unbroken(rows(of: low, x: mark.x), low), upper = unbroken(rows(of: high, x: mark.x), high)
        let path = zip(lower, upper).map { below, above in
            let points = above.map { point(mark.x[$0], high[$0]) } + below.reversed().map { point(mark.x[$0], low[$0]) }
            return "M" + points.joined(separator: "L") + "Z"
        }.joined()
        guard !path.isEmpty else { return }
        let colour = "\"\(Palette.colour(mark.colour))\""
        let fill = "fill=\(colour) fill-opacity=\"\(fixedText(opacity, digits: 2))\""
        frame.add("<path d=\"\(path)\" \(fill) stroke=\(colour) stroke-opacity=\".25\"/>")
    }

    /// Rows in runs, broken where a value is missing.
    private func unbroken(_ rows: [Int], _ values: [Double]) -> [[Int]] {
        rows.split(whereSeparator: { !values[$0].isFinite }).map(Array.init)
    }
}

/// The least and the greatest finite value; nil where there is none.
private func extent(_ columns: [[Double]], including baseline: Double?) -> (low: Double, high: Double)? {
    var found: (low: Double, high: Double)?
    for value in columns.joined() where value.isFinite {
        found = found.map { (min($0.low, value), max($0.high, value)) } ?? (value, value)
    }
    guard let found else { return nil }
    guard let baseline else { return found }
    return (min(found.low, baseline), max(found.high, baseline))
}
