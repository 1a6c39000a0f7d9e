package import Simulation

/// Figures with the bounds of their intervals, one below the other, on a common axis.
package struct IntervalChart: Picture {
    package let title: String
    package let unit: String
    private var rows: [(label: String, interval: Interval)] = []

    package init(title: String, unit: String) { (self.title, self.unit) = (title, unit) }

    /// Adds a row; bounds that are the estimate itself are no interval, and only the point is drawn.
    package mutating func row(_ label: String, _ interval: Interval) { rows.append((label, interval)) }

    package var isEmpty: Bool { rows.isEmpty }

    package func svg(width: Int) -> String {
        var frame = ChartFrame(title: title, legend: [], width: width)
        let known = rows.flatMap { [$0.interval.low, $0.interval.estimate, $0.interval.high] }.filter(\.isFinite)
        let lowest = known.min() ?? 0, highest = known.max() ?? 1
        // From 0 where that does not hide what differs.
        let from = lowest > 0 && highest - lowest > 0.4 * highest ? 0 : lowest
        let axis = ValueTicks(from: from, to: highest, target: frame.width < 600 ? 4 : 6)
        let left = 12.0, right = frame.width - 20
        func x(_ value: Double) -> Double {
            left + (min(max(value, axis.lower), axis.upper) - axis.lower) / (axis.upper - axis.lower) * (right - left)
        }
        let top = frame.height + 6
        let bottom = top + Double(rows.count) * 46
        for tick in axis.ticks {
            let place = fixedText(x(tick.position))
            let opacity = tick.position == 0 ? ".5" : ".15"
            frame.add(
                "<path d=\"M\(place) \(fixedText(top))V\(fixedText(bottom))\" stroke=\"currentColor\" "
                    + "stroke-opacity=\"\(opacity)\"/>")
            let half = Double(tick.label.count) * ChartFrame.characterWidth / 2
            frame.text(
                tick.label, x: min(max(x(tick.position), half + 2), frame.width - half - 2), y: bottom + 17,
                anchor: "middle")
        }
        frame.text(unit, x: frame.width / 2, y: bottom + 34, anchor: "middle", attributes: "opacity=\".75\"")
        for (number, row) in rows.enumerated() {
            let height = top + Double(number) * 46
            frame.text(spoken(row), x: left, y: height + 15, attributes: "class=\"halo\"")
            guard row.interval.estimate.isFinite else { continue }
            let colour = Palette.colour(number), middle = fixedText(height + 29)
            let (low, high) = (fixedText(x(row.interval.low)), fixedText(x(row.interval.high)))
            if row.interval.low < row.interval.high {
                frame.add(
                    "<path d=\"M\(low) \(middle)H\(high)M\(low) \(fixedText(height + 23))v12M\(high) "
                        + "\(fixedText(height + 23))v12\" stroke=\"\(colour)\" stroke-width=\"2\"/>")
            }
            let centre = "cx=\"\(fixedText(x(row.interval.estimate)))\" cy=\"\(middle)\""
            frame.add("<circle \(centre) r=\"5\" fill=\"\(colour)\"/>")
        }
        frame.grow(by: bottom - frame.height + 40)
        return frame.svg(title: title, summary: rows.map { spoken($0) + "." }.joined(separator: " "))
    }

    private func spoken(_ row: (label: String, interval: Interval)) -> String {
        let (low, estimate, high) = (row.interval.low, row.interval.estimate, row.interval.high)
        guard low < high else { return "\(row.label) · \(shortText(estimate))" }
        return "\(row.label) · \(shortText(estimate)) (\(shortText(low)) to \(shortText(high)))"
    }
}
