import Forecasting
import Reports
import Series
import TestSupport
import Testing
import Units

@Suite struct EvaluationReportTests {
    private static let start = Timestamp(secondsSinceEpoch: 804_571_200)
    private static let task = ForecastTask(horizon: 3, levels: [0.1, 0.5, 0.9, 0.99], season: 4, isWeekly: false)

    /// Four days of six-hour rows, and two origins.
    private static let series = RegularSeries(
        start: start, step: 3_600, values: (0..<16).map { [4, 9, 7, 5][$0 % 4] + ($0 == 13 ? 6 : 0) })

    private static func result(shift: Double) -> RollingForecasts {
        let origins = [9, 12]
        return RollingForecasts(
            origins: origins,
            forecasts: origins.map { origin in
                let values = (0..<3).flatMap { step in
                    [-2.0, 0, 2, 4].map { [4, 9, 7, 5][(origin + step) % 4] + $0 + shift }
                }
                return QuantileForecast(
                    origin: series.grid.time(of: origin), step: 3_600, levels: task.levels, values: values)
            })
    }

    private static var part: EvaluationReport.Part {
        let methods = [("ridge", 0.0), ("seasonal-naive", 3.0)].map { name, shift in
            var shape = AccuracyShape(task: task)
            shape.add(result(shift: shift), of: series, number: 0)
            return EvaluationReport.Method(name, shape)
        }
        let worst = methods[0].shape.bestMedianWorst.last
        let fan = EvaluationReport.Fan(
            title: "The worst forecast", origin: 12, forecast: result(shift: 0).forecasts[worst?.number ?? 0],
            series: series)
        return EvaluationReport.Part(name: "tiny <1h>", step: 3_600, task: task, methods: methods, fans: [fan])
    }

    @Test func picturesAreAsRecorded() throws {
        let part = Self.part
        try expectGolden(part.reliability.svg(width: 960), "evaluation-reliability.svg")
        try expectGolden(part.reliability.svg(width: 380), "evaluation-reliability-narrow.svg")
        try expectGolden(part.bySteps.svg(width: 960), "evaluation-steps.svg")
        try expectGolden(part.byHours.svg(width: 960), "evaluation-hours.svg")
        try expectGolden(part.fans[0].picture.svg(width: 960), "evaluation-fan.svg")
    }

    @Test func thePageIsSelfContained() {
        var scores = TextTable(header: ["entry", "WQL"])
        scores.append(["tiny <1h>", "0.1"])
        var report = EvaluationReport(title: "Accuracy", scores: scores, baseline: "seasonal-naive")
        report.add(Self.part)
        let page = report.rendered()
        #expect(
            page.contains("Ratios are to seasonal-naive.") && page.contains("<h2>tiny &lt;1h&gt;</h2>")
                && !page.contains("<script") && !page.contains("src="))
        #expect(page.ranges(of: "<figure>").count == 4)
    }
}
