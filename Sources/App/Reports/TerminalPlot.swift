package import Series
import Units

/// History, forecast median and band as characters: what `predict --plot` shows.
package struct TerminalPlot: Sendable {
    private let history: [(time: Double, value: Double)]
    private let median: [(time: Double, value: Double)]
    private let band: [(time: Double, low: Double, high: Double)]
    /// Where the mark stands, Unix seconds.
    private let now: Double

    /// Times are Unix seconds, ascending; a NaN value is a gap. `now` is the first forecast time where nil.
    ///
    /// - Precondition: times and values that go together have one length.
    package init(
        historyTimes: [Double], history: [Double], forecastTimes: [Double], median: [Double], low: [Double],
        high: [Double], now: Double? = nil
    ) {
        precondition(historyTimes.count == history.count, "a value of the history has a time")
        precondition(
            [median, low, high].allSatisfy { $0.count == forecastTimes.count }, "a forecast value has a time")
        self.history = zip(historyTimes, history).map { ($0, $1) }
        self.median = zip(forecastTimes, median).map { ($0, $1) }
        band = forecastTimes.indices.map { (forecastTimes[$0], low[$0], high[$0]) }
        self.now = now ?? forecastTimes.first ?? historyTimes.last ?? 0
    }

    /// The last rows of a series and what is forecast after them, with the band between two levels.
    package init(history: RegularSeries, forecast: QuantileForecast, low: Double = 0.1, high: Double = 0.9) {
        let rows = 0..<forecast.horizon
        self.init(
            historyTimes: history.values.indices.map { history.grid.time(of: $0).secondsSinceEpoch },
            history: history.values, forecastTimes: rows.map { forecast.grid.time(of: $0).secondsSinceEpoch },
            median: rows.map { forecast.value(row: $0, level: 0.5) },
            low: rows.map { forecast.value(row: $0, level: low) },
            high: rows.map { forecast.value(row: $0, level: high) })
    }

    /// The plot in `height` lines of at most `width` characters, axis labels included, with a line break at the end.
    ///
    /// Braille dots where `unicode`, else `*` for history, `o` for the median and `:` for the band; `|` marks now.
    package func rendered(width: Int = 80, height: Int = 18, unicode: Bool = true, colour: Bool = false) -> String {
        let values = history.map(\.value) + median.map(\.value) + band.flatMap { [$0.low, $0.high] }
        let known = values.filter(\.isFinite)
        let times = history.map(\.time) + median.map(\.time)
        guard let highest = known.max(), let lowest = known.min(), let first = times.min(), let last = times.max()
        else { return "no data\n" }
        let lines = max(height - 2, 3)
        let ticks = ValueTicks(from: min(lowest, 0), to: highest, target: max(2, lines / 4))
        let gutter = (ticks.ticks.map(\.label.count).max() ?? 1) + 2
        let columns = max(width - gutter, 8)
        var canvas = PlotCanvas(
            columns: columns, rows: lines, isBraille: unicode,
            x: (first, last > first ? last : first + 1), y: (min(lowest, 0), max(highest, lowest + 1e-9, 1e-9)))
        for point in band { canvas.fill(point.time, from: point.low, to: point.high) }
        canvas.mark(now)
        canvas.line(median, as: .median)
        canvas.line(history, as: .history)
        let inside = ticks.ticks.filter { $0.position >= min(lowest, 0) && $0.position <= highest }
        let labels = Dictionary(inside.map { (canvas.row($0.position), $0.label) }) { first, _ in first }
        let body = (0..<lines).map { row in
            let label = labels[row] ?? ""
            let space = String(repeating: " ", count: gutter - 2 - label.count)
            return trimmedEnd("\(space)\(label) \(labels[row] == nil ? " " : "-")" + canvas.text(row, colour: colour))
        }
        let axis = timeTicks(from: first, to: last, target: max(2, columns / 14))
        let below = [axis.map(\.label), axis.map(\.context)].map { labels in
            Self.axisLine(zip(axis, labels).map { (canvas.column($0.position) + gutter, $1) }, width: gutter + columns)
        }
        return (body + below).joined(separator: "\n") + "\n"
    }

    /// Labels centred under their columns; one that would touch the label before it is left out.
    private static func axisLine(_ labels: [(column: Int, text: String)], width: Int) -> String {
        var line = ""
        for (column, text) in labels where !text.isEmpty {
            let start = max(0, min(column - text.count / 2, width - text.count))
            guard line.isEmpty || start > line.count else { continue }
            line += String(repeating: " ", count: start - line.count) + text
        }
        return line
    }
}

private func trimmedEnd(_ text: String) -> String {
    var text = text
    while text.last == " " { text.removeLast() }
    return text
}
