import Kernels

/// A setting of a policy, and what it came to.
package struct TradeoffPoint: Hashable, Sendable {
    /// As users name it, `hpa:0.7`.
    package let name: String
    /// Share of requests.
    package let late: Double
    /// Instance-hours as a multiple of the clairvoyant's.
    package let cost: Double

    package init(_ name: String, late: Double, cost: Double) { (self.name, self.late, self.cost) = (name, late, cost) }

    var spoken: String { "\(name): \(shareText(late)) late at \(shortText(cost)) times the clairvoyant's cost" }
}

/// A policy over the settings of its knob, in the order of the knob.
package struct TradeoffCurve: Hashable, Sendable {
    package let name: String
    package let points: [TradeoffPoint]

    package init(_ name: String, _ points: [TradeoffPoint]) { (self.name, self.points) = (name, points) }
}

/// A share as a percentage of about three digits.
package func shareText(_ share: Double) -> String { share.isFinite ? shortText(100 * share) + "%" : "-" }

/// Cost against lateness, which is on a logarithmic axis; every point says what it is when pointed at.
///
/// The first curve is drawn heavier: it is the one in question.
package struct TradeoffChart: Picture {
    package let title: String
    package let curves: [TradeoffCurve]
    /// The name of the point to mark, and the lateness aimed at.
    package let chosen: String?
    package let lateTarget: Double?

    package init(title: String, curves: [TradeoffCurve], chosen: String? = nil, lateTarget: Double? = nil) {
        (self.title, self.curves, self.chosen, self.lateTarget) = (title, curves, chosen, lateTarget)
    }

    package func svg(width: Int) -> String { TradeoffDrawing(self, width: width).svg }
}

private struct TradeoffDrawing {
    private let chart: TradeoffChart
    private var frame: ChartFrame
    private let left: Double, right: Double, top: Double, bottom: Double
    private let x: LatenessAxis
    private let y: CostAxis
    private let isNarrow: Bool

    init(_ chart: TradeoffChart, width: Int) {
        self.chart = chart
        let legend = chart.curves.enumerated().map {
            (name: $1.name, symbol: ChartFrame.LegendSymbol.mark($0), colour: $0)
        }
        var frame = ChartFrame(title: chart.title, legend: legend, width: width)
        isNarrow = frame.width < 600
        let points = chart.curves.flatMap(\.points)
        x = LatenessAxis(points.map(\.late) + (chart.lateTarget.map { [$0] } ?? []), isNarrow: isNarrow)
        let chosen = points.first { $0.name == chart.chosen }?.cost
        y = CostAxis(points.map(\.cost), chosen: chosen, target: isNarrow ? 6 : 8)
        left = Double(y.ticks.map(\.label.count).max() ?? 1) * ChartFrame.characterWidth + 14
        right = frame.width - 24
        frame.grow(by: 44)
        top = frame.height
        bottom = top + (isNarrow ? 260 : 380)
        frame.grow(by: bottom - top + 46)
        self.frame = frame
        drawAxes()
        for (number, curve) in chart.curves.enumerated().reversed() { draw(curve, number) }
        drawChosen()
        let dearer = points.count { $0.cost > y.high }
        if dearer > 0 {
            self.frame.text(
                "\(dearer) dearer \(dearer == 1 ? "setting" : "settings") above", x: right, y: top - 28, anchor: "end",
                attributes: Self.faint)
        }
    }

    var svg: String { frame.svg(title: chart.title, summary: summary) }

    private var summary: String {
        let best = chart.curves.flatMap(\.points).first { $0.name == chart.chosen }
        return (best.map { "Marked: \($0.spoken). " } ?? "")
            + chart.curves.map { curve in
                let costs = curve.points.map(\.cost).filter(\.isFinite)
                return "\(curve.name): \(curve.points.count) settings, cost \(shortText(costs.min() ?? .nan)) to "
                    + "\(shortText(costs.max() ?? .nan))."
            }.joined(separator: " ")
    }

    private func place(_ point: TradeoffPoint) -> (x: Double, y: Double) {
        (left + x.share(point.late) * (right - left), bottom - y.share(point.cost) * (bottom - top))
    }

    private mutating func drawAxes() {
        for tick in y.ticks {
            let height = bottom - y.share(tick.position) * (bottom - top)
            frame.add("<path d=\"M\(fixedText(left)) \(fixedText(height))H\(fixedText(right))\" \(Self.thin)/>")
            frame.text(tick.label, x: left - 6, y: height + 4.5, anchor: "end")
        }
        frame.text("cost, × clairvoyant", x: 4, y: top - 28, attributes: Self.faint)
        for tick in x.ticks(isNarrow: isNarrow) {
            let place = left + x.share(tick.position) * (right - left)
            frame.add("<path d=\"M\(fixedText(place)) \(fixedText(top))V\(fixedText(bottom))\" \(Self.thin)/>")
            let half = Double(tick.label.count) * ChartFrame.characterWidth / 2
            let centre = min(max(place, half + 2), frame.width - half - 2)
            frame.text(tick.label, x: centre, y: bottom + 20, anchor: "middle")
        }
        frame.text(
            "requests served late", x: (left + right) / 2, y: bottom + 38, anchor: "middle", attributes: Self.faint)
        guard let target = chart.lateTarget else { return }
        let place = left + x.share(target) * (right - left)
        frame.add(
            "<path d=\"M\(fixedText(place)) \(fixedText(top))V\(fixedText(bottom))\" stroke=\"currentColor\" "
                + "stroke-dasharray=\"5 4\"/>")
        frame.text(
            "target \(shareText(target))", x: min(max(place, left + 40), right - 40), y: top - 6, anchor: "middle")
    }

