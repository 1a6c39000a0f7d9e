package import Forecasting
package import Series
import Units

/// The page of an accuracy evaluation: whether quantiles mean what they say, where the errors lie, and some forecasts.
package struct EvaluationReport: Sendable {
    /// A forecaster and the shape of its accuracy.
    package struct Method: Sendable {
        package let name: String
        package let shape: AccuracyShape
        package init(_ name: String, _ shape: AccuracyShape) { (self.name, self.shape) = (name, shape) }
    }

    /// A forecast that is shown, with the series it is of.
    package struct Fan: Sendable {
        package let title: String
        /// The row at which it starts.
        package let origin: Int
        package let forecast: QuantileForecast
        package let series: RegularSeries

        package init(title: String, origin: Int, forecast: QuantileForecast, series: RegularSeries) {
            (self.title, self.origin, self.forecast, self.series) = (title, origin, forecast, series)
        }
    }

    /// What is told of one entry; the first method is the one that is evaluated.
    package struct Part: Sendable {
        package let name: String
        /// Seconds a row spans.
        package let step: Int
        package let task: ForecastTask
        package let methods: [Method]
        package let fans: [Fan]

        package init(name: String, step: Int, task: ForecastTask, methods: [Method], fans: [Fan]) {
            (self.name, self.step, self.task) = (name, step, task)
            (self.methods, self.fans) = (methods, fans)
        }
    }

    private let title: String
    private let scores: TextTable
    private let baseline: String?
    private var parts: [Part] = []

    /// `baseline` is what the ratios among the scores are to.
    package init(title: String, scores: TextTable, baseline: String? = nil) {
        (self.title, self.scores, self.baseline) = (title, scores, baseline)
    }

    package mutating func add(_ part: Part) { parts.append(part) }

    package func rendered() -> String {
        var report = HTMLReport(title: title)
        report.table(scores)
        report.note(
            "WQL is the error over the deciles as a share of the demand, TAIL the same at 0.95 and 0.99, where capacity is "
                + "bought, MASE the error of the median as a multiple of repeating the season before. COVER is how far the "
                + "quantiles are off, CROSS must be 0. Lower is better. Every forecast knows nothing but the rows before it."
                + (baseline.map { " Ratios are to \($0)." } ?? ""))
        for part in parts { part.write(to: &report) }
        return report.rendered()
    }
}

extension EvaluationReport.Part {
    /// The section of this entry.
    package func write(to report: inout HTMLReport) {
        let row = durationText(seconds: Double(step)), horizon = durationText(seconds: Double(task.horizon * step))
        report.section(name)
        report.paragraph("Rows of \(row), forecast \(horizon) (\(task.horizon) rows) ahead.")
        report.figure(
            reliability,
            caption:
                "Of the actuals, the share below each level. On the dashed line a level means what it says; where the "
                + "share is lower, the forecast is too low and capacity bought by it is short. A band spans from the share "
                + "below to the share at or below, which differ where counts repeat.")
        report.figure(
            bySteps,
            caption: "The loss at each step ahead, as a share of the demand. Solid: over the deciles and below "
                + "0.9. Dashed: above, where capacity is bought.")
        if step <= 3_600 {
            report.figure(
                byHours,
                caption: "The loss by the hour of the day (UTC) that is forecast, as a share of its demand. Hours that "
                    + "no origin reaches are left out.")
        }
        for fan in fans {
            report.figure(
                fan.picture,
                caption: "What came is drawn beside what was forecast. Ranked by the loss against the mean "
                    + "height of the series.")
        }
    }

    /// Shares of actuals below the levels, against the levels.
    package var reliability: SVGChart {
        var chart = SVGChart(title: "Do the levels mean what they say?", unit: "share below", xAxis: .number("level"))
        chart.line("honest", x: [0, 1], y: [0, 1], style: .dashed, colour: 7)
        for (colour, method) in methods.enumerated() {
            let covered = method.shape.all.covered
            chart.band(
                "\(method.name), ties", x: task.levels, low: covered.map(\.below),
                high: covered.map(\.atOrBelow), colour: colour, opacity: 0.35)
            let middles = covered.map { ($0.below + $0.atOrBelow) / 2 }
            chart.line(method.name, x: task.levels, y: middles, style: .dots, colour: colour)
        }
        return chart
    }

    /// The loss at each step of the horizon.
    package var bySteps: SVGChart {
        losses(
            SVGChart(title: "Loss by step ahead", unit: "% of the demand", xAxis: .number("rows ahead")),
            x: (1...task.horizon).map(Double.init), of: \.steps)
    }

    /// The loss at each hour of the day.
    package var byHours: SVGChart {
        losses(
            SVGChart(title: "Loss by hour of the day", unit: "% of the demand", xAxis: .number("hour, UTC")),
            x: (0..<24).map(Double.init), of: \.hours)
    }

    /// Two lines a method; that of the tail only where it is known.
    private func losses(_ empty: SVGChart, x: [Double], of tallies: (AccuracyShape) -> [AccuracyTally]) -> SVGChart {
        var chart = empty
        for (colour, method) in methods.enumerated() {
            let tallies = tallies(method.shape), tail = tallies.map { 100 * $0.tailLoss }
            chart.line(method.name, x: x, y: tallies.map { 100 * $0.middleLoss }, colour: colour)
            guard tail.contains(where: \.isFinite) else { continue }
            chart.line("\(method.name), tail", x: x, y: tail, style: .dashed, colour: colour)
        }
        return chart
    }
}

extension EvaluationReport.Fan {
    /// The bands and the median, with what came and two horizons of what was before.
    package var picture: SVGChart {
        let rows = max(0, origin - 2 * forecast.horizon)..<min(series.count, origin + forecast.horizon)
        let steps = 0..<forecast.horizon
        let x = steps.map { forecast.grid.time(of: $0).secondsSinceEpoch }
        func values(_ level: Double) -> [Double] { steps.map { forecast.value(row: $0, level: level) } }
        var chart = SVGChart(title: title, unit: "per \(durationText(seconds: Double(series.step)))")
        chart.band("10% to 99%", x: x, low: values(0.1), high: values(0.99), colour: 1, opacity: 0.15)
        chart.band("10% to 90%", x: x, low: values(0.1), high: values(0.9), colour: 1, opacity: 0.25)
        chart.band("30% to 70%", x: x, low: values(0.3), high: values(0.7), colour: 1, opacity: 0.35)
        chart.line("median", x: x, y: values(0.5), colour: 1)
        chart.line("actual", series[rows], colour: 0)
        chart.marker(at: forecast.origin.secondsSinceEpoch, "origin")
        return chart
    }
}
