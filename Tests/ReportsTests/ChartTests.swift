import Kernels
import Reports
import Series
import TestSupport
import Testing
import Units

@Suite struct ChartTests {
    private static let start = Timestamp(secondsSinceEpoch: 804_571_200)

    /// Demand with a gap, a forecast and capacity, small enough to read the file.
    private static var tiny: SVGChart {
        var chart = SVGChart(title: "Demand & <capacity>", unit: "requests/s")
        chart.line("demand", RegularSeries(start: start, step: 3_600, values: [4, 9, .nan, 7, .nan, 3]))
        let forecast = QuantileForecast(
            origin: start.advanced(bySeconds: 6 * 3_600), step: 3_600, levels: [0.1, 0.5, 0.9],
            values: [1, 2, 4, 2, 3, 6, 3, 5, 12])
        chart.forecast("ridge", forecast)
        let x = [0.0, 4, 6].map { start.secondsSinceEpoch + $0 * 3_600 }
        chart.line("capacity", x: x, y: [10, 5, 15], style: .steps)
        chart.marker(at: forecast.origin.secondsSinceEpoch, "now")
        return chart
    }

    @Test func chartIsAsRecorded() throws {
        try expectGolden(Self.tiny.svg(width: 960), "chart-wide.svg")
        try expectGolden(Self.tiny.svg(width: 380), "chart-narrow.svg")
    }

    @Test func barsAreAsRecorded() throws {
        var chart = SVGBarChart(title: "Late requests", unit: "%", names: ["prewarm", "hpa"], digits: 2)
        chart.group("morning", [0.01, 3.2])
        chart.group("night", [0, .nan])
        try expectGolden(chart.svg(width: 960), "bars.svg")
    }

    /// Names come from users and files: they must never become markup.
    @Test func everyTextIsEscaped() {
        let nasty = "</title><script>\"'&"
        var chart = SVGChart(title: nasty, unit: nasty, xAxis: .number(nasty), summary: nasty)
        chart.line(nasty, x: [0, 1], y: [0, 1])
        chart.marker(at: 0.5, nasty)
        var bars = SVGBarChart(title: nasty, unit: nasty, names: [nasty, nasty], summary: nasty)
        bars.group(nasty, [1, 2])
        var report = HTMLReport(title: nasty)
        report.section(nasty)
        report.note(nasty)
        report.list([nasty])
        report.preformatted(nasty)
        report.figure(chart, caption: nasty)
        report.figure(bars, caption: nasty)
        var table = TextTable(header: [nasty])
        table.append([nasty])
        report.table(table)
        #expect(!report.rendered().contains("<script"))
        #expect(report.rendered().contains("&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp;"))
        #expect(escapedHTML("a\u{0}\u{1B}b") == "a\u{FFFD}\u{FFFD}b")
    }

    @Test func missingValuesBreakLinesAndBands() {
        var chart = SVGChart(title: "t", unit: "")
        chart.line("l", x: [0, 1, 2, 3, 4], y: [1, 2, .nan, 3, .infinity])
        chart.band("b", x: [0, 1, 2, 3], low: [1, 1, .nan, 1], high: [2, 2, 2, 2])
        let paths = chart.svg().split(separator: "\n").filter { $0.contains("stroke=\"var(--chart") }
        let drawn = paths.filter { $0.contains("stroke-linejoin") || $0.contains("fill-opacity") }
        #expect(drawn.count == 2)
        for path in drawn { #expect(path.count { $0 == "M" } == 2, "\(path)") }
    }

    /// One spike in a hundred thousand rows is the reason the chart is looked at.
    @Test func longLinesKeepTheirSpikesAndAreShort() {
        for seed in UInt64(1)...20 {
            var random = SplitMix64(seed: seed)
            var values = (0..<100_000).map { _ in 10 + random.uniform() }
            let spike = Int.random(in: 1..<99_999, using: &random)
            values[spike] = 1_000
            var chart = SVGChart(title: "t", unit: "")
            chart.line("l", RegularSeries(start: Self.start, step: 60, values: values))
            let svg = chart.svg()
            #expect(svg.utf8.count < 80_000, "seed \(seed)")
            // The plot's upper edge is at 1000, and only the spike reaches it.
            let edge = svg.firstMatch(
                of: /([0-9.]+)H[0-9.]+" stroke="currentColor" stroke-opacity="\.15"\/>\n<text[^>]*>1000</)
            let height = edge.map { String($0.1) } ?? "none"
            let line = svg.split(separator: "\n").first { $0.contains("stroke-linejoin") } ?? ""
            #expect(line.contains(" \(height)L") || line.contains(" \(height)\""), "seed \(seed), \(height)")
        }
    }

    @Test func oddInputsAreDrawnToo() {
        for axis in [SVGChart.XAxis.time, .elapsed, .number("n")] {
            for (x, y) in [
                ([], []), ([0], [5]), ([0, 0], [0, 0]), ([0, 1], [Double.nan, .nan]), ([0, 1e9], [-3, 1e15]),
            ] {
                var chart = SVGChart(title: "", unit: "", xAxis: axis)
                for style in [SVGChart.LineStyle.solid, .dashed, .dots, .steps] {
                    chart.line("l", x: x, y: y, style: style)
                }
                chart.band("b", x: x, low: y, high: y)
                let svg = chart.svg(width: 10)
                #expect(svg.hasPrefix("<svg") && svg.hasSuffix("</svg>\n"))
                #expect(!svg.lowercased().contains("nan") && !svg.contains("inf") && !svg.contains("∞"))
            }
        }
        #expect(SVGChart(title: "t", unit: "").svg().contains(">no data<"))
    }

    /// From minutes to decades, an axis says times as a reader would, and the date or year where it changes.
    @Test func axesSayTimesAsAReaderWould() {
        func labels(_ axis: SVGChart.XAxis, _ low: Double, _ high: Double) -> [String] {
            var chart = SVGChart(title: "t", unit: "", xAxis: axis)
            chart.line("l", x: [low, high], y: [1, 1])
            let below = chart.svg().matches(of: /<text[^>]*text-anchor="middle"[^>]*>([^<]*)</)
            return below.map { String($0.1) }
        }
        let day = Self.start.secondsSinceEpoch - 4 * 3_600
        #expect(labels(.time, day + 90, day + 110).prefix(3) == ["00:01:30", "1 Jul 1995 UTC", "00:01:35"])
        #expect(
            labels(.time, day + 43_200, day + 129_600).prefix(6)
                == ["12:00", "1 Jul 1995 UTC", "15:00", "18:00", "21:00", "00:00"])
        #expect(labels(.time, day, day + 5 * 86_400).prefix(3) == ["1 Jul", "1995", "2 Jul"])
        // Weeks are shown by their Mondays.
        #expect(labels(.time, day, day + 40 * 86_400).prefix(3) == ["3 Jul", "1995", "10 Jul"])
        #expect(labels(.time, day, day + 300 * 86_400).contains("1996"))
        #expect(labels(.time, 0, 1.6e9).prefix(2) == ["1970", "1980"])
        #expect(labels(.elapsed, 0, 60) == ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"])
        #expect(labels(.elapsed, 0, 86_400).prefix(3) == ["0 h", "3 h", "6 h"])
        #expect(labels(.number("level"), 0, 1) == ["0", "0.2", "0.4", "0.6", "0.8", "1.0", "level"])
    }
}
