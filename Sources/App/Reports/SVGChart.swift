package import Series
import Units

/// Something that can be drawn as SVG at a chosen width, wide for a desk and narrow for a phone.
package protocol Picture: Sendable {
    /// A self-contained `svg` element, `width` units wide; about 960 suits a page and 380 a phone.
    func svg(width: Int) -> String
}

extension Picture {
    package func svg() -> String { svg(width: 960) }
}

/// A picture of quantities over time: lines, quantile bands, steps of capacity, and a mark for now.
///
/// Colours are CSS variables with fallbacks from a palette that colour-blind readers can tell apart (M. Okabe, K. Ito);
/// text takes the colour of the page. The same chart gives the same bytes. Long lines are thinned per pixel column.
package struct SVGChart: Picture {
    /// What the x values are.
    package enum XAxis: Hashable, Sendable {
        /// Unix seconds, labelled in UTC.
        case time
        /// Seconds since some start.
        case elapsed
        /// Numbers of the quantity named.
        case number(String)
    }

    package let title: String
    /// What a screen reader says; made from the marks where empty.
    package let summary: String
    package let xAxis: XAxis
    /// Of the y axis, such as `requests/s`; it stands above the axis.
    package let unit: String
    /// Where the y axis starts at the highest; lower values extend it. Nil fits it to what is drawn.
    package let baseline: Double?
    var marks: [ChartMark] = []
    var markers: [(x: Double, label: String)] = []
    private var nextColour = 0

    package init(title: String, unit: String, xAxis: XAxis = .time, summary: String = "", baseline: Double? = 0) {
        (self.title, self.unit, self.xAxis, self.summary) = (title, unit, xAxis, summary)
        self.baseline = baseline
    }

    /// How a line looks.
    package enum LineStyle: Hashable, Sendable {
        case solid, dashed
        /// Points, not joined.
        case dots
        /// A value holds until the next one, the last one to the edge: capacity.
        case steps
    }

    /// Adds a line through (`x[i]`, `y[i]`), x ascending; a NaN or infinite y is a gap.
    ///
    /// `colour` is a number of the palette, from 0 on; nil takes the next one unused.
    /// - Precondition: `x` and `y` have one length.
    package mutating func line(
        _ name: String, x: [Double], y: [Double], style: LineStyle = .solid, colour: Int? = nil
    ) {
        precondition(x.count == y.count, "a point has an x and a y")
        marks.append(ChartMark(name: name, shape: .line(style), colour: take(colour), x: x, y: y, upper: []))
    }

    /// Adds a series on its grid; every row stands at its start.
    package mutating func line(
        _ name: String, _ series: RegularSeries, style: LineStyle = .solid, colour: Int? = nil
    ) {
        let x = series.values.indices.map { series.grid.time(of: $0).secondsSinceEpoch }
        line(name, x: x, y: series.values, style: style, colour: colour)
    }

    /// Adds a filled band from `low[i]` to `high[i]`; a NaN in either is a gap. It is drawn beneath all lines.
    ///
    /// `opacity`, within 0 to 1, tells bands of one colour apart.
    /// - Precondition: `x`, `low` and `high` have one length.
    package mutating func band(
        _ name: String, x: [Double], low: [Double], high: [Double], colour: Int? = nil, opacity: Double = 0.25
    ) {
        precondition(x.count == low.count && x.count == high.count, "a point has an x, a low and a high")
        marks.append(
            ChartMark(name: name, shape: .band(opacity: opacity), colour: take(colour), x: x, y: low, upper: high))
    }

    /// Adds a forecast in one colour: its median as a line, and the band between two of its levels.
    package mutating func forecast(
        _ name: String, _ forecast: QuantileForecast, low: Double = 0.1, high: Double = 0.9, colour: Int? = nil
    ) {
        let rows = 0..<forecast.horizon
        let x = rows.map { forecast.grid.time(of: $0).secondsSinceEpoch }
        let shared = take(colour)
        func values(_ level: Double) -> [Double] { rows.map { forecast.value(row: $0, level: level) } }
        let share = fixedText((high - low) * 100, digits: 0)
        band("\(name), \(share)% band", x: x, low: values(low), high: values(high), colour: shared)
        line("\(name), median", x: x, y: values(0.5), colour: shared)
    }

    /// Adds a vertical line with a short label, such as now.
    package mutating func marker(at x: Double, _ label: String) { markers.append((x, label)) }

    private mutating func take(_ colour: Int?) -> Int {
        if let colour { return colour }
        defer { nextColour += 1 }
        return nextColour
    }

    package func svg(width: Int) -> String { ChartDrawing(self, width: width).svg }
}

/// One thing drawn; `upper` is empty but for a band, whose lower edge is `y`.
struct ChartMark: Sendable {
    enum Shape: Hashable { case line(SVGChart.LineStyle), band(opacity: Double) }

    let name: String
    let shape: Shape
    let colour: Int
    let x: [Double], y: [Double], upper: [Double]

    var isBand: Bool {
        if case .band = shape { true } else { false }
    }
}

/// The palette, as CSS variables whose fallbacks suit a light page.
enum Palette {
    static let light = ["#0072B2", "#D55E00", "#009E73", "#AA4499", "#B8860B", "#4477AA", "#882255", "#555555"]
    static let dark = ["#56B4E9", "#FF9F5A", "#3CC9A0", "#E48BC8", "#E6C84F", "#8FB4E3", "#D98BA8", "#BBBBBB"]

    static func colour(_ number: Int) -> String {
        let place = number.flooredRemainder(light.count)
        return "var(--chart-\(place + 1),\(light[place]))"
    }
}

extension Int {
    /// The remainder with the sign of the divisor.
    fileprivate func flooredRemainder(_ divisor: Int) -> Int { (self % divisor + divisor) % divisor }
}
