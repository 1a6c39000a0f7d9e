package import Reports
import Series

extension DemoResult {
    /// The run as a page: the figures, what they say, and pictures.
    package var report: HTMLReport {
        var page = HTMLReport(title: "A day under reactive scaling and under prewarming")
        page.note(verdict.sentence(reactive: reactive, prewarmed: prewarmed))
        page.table(table)
        page.list(remarks)
        page.section("What was expected, and what came")
        page.figure(
            forecastChart,
            caption: """
                The forecast was made before the day began, from \(settings.historyDays) days of history; the dots are the \
                requests that then came. The prewarmed fleet starts instances for the top of the band.
                """)
        page.section("Capacity against demand")
        page.figure(
            capacityChart,
            caption: """
                What the ready instances of each fleet could serve, and the requests that came. Where demand is above \
                capacity, requests wait.
                """)
        page.section("Waits")
        page.figure(
            waitChart, caption: "The p99 of the waits of the requests that came in each second, measured at the client."
        )
        page.section("How it was measured")
        page.list(method)
        return page
    }

    private var rows: [Double] { reactive.demand.indices.map(Double.init) }

    private var forecastChart: SVGChart {
        let shown = 0..<min(forecast.horizon, rows.count)
        let x = shown.map(Double.init)
        let top = settings.aggressiveness
        func values(_ level: Double) -> [Double] { shown.map { forecast.value(row: $0, level: level) } }
        var chart = SVGChart(title: "Forecast before the day, and demand", unit: "requests/s", xAxis: .elapsed)
        chart.band("forecast, quantiles 0.1 to \(top)", x: x, low: values(0.1), high: values(top), colour: 0)
        chart.line("forecast, median", x: x, y: values(0.5), colour: 0)
        chart.line("demand", x: rows, y: prewarmed.demand, style: .dots, colour: 7)
        return chart
    }

    private var capacityChart: SVGChart {
        var chart = SVGChart(title: "Demand and ready capacity", unit: "requests/s", xAxis: .elapsed)
        chart.line("demand", x: rows, y: prewarmed.demand, style: .dots, colour: 7)
        for (fleet, colour) in [(reactive, 1), (prewarmed, 0)] {
            chart.line("capacity, \(fleet.name)", x: rows, y: fleet.capacity, style: .steps, colour: colour)
        }
        return chart
    }

    private var waitChart: SVGChart {
        var chart = SVGChart(title: "p99 wait by second of arrival", unit: "seconds", xAxis: .elapsed)
        chart.line("reactive", x: rows, y: reactive.p99PerRow, colour: 1)
        chart.line("prewarmed", x: rows, y: prewarmed.p99PerRow, colour: 0)
        let limit = [Double](repeating: settings.sloWaitSeconds, count: rows.count)
        chart.line("late beyond this", x: rows, y: limit, style: .dashed, colour: 7)
        return chart
    }

    private var remarks: [String] {
        let unanswered = [reactive, prewarmed].filter { $0.unanswered > 0 }.map {
            "\($0.unanswered) requests to the \($0.name) fleet never got an answer; they count as late."
        }
        return [
            "Late: waited more than \(shortText(settings.sloWaitSeconds)) s beyond the service time.",
            "Instance-seconds count an instance from its start to its end, so also while it loads its model.",
        ] + unanswered
    }

    private var method: [String] {
        let worker = settings.worker
        return [
            """
            Both fleets ran at the same time on this machine and got the same requests at the same instants, each behind a \
            dispatcher of its own. What disturbs one disturbs the other.
            """,
            """
            A worker is a process that takes \(shortText(worker.startupSeconds)) s before it listens, then serves \
            \(worker.concurrency) requests at a time, \(worker.serviceMilliseconds) ms each: \
            \(shortText(worker.ratePerSecond)) requests/s.
            """,
            """
            The reactive fleet follows Kubernetes' HPA at \(shortText(settings.reactiveTarget * 100))% of that, with its \
            windows shortened as the start-up is: \(settings.reactiveWindows). The prewarmed fleet plans on the \
            \(settings.aggressiveness) quantile over the measured start-up time. Both decide once a second, on the demand \
            of the seconds that have ended, within \(settings.instances.lowerBound) to \(settings.instances.upperBound) \
            instances, and begin with \(settings.firstInstances).
            """,
            """
            The day has the shape of those before it, with noise and a height of its own: the case prewarming is for. On a \
            load without a pattern it has nothing to gain.
            """,
            "Seed \(settings.seed). The same seed gives the same requests; waits are measured, and differ from run to run.",
        ]
    }
}