    private mutating func draw(_ curve: TradeoffCurve, _ number: Int) {
        let known = curve.points.filter { $0.cost.isFinite && $0.late.isFinite }
        let colour = Palette.colour(number)
        if known.count > 1 {
            let places = known.map(place).map { "\(fixedText($0.x)) \(fixedText($0.y))" }
            let weight = number == 0 ? "2.6" : "1.4"
            let dash = number >= Palette.light.count ? " stroke-dasharray=\"6 3\"" : ""
            frame.add(
                "<path d=\"M\(places.joined(separator: "L"))\" fill=\"none\" stroke=\"\(colour)\" "
                    + "stroke-width=\"\(weight)\" stroke-linejoin=\"round\"\(dash)/>")
        }
        for point in known where point.cost <= y.high {
            let at = place(point)
            frame.add(
                "<g class=\"point\" data-x=\"\(fixedText(at.x))\" data-y=\"\(fixedText(at.y))\">"
                    + "<title>\(escapedHTML(point.spoken))</title>"
                    + ChartFrame.mark(number, colour: colour, x: at.x, y: at.y) + "</g>")
        }
    }

    private mutating func drawChosen() {
        let point = chart.curves.lazy.flatMap(\.points).first { $0.name == chart.chosen && $0.cost.isFinite }
        guard let point else { return }
        let at = place(point)
        frame.add(
            "<circle cx=\"\(fixedText(at.x))\" cy=\"\(fixedText(at.y))\" r=\"9\" fill=\"none\" stroke=\"currentColor\" "
                + "stroke-width=\"2\"/>")
        let isRight = at.x > (left + right) / 2
        let isLow = at.y > bottom - 24
        frame.text(
            point.name, x: at.x + (isRight ? -13 : 13), y: at.y + (isLow ? -12 : 20), anchor: isRight ? "end" : "start",
            attributes: "font-weight=\"600\" class=\"halo\"")
    }

    private static let faint = "opacity=\".75\""
    private static let thin = "stroke=\"currentColor\" stroke-opacity=\".15\""
}

/// Shares by their powers of ten; what is not late at all stands at the left edge.
private struct LatenessAxis {
    private let low: Int, high: Int
    private let hasZero: Bool
    /// Of the width, where there are points that are never late.
    private let zeroShare: Double
    private static let least = 1e-6

    init(_ shares: [Double], isNarrow: Bool) {
        zeroShare = isNarrow ? 0.13 : 0.07
        let shown = shares.filter { $0 >= Self.least && $0 <= 1 }
        hasZero = shares.contains { $0 < Self.least }
        let lowest = shown.min() ?? 1e-3, highest = shown.max() ?? 1
        low = (-6...(-1)).last { powerOfTen($0) <= lowest * (1 + 1e-9) } ?? -6
        high = (low + 1...1).first { powerOfTen($0) >= highest * (1 - 1e-9) } ?? 0
    }

    /// Of the width.
    func share(_ late: Double) -> Double {
        let zero = hasZero ? zeroShare : 0
        guard late >= Self.least else { return 0 }
        let height = (decades(late) - Double(low)) / Double(high - low)
        return zero + min(max(height, 0), 1) * (1 - zero)
    }

    func ticks(isNarrow: Bool) -> [AxisTick] {
        let step = isNarrow && high - low > 4 ? 2 : 1
        let decades = stride(from: high, through: low, by: -step).map {
            AxisTick(position: powerOfTen($0), label: fixedText(100 * powerOfTen($0), digits: max(0, -2 - $0)) + "%")
        }
        return decades + (hasZero ? [AxisTick(position: 0, label: "0")] : [])
    }
}

/// Multiples by their logarithm, to `most`: what costs a multiple of that is no choice, and would press the rest together.
private struct CostAxis {
    private let low: Double
    let high: Double
    let ticks: [AxisTick]
    private static let most = 4.0
    private static let steps =
        [0.5, 0.7, 0.8, 0.9]
        + (0...5).flatMap { power in [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 7].map { $0 * powerOfTen(power) } }

    /// Up to `most`, or as far as `chosen` and the cheapest setting need.
    init(_ costs: [Double], chosen: Double?, target: Int) {
        let known = costs.filter { $0.isFinite && $0 > 0 }
        let cheapest = known.min() ?? 1
        let highest = min(known.max() ?? 2, max(Self.most, 1.3 * max(chosen ?? 0, cheapest)))
        let from = Self.steps.last { $0 <= min(cheapest, 1) * (1 + 1e-9) } ?? cheapest
        let to = Self.steps.first { $0 >= max(highest, 1.2 * from) * (1 - 1e-9) } ?? highest
        (low, high) = (from, to)
        let inside = Self.steps.filter { $0 >= from && $0 <= to }
        let stride = max(1, (inside.count + target) / (target + 1))
        ticks = inside.enumerated().filter { $0.offset % stride == 0 }.map {
            AxisTick(position: $0.element, label: Self.label($0.element))
        }
    }

    private static func label(_ multiple: Double) -> String {
        multiple == multiple.rounded() ? shortText(multiple) : fixedText(multiple, digits: 1)
    }

    /// Of the height, at most 1.
    func share(_ cost: Double) -> Double {
        min((decades(max(cost, low)) - decades(low)) / (decades(high) - decades(low)), 1)
    }
}

private func decades(_ value: Double) -> Double { logarithm(value) / logarithm(10) }

private func powerOfTen(_ power: Int) -> Double {
    let size = (0..<abs(power)).reduce(1.0) { value, _ in value * 10 }
    return power < 0 ? 1 / size : size
}
