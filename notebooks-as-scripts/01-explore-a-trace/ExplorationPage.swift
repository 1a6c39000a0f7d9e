import Forecasting
import Reports
import Series
import Units

/// A model's forecasts of the last part, and how good they were.
struct Outcome {
    let model: String
    let result: RollingForecasts
    let scores: Scores
    /// Per level: the share of actuals at or below what was forecast.
    let covered: [Double]
    /// Per origin: the mean absolute error of the median; NaN where nothing is known.
    let errors: [Double]

    init(_ model: String, _ result: RollingForecasts, _ series: RegularSeries, _ evaluation: EvaluationProtocol) {
        (self.model, self.result) = (model, result)
        scores = Scores(result, of: series, under: evaluation)
        let levels = evaluation.task.levels
        var below = [Int](repeating: 0, count: levels.count), rows = 0
        var errors: [Double] = []
        for (origin, forecast) in zip(result.origins, result.forecasts) {
            var misses: [Double] = []
            for step in 0..<forecast.horizon where series.values[origin + step].isFinite {
                let actual = series.values[origin + step]
                rows += 1
                for column in levels.indices where actual <= forecast.values[step * levels.count + column] {
                    below[column] += 1
                }
                misses.append(abs(actual - forecast.value(row: step, level: 0.5)))
            }
            errors.append(misses.isEmpty ? .nan : misses.reduce(0, +) / Double(misses.count))
        }
        covered = below.map { rows == 0 ? .nan : Double($0) / Double(rows) }
        self.errors = errors
    }
}

/// The page: what the trace holds, two forecasts against what came, the scores, and the honesty of the quantiles.
struct ExplorationPage {
    let name: String
    let series: RegularSeries
    let findings: Findings
    let evaluation: EvaluationProtocol

    private var task: ForecastTask { evaluation.task }
    private var rowText: String { durationText(seconds: Double(series.step)) }
    private var horizonText: String { durationText(seconds: Double(task.horizon * series.step)) }

    func rendered(_ outcomes: [Outcome]) -> String {
        var report = HTMLReport(title: "What is in \(name)?")
        report.list(findings.lines)
        report.figure(whole, caption: "The whole trace. A line that breaks is missing data; times are UTC.")
        report.section("A day")
        report.figure(
            day,
            caption: "The mean at each time of day (UTC), and the band that holds four days of five. The narrower the "
                + "band, the more a forecast can know.")
        report.section("Forecasting the last part")
        report.paragraph(
            "From each of \(outcomes.first?.result.origins.count ?? 0) origins, \(horizonText) apart, the next "
                + "\(horizonText) (\(task.horizon) rows) are forecast from nothing but the rows before it.")
        report.table(scores(outcomes))
        report.note(
            "WQL is the error over all quantiles, TAIL the same at those that capacity is bought at (0.95 and 0.99), MASE "
                + "the error of the median as a multiple of repeating the day before; lower is better. COVER is how far "
                + "the quantiles are off, CROSS must be 0.")
        if let ridge = outcomes.last { addFans(ridge, to: &report) }
        report.section("Are the quantiles honest?")
        report.figure(
            reliability(outcomes),
            caption: "Of the actual values, the share at or below each quantile. On the dashed line "
                + "a quantile means what it says; below it the forecast is too low, and capacity bought by it is short."
        )
        return report.rendered()
    }

    func scores(_ outcomes: [Outcome]) -> TextTable {
        var table = TextTable(header: ["model", "WQL", "TAIL", "MASE", "COVER", "CROSS"])
        for outcome in outcomes {
            let scores = outcome.scores
            let figures = [scores.wql, scores.tail, scores.mase, scores.cover, scores.cross]
            table.append([outcome.model] + figures.map { fixedText($0, digits: 4) })
        }
        return table
    }

    private var whole: SVGChart {
        var chart = SVGChart(title: "The whole trace", unit: "per \(rowText)")
        chart.line("value", series)
        let first = evaluation.originRows(count: series.count).first ?? series.count
        chart.marker(at: series.grid.time(of: first).secondsSinceEpoch, "forecast from here")
        return chart
    }

    private var day: SVGChart {
        var chart = SVGChart(title: "How a day goes", unit: "per \(rowText)", xAxis: .elapsed)
        for (colour, profile) in findings.profiles.enumerated() {
            chart.band("\(profile.name), 80%", x: profile.seconds, low: profile.low, high: profile.high, colour: colour)
            chart.line(profile.name, x: profile.seconds, y: profile.mean, colour: colour)
        }
        return chart
    }

    /// A usual forecast and the worst one: the first alone would flatter.
    private func addFans(_ outcome: Outcome, to report: inout HTMLReport) {
        let ranked = outcome.errors.indices.filter { outcome.errors[$0].isFinite }.sorted {
            (outcome.errors[$0], $0) < (outcome.errors[$1], $1)
        }
        guard let worst = ranked.last else { return }
        let usual = ranked[ranked.count / 2]
        report.figure(
            fan(outcome, usual, "A usual forecast"),
            caption: "The \(outcome.model) forecast whose error is the median one.")
        report.figure(
            fan(outcome, worst, "The worst forecast"),
            caption: "The one with the largest error. What came is beside it.")
    }

    private func fan(_ outcome: Outcome, _ number: Int, _ title: String) -> SVGChart {
        let origin = outcome.result.origins[number], forecast = outcome.result.forecasts[number]
        var chart = SVGChart(title: title, unit: "per \(rowText)")
        let rows = max(0, origin - 2 * task.horizon)..<min(series.count, origin + task.horizon)
        let x = (0..<task.horizon).map { forecast.grid.time(of: $0).secondsSinceEpoch }
        func values(_ level: Double) -> [Double] { (0..<task.horizon).map { forecast.value(row: $0, level: level) } }
        chart.band("10% to 99%", x: x, low: values(0.1), high: values(0.99), colour: 1, opacity: 0.18)
        chart.band("10% to 90%", x: x, low: values(0.1), high: values(0.9), colour: 1, opacity: 0.35)
        chart.line("median", x: x, y: values(0.5), colour: 1)
        chart.line("actual", series[rows], colour: 0)
        chart.marker(at: forecast.origin.secondsSinceEpoch, "origin")
        return chart
    }

    private func reliability(_ outcomes: [Outcome]) -> SVGChart {
        var chart = SVGChart(
            title: "Quantile asked for, and share that came at or below it", unit: "share", xAxis: .number("quantile"))
        chart.line("honest", x: [0, 1], y: [0, 1], style: .dashed, colour: 7)
        for (colour, outcome) in outcomes.enumerated() {
            chart.line(outcome.model, x: task.levels, y: outcome.covered, style: .dots, colour: colour)
        }
        return chart
    }
}
