package import Simulation

/// The page of a backtest: what to do, what it costs against what runs today, and where it failed.
///
/// `forecast frontier` fills all of it, `forecast backtest` what a handful of policies has; a part without content is left out.
package struct BacktestPage: Sendable {
    /// A policy's replay, for the pictures of waits and starts.
    package struct Outcome: Sendable {
        package let name: String
        package let figures: ReplayFigures

        package init(_ name: String, _ figures: ReplayFigures) { (self.name, self.figures) = (name, figures) }
    }

    /// A stretch in which requests were late, with what is to be said of it.
    package struct Moment: Sendable {
        package let title: String
        package let sentences: [String]
        /// What is shown of the timeline, in seconds from its start; nil for no picture.
        package let stretch: Range<Int>?

        package init(title: String, sentences: [String], stretch: Range<Int>?) {
            (self.title, self.sentences, self.stretch) = (title, sentences, stretch)
        }
    }

    /// A heading with what stands below it.
    package struct Intervals: Sendable {
        package var charts: [IntervalChart] = []
        package var explanation = ""
        package init() {}
    }

    package var title: String
    /// The first is the verdict, the others give its reasons.
    package var verdict: [String] = []
    package var notes: [String] = []
    package var summary: TextTable?
    package var curves: [TradeoffCurve] = []
    package var chosen: String?
    package var lateTarget: Double?
    package var timeline: Timeline?
    package var timelineCaption = ""
    package var intervals = Intervals()
    package var startups: TextTable?
    package var outcomes: [Outcome] = []
    package var moments: [Moment] = []
    package var settings: TextTable?
    /// What was typed.
    package var command = ""
    package var points: TextTable?

    package init(title: String) { self.title = title }

    package func rendered() -> String {
        var page = HTMLReport(title: title)
        writeVerdict(to: &page)
        writeTradeoff(to: &page)
        if let timeline { write(timeline, to: &page) }
        writeIntervals(to: &page)
        if let startups {
            page.section("If instances took longer or less long to start")
            page.table(startups)
            page.paragraph(
                "What would be recommended over the whole scored part, with the same goal, if start-up took half or twice as "
                    + "long. The line marked as is stands for the service as it was given.")
        }
        writeWaits(to: &page)
        writeMoments(to: &page)
        writeSettings(to: &page)
        if let points {
            page.section("Every setting")
            page.table(points)
        }
        return page.rendered()
    }

    private func writeVerdict(to page: inout HTMLReport) {
        if let first = verdict.first { page.verdict(first) }
        for sentence in verdict.dropFirst() { page.paragraph(sentence) }
        if let summary { page.table(summary) }
        for note in notes { page.note(note) }
    }

    private func writeTradeoff(to page: inout HTMLReport) {
        guard curves.contains(where: { !$0.points.isEmpty }) else { return }
        page.section("Cost against lateness")
        let title = "What each setting costs, and how many requests it serves late"
        page.points(
            TradeoffChart(title: title, curves: curves, chosen: chosen, lateTarget: lateTarget),
            caption:
                "Further down is cheaper, further left is on time. A cost of 1 is the least that serves nobody late, "
                + "knowing the future. Each point is one setting, replayed over the whole scored part."
                + (chosen == nil ? "" : " The ring marks the recommended one."))
    }

    private func write(_ timeline: Timeline, to page: inout HTMLReport) {
        page.section("Demand and capacity over time")
        page.timeline(timeline, title: "Demand and capacity", caption: timelineCaption)
    }

    private func writeIntervals(to page: inout HTMLReport) {
        guard intervals.charts.contains(where: { !$0.isEmpty }) else { return }
        page.section("How sure is this?")
        if !intervals.explanation.isEmpty { page.paragraph(intervals.explanation) }
        for chart in intervals.charts where !chart.isEmpty { page.figure(chart, caption: "") }
    }

    private func writeWaits(to page: inout HTMLReport) {
        guard !outcomes.isEmpty else { return }
        page.section("Waits and starts")
        var waits = SVGBarChart(
            title: "How long requests waited for capacity", unit: "s", names: ["99%", "99.9%", "longest"], digits: 0)
        var raises = SVGBarChart(title: "How often capacity was raised", unit: "", names: ["raises"], digits: 0)
        for outcome in outcomes {
            waits.group(outcome.name, [outcome.figures.p99, outcome.figures.p999, outcome.figures.maxWait])
            raises.group(outcome.name, [Double(outcome.figures.raises)])
        }
        page.figure(
            waits,
            caption: "The wait that 99% and 99.9% of the requests did not exceed, and the longest, to whole seconds.")
        page.figure(raises, caption: "Decisions that raised the count of instances; one may start several.")
    }

    private func writeMoments(to page: inout HTMLReport) {
        guard !moments.isEmpty else { return }
        page.section("The worst moments")
        for moment in moments {
            page.subsection(moment.title)
            // What happened, and what had been decided.
            page.paragraph(moment.sentences.prefix(2).joined(separator: " "))
            if moment.sentences.count > 2 { page.paragraph(moment.sentences.dropFirst(2).joined(separator: " ")) }
            guard let timeline, let stretch = moment.stretch else { continue }
            page.figure(timeline.picture(stretch, title: ""), caption: "")
            page.jump(to: stretch, "Show it in the picture of the whole")
        }
    }

    private func writeSettings(to page: inout HTMLReport) {
        guard settings != nil || !command.isEmpty else { return }
        page.section("Settings")
        if let settings { page.table(settings) }
        guard !command.isEmpty else { return }
        page.paragraph("The same command on the same data gives this page again, byte by byte:")
        page.preformatted(command)
    }
}
