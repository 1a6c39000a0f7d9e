/// Cold starts against idle memory, for keep-alive policies over their dials.
package struct KeepAliveCurves: Sendable {
    package struct Point: Hashable, Sendable {
        package let policy: String
        /// As a ratio to the waste of `fixed:10`; NaN where that wastes nothing.
        package let waste: Double
        /// The mean over functions of their cold share.
        package let cold: Double

        package init(policy: String, waste: Double, cold: Double) {
            (self.policy, self.waste, self.cold) = (policy, waste, cold)
        }
    }

    /// One policy; a single point where it has no dial.
    package struct Curve: Hashable, Sendable {
        package let name: String
        /// Ascending in waste.
        package let points: [Point]

        package init(name: String, points: [Point]) {
            self.name = name
            self.points = points.filter { $0.waste.isFinite && $0.cold.isFinite }.sorted { $0.waste < $1.waste }
        }
    }

    package static let peer = "hybrid-histogram"

    package let curves: [Curve]

    /// The first is the one that is judged.
    package init(_ curves: [Curve]) { self.curves = curves }

    private var peer: Point? { curves.first { $0.name == Self.peer }?.points.first }

    /// Cold shares up to which the differences lie that matter.
    var detail: Double {
        guard let peer, peer.cold > 0 else { return 0.1 }
        return min(1, 5 * peer.cold)
    }

    /// What the curves come to, in words.
    package var verdict: String {
        guard let first = curves.first, let peer, peer.waste > 0 else { return "There is nothing to compare." }
        let share = fixedText(peer.cold * 100, digits: 2) + "%"
        guard let point = first.points.first(where: { $0.cold <= peer.cold }) else {
            return "No setting of \(first.name) reaches the mean cold share of \(Self.peer), \(share)."
        }
        let ratio = fixedText(point.waste / peer.waste, digits: 2)
        return
            "At no more than the mean cold share of \(Self.peer) (\(share)), \(point.policy) is idle for \(ratio) of its time: "
            + "\(fixedText(point.waste, digits: 3)) of what fixed:10 is, where it needs \(fixedText(peer.waste, digits: 3))."
    }

    // MARK: On a terminal

    /// Only cold shares up to a few times the histogram's, with a letter for each curve. `width` is in characters.
    package func text(width: Int, isColoured: Bool) -> String {
        var plot = TextScatter(width: width, height: 18, x: "waste, fixed:10 = 1", y: "mean cold share, %")
        for curve in curves.reversed() {
            let shown = curve.points.filter { $0.cold <= detail }
            plot.add(curve.name, x: shown.map(\.waste), y: shown.map { $0.cold * 100 })
        }
        return plot.rendered(isColoured: isColoured) + "\n" + wrapped(verdict, width: width).joined(separator: "\n")
    }

    // MARK: On a page

    package func chart(_ title: String, coldUpTo limit: Double) -> SVGChart {
        var chart = SVGChart(title: title, unit: "mean cold share, %", xAxis: .number("waste, fixed:10 = 1"))
        for (colour, curve) in curves.enumerated() {
            let shown = curve.points.filter { $0.cold <= limit }
            let style: SVGChart.LineStyle = curve.name == Self.peer ? .dots : colour == 0 ? .solid : .dashed
            chart.line(curve.name, x: shown.map(\.waste), y: shown.map { $0.cold * 100 }, style: style, colour: colour)
        }
        return chart
    }

    /// A page of its own. `figures` are of the policies that were asked for.
    package func page(trace: String, _ figures: TextTable) -> String {
        var report = HTMLReport(title: "How long functions stay loaded: \(trace)")
        report.paragraph(verdict)
        report.table(figures)
        report.note(
            "A call is cold where its function is not loaded; calls of a function's first minute are not counted. The mean and the "
                + "percentiles are of the functions' shares. Waste is the time loaded without a call, against that of fixed:10. RUM "
                + "is 0.808 s for a cold start and a second for 99.69 idle gigabyte-seconds.")
        report.section("Cold starts against idle memory")
        report.figure(
            chart("Where the hybrid histogram is", coldUpTo: detail),
            caption:
                "Each curve is one policy over its dial; lower and further left is better. Settings with more cold starts "
                + "than shown here are below.")
        report.figure(
            chart("Over the whole of the dials", coldUpTo: 1),
            caption: "Ski-rental and hazard are drawn for cold starts that cost from half to 128 times what they do.")
        report.section("The points of the curves")
        var table = TextTable(header: ["policy", "cold, mean", "waste"])
        for point in curves.flatMap(\.points) {
            let cold = fixedText(point.cold * 100, digits: 2) + "%"
            table.append([point.policy, cold, fixedText(point.waste, digits: 3)])
        }
        report.table(table)
        return report.rendered()
    }
}
