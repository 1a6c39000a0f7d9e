import Reports
import TestSupport
import Testing

/// The picture of keep-alive policies, on a terminal and on a page.
@Suite struct KeepAliveCurvesTests {
    private var curves: KeepAliveCurves {
        func curve(_ name: String, _ points: [(Double, Double)]) -> KeepAliveCurves.Curve {
            let made = points.enumerated().map {
                KeepAliveCurves.Point(policy: "\(name):\($0 + 1)", waste: $1.0, cold: $1.1)
            }
            return KeepAliveCurves.Curve(name: name, points: made)
        }
        return KeepAliveCurves([
            curve("prewarm", [(0.6, 0.004), (0.5, 0.012), (0.4, 0.05), (.nan, 0)]),
            curve("hybrid-histogram", [(0.8, 0.013)]), curve("fixed", [(1, 0.3), (1.3, 0.06), (1.5, 0.01)]),
        ])
    }

    @Test func onATerminal() throws {
        let text = curves.text(width: 72, isColoured: false)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 72 })
        try expectGolden(text + "\n", "keepalive-curves.txt")
    }

    @Test func theVerdictComparesAtTheSameColdShare() {
        #expect(
            curves.verdict
                == "At no more than the mean cold share of hybrid-histogram (1.30%), prewarm:2 is idle for 0.63 of its "
                + "time: 0.500 of what fixed:10 is, where it needs 0.800.")
        let without = KeepAliveCurves(Array(curves.curves.dropFirst(2)))
        #expect(without.verdict == "There is nothing to compare.")
        let never = KeepAliveCurves(Array(curves.curves.dropFirst().prefix(1)) + [])
        #expect(never.verdict.hasPrefix("At no more"))
        let worse = KeepAliveCurves([
            .init(name: "prewarm", points: [.init(policy: "p", waste: 1, cold: 0.2)]), curves.curves[1],
        ])
        #expect(worse.verdict == "No setting of prewarm reaches the mean cold share of hybrid-histogram, 1.30%.")
    }

    @Test func onAPageEverythingIsDrawnAndEscaped() {
        var figures = TextTable(header: ["policy"])
        figures.append(["prewarm<script>"])
        let page = curves.page(trace: "a&b.csv", figures)
        #expect(page.contains("a&amp;b.csv") && page.contains("prewarm&lt;script&gt;") && !page.contains("<script"))
        #expect(page.ranges(of: "<figure>").count == 2)
        #expect(page == curves.page(trace: "a&b.csv", figures))
    }

    @Test func scatterBounds() {
        var none = TextScatter(width: 40, height: 5, x: "x", y: "y")
        #expect(none.rendered() == "no points to draw\n")
        none.add("far", x: [1e9, .nan], y: [-3, 4])
        none.add("full", x: [1e9], y: [.infinity])
        let text = none.rendered()
        #expect(text.contains("f") && text.split(separator: "\n").allSatisfy { $0.count <= 40 })
        #expect(none.rendered(isColoured: true).contains("\u{1B}[36mf\u{1B}[0m"))
    }
}
