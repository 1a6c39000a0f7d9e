import Forecasting
import Reports
import Series
import Units

/// The page: a verdict, the scores, how much history it takes, where the errors lie, and forecasts against what came.
struct ChoicePage {
    let trace: String
    let comparison: Comparison
    /// The best first.
    let candidates: [Candidate]
    let lengths: [LengthRow]

    private var task: ForecastTask { comparison.evaluation.task }
    private var step: Int { comparison.series.step }
    private var naive: Candidate? { candidates.first { $0.name == SeasonalNaive().name } }

    var table: TextTable {
        var table = TextTable(header: ["model", "WQL", "TAIL", "MASE", "COVER", "WQL / naive", "seconds"])
        for candidate in candidates {
            let scores = candidate.scores
            let figures = [scores.wql, scores.tail, scores.mase, scores.cover].map { fixedText($0, digits: 4) }
            let ratio = fixedText(scores.wql / (naive?.scores.wql ?? .nan), digits: 3)
            table.append([candidate.name] + figures + [ratio, fixedText(candidate.seconds, digits: 2)])
        }
        return table
    }

    func verdict(on best: Candidate) -> String {
        guard let naive, naive.name != best.name else {
            return "\(best.name) is as good as it gets here: nothing beats repeating the season before."
        }
        let saved = fixedText(100 * (1 - best.scores.wql / naive.scores.wql), digits: 0)
        let tail = best.scores.tail / naive.scores.tail
        return "\(best.name) loses \(saved)% less than the seasonal naive over all deciles"
            + (tail < 1
                ? ", and \(fixedText(100 * (1 - tail), digits: 0))% less at the quantiles that capacity is bought at."
                : ", but \(fixedText(100 * (tail - 1), digits: 0))% more at the quantiles that capacity is bought at.")
    }

    func rendered() -> String {
        var report = HTMLReport(title: "Which model for \(trace)?")
        report.paragraph(candidates.first.map(verdict) ?? "")
        report.table(table)
        report.note(
            "Every model forecast the same rows from the same \(candidates.first?.result.origins.count ?? 0) origins, "
                + "knowing nothing but the rows before each, and learnt anew every seven days. Lower is better. One trace "
                + "says little about another: run this on your own.")
        report.section("What is to be forecast")
        report.figure(whole, caption: "The trace; the part from the marker on is forecast. Times are UTC.")
        report.section("How much history does it take?")
        report.figure(
            byLength,
            caption:
                "The loss over the same origins after learning once from the last so many days before the first of "
                + "them. A model is missing where it cannot learn from so little. The choice called auto takes the most able "
                + "model that the history suffices for.")
        let best = candidates.prefix(1).flatMap { fans(of: $0) }
        EvaluationReport.Part(
            name: "Where the errors lie", step: step, task: task,
            methods: candidates.map { EvaluationReport.Method($0.name, $0.shape) }, fans: best
        ).write(to: &report)
        return report.rendered()
    }

    private var whole: SVGChart {
        let row = durationText(seconds: Double(step))
        var chart = SVGChart(title: "The trace", unit: "per \(row)")
        chart.line("value", comparison.series)
        if let first = candidates.first?.result.origins.first {
            chart.marker(at: comparison.series.grid.time(of: first).secondsSinceEpoch, "forecast from here")
        }
        return chart
    }

    private var byLength: SVGChart {
        var chart = SVGChart(
            title: "Loss by length of the history", unit: "WQL, % of the demand", xAxis: .number("days"))
        let days = lengths.map { Double($0.rows * step) / 86_400 }
        for (number, candidate) in candidates.enumerated() {
            let losses = lengths.map { 100 * $0.losses[number] }
            chart.line(candidate.name, x: days, y: losses, colour: number)
        }
        return chart
    }

    private func fans(of candidate: Candidate) -> [EvaluationReport.Fan] {
        let titles = ["The best forecast of", "The median forecast of", "The worst forecast of"]
        return zip(titles, candidate.shape.bestMedianWorst).map { title, origin in
            EvaluationReport.Fan(
                title: "\(title) \(candidate.name)", origin: candidate.result.origins[origin.number],
                forecast: candidate.result.forecasts[origin.number], series: comparison.series)
        }
    }
}
