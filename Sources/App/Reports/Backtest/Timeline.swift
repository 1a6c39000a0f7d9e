package import Simulation
package import Units

/// Demand, what was forecast of it, and the capacity that policies held, over the scored part of a trace.
///
/// A page shows it as a picture that its script can zoom. The whole is embedded in at most `wholeBuckets` steps, and where that
/// is coarser than the rows, what lies around the moments in finer ones too.
package struct Timeline: Sendable {
    /// A policy's decisions, drawn as the demand that so many instances sustain.
    package struct Capacity: Sendable {
        package let name: String
        package let decisions: [ReplayDecision]
        /// Requests late in each row; empty where that is not shown.
        package let late: [Double]

        /// `decisions` ascend from second 0 on.
        package init(_ name: String, _ decisions: [ReplayDecision], late: [Double] = []) {
            (self.name, self.decisions, self.late) = (name, decisions, late)
        }
    }

    /// What was forecast for each row, and known when a start for it had to be decided; NaN where there was nothing.
    package struct Band: Sendable {
        package let name: String
        package let low: [Double], high: [Double]

        package init(_ name: String, low: [Double], high: [Double]) {
            (self.name, self.low, self.high) = (name, low, high)
        }
    }

    /// A stretch worth a look: seconds of the scored part, and a short label.
    package struct Moment: Sendable {
        package let seconds: Range<Int>
        package let label: String

        package init(_ seconds: Range<Int>, _ label: String) { (self.seconds, self.label) = (seconds, label) }
    }

    package let start: Timestamp
    /// Seconds a row spans.
    package let step: Int
    /// Demand of each row, as the pictures show it; NaN where the row is missing.
    package let demand: [Double]
    package let unit: String
    /// What one instance sustains, in that unit.
    package let perInstance: Double
    package let band: Band?
    package let capacities: [Capacity]
    package let moments: [Moment]
    /// A screen shows two thousand at a time.
    package static let wholeBuckets = 45_000
    private static let detailBuckets = 1_500
    private static let maximumMoments = 10
    private static let maximumChanges = 40_000

    /// - Precondition: the band, where there is one, has a value for each row.
    package init(
        start: Timestamp, step: Int, demand: [Double], unit: String, perInstance: Double, band: Band? = nil,
        capacities: [Capacity] = [], moments: [Moment] = []
    ) {
        precondition(step >= 1 && perInstance > 0, "rows of a second at least, instances that sustain something")
        precondition(
            band.map { $0.low.count == demand.count && $0.high.count == demand.count } ?? true, "a band for each row")
        (self.start, self.step, self.demand, self.unit) = (start, step, demand, unit)
        (self.perInstance, self.band, self.capacities) = (perInstance, band, capacities)
        self.moments = Array(moments.prefix(Self.maximumMoments))
    }

    package var seconds: Int { demand.count * step }

    // MARK: Still pictures

    /// A stretch of it as a picture, or all; rows stand in the middle of their time.
    package func picture(_ stretch: Range<Int>? = nil, title: String) -> SVGChart {
        let stretch = (stretch ?? 0..<seconds).clamped(to: 0..<max(seconds, 1))
        let rows = (stretch.lowerBound / step..<(stretch.upperBound + step - 1) / step).clamped(to: demand.indices)
        let x = rows.map { start.secondsSinceEpoch + (Double($0) + 0.5) * Double(step) }
        var chart = SVGChart(title: title, unit: unit)
        if let band {
            chart.band(
                band.name, x: x, low: Array(band.low[rows]), high: Array(band.high[rows]), colour: 2, opacity: 0.22)
        }
        chart.line("demand", x: x, y: Array(demand[rows]), colour: 7)
        for (number, capacity) in capacities.enumerated() {
            let changes = capacity.changes(in: stretch)
            chart.line(
                capacity.name, x: changes.map { start.secondsSinceEpoch + Double($0.second) },
                y: changes.map { Double($0.desired) * perInstance }, style: .steps, colour: number)
        }
        for (second, label) in markers(in: stretch) { chart.marker(at: start.secondsSinceEpoch + second, label) }
        return chart
    }

    /// The moments in a stretch; those too close to be told apart share a marker.
    private func markers(in stretch: Range<Int>) -> [(second: Double, label: String)] {
        let inside = moments.filter { $0.seconds.overlaps(stretch) }.sorted {
            $0.seconds.lowerBound < $1.seconds.lowerBound
        }
        var found: [(second: Double, label: String)] = []
        for moment in inside {
            let second = Double(max(moment.seconds.lowerBound, stretch.lowerBound))
            if let last = found.last, second - last.second < Double(stretch.count) / 25 {
                found[found.count - 1].label += ", \(moment.label)"
            } else {
                found.append((second, moment.label))
            }
        }
        return found
    }

    // MARK: What the script reads

    /// As JSON, safe within a script element. Seconds count from the start.
    package var encoded: String {
        let lines = band.map { [("band", $0.name, 2), ("line", "demand", 7)] } ?? [("line", "demand", 7)]
        let names = lines.map { "{\"kind\":\"\($0)\",\"name\":\(quotedJSON($1)),\"colour\":\($2 + 1)}" }
        let spans = moments.map { "[\($0.seconds.lowerBound),\($0.seconds.upperBound),\(quotedJSON($0.label))]" }
        let start = fixedText(start.secondsSinceEpoch, digits: 0)
        return """
            {"start":\(start),"length":\(seconds),"unit":\(quotedJSON(unit)),"each":\(perInstance),
            "lines":[\(names.joined(separator: ","))],
            "spans":[\(spans.joined(separator: ","))],
            "steps":[\(capacities.enumerated().map(encodedSteps).joined(separator: ",\n"))],
            "layers":[\(layers.joined(separator: ",\n"))]}
            """
    }

    private func encodedSteps(_ number: Int, _ capacity: Capacity) -> String {
        let changes = thinned(capacity.changes(in: 0..<seconds))
        let times = CodedNumbers(changes.map { Double($0.second) }, digits: 5)
        let counts = CodedNumbers(changes.map { Double($0.desired) })
        return "{\"name\":\(quotedJSON(capacity.name)),\"colour\":\(number + 1),\"times\":\"\(times.text)\","
            + "\"unit\":\(counts.unit),\"counts\":\"\(counts.text)\",\"late\":\"\(encodedLate(capacity))\"}"
    }

    /// Where requests were late, begins and ends by turns; what is closer than a screen can show is one stretch.
    private func encodedLate(_ capacity: Capacity) -> String {
        let reach = max(0, demand.count / 5_000)
        var ends: [Int] = []
        for row in capacity.late.indices where capacity.late[row] > 0 {
            if let last = ends.last, row <= last + reach {
                ends[ends.count - 1] = row + 1
            } else {
                ends += [row, row + 1]
            }
        }
        return CodedNumbers(ends.map { Double($0 * step) }, digits: 5).text
    }

    /// At most four changes of each of ten thousand stretches: the first, the lowest, the highest and the last.
    private func thinned(_ changes: [ReplayDecision]) -> [ReplayDecision] {
        guard changes.count > Self.maximumChanges else { return changes }
        let bucket = max(1, seconds / (Self.maximumChanges / 4))
        return thinnedRows(changes.map { Double($0.desired) }) { changes[$0].second / bucket }.map { changes[$0] }
    }

    /// The finest first, the whole last.
    private var layers: [String] {
        let whole = (demand.count + Self.wholeBuckets - 1) / Self.wholeBuckets
        guard whole > 1 else { return [layer(0..<demand.count, width: 1)] }
        let middle = Int(Double(whole).squareRoot().rounded(.up))
        let widths = middle < whole && middle > 1 ? [1, middle] : [1]
        let details = widths.flatMap { width in
            moments.map { moment in
                let centre = (moment.seconds.lowerBound + moment.seconds.upperBound) / 2 / step
                let first = max(0, centre / width - Self.detailBuckets / 2) * width
                return layer((first..<first + Self.detailBuckets * width).clamped(to: demand.indices), width: width)
            }
        }
        return details + [layer(0..<demand.count, width: whole)]
    }

    /// Rows in steps of `width`, the lowest and the highest of each.
    private func layer(_ rows: Range<Int>, width: Int) -> String {
        func column(_ low: [Double], _ high: [Double]) -> String {
            let below = CodedNumbers(buckets(low, rows, width, min))
            guard width > 1 || low != high else { return "[\(below.unit),\"\(below.text)\"]" }
            let above = CodedNumbers(buckets(high, rows, width, max))
            return "[\(below.unit),\"\(below.text)\",\(above.unit),\"\(above.text)\"]"
        }
        let columns = (band.map { [column($0.low, $0.high)] } ?? []) + [column(demand, demand)]
        return
            "{\"at\":\(rows.lowerBound * step),\"step\":\(step * width),\"columns\":[\(columns.joined(separator: ","))]}"
    }

    private func buckets(
        _ values: [Double], _ rows: Range<Int>, _ width: Int, _ choose: (Double, Double) -> Double
    ) -> [Double] {
        guard width > 1 else { return Array(values[rows]) }
        return stride(from: rows.lowerBound, to: rows.upperBound, by: width).map { first in
            values[first..<min(first + width, rows.upperBound)].reduce(Double.nan) { chosen, value in
                value.isFinite ? (chosen.isFinite ? choose(chosen, value) : value) : chosen
            }
        }
    }
}

extension Timeline.Capacity {
    /// What is wanted at the start of a stretch, and every change within it.
    package func changes(in stretch: Range<Int>) -> [ReplayDecision] {
        var found: [ReplayDecision] = []
        for decision in decisions where decision.second < stretch.upperBound {
            if decision.second <= stretch.lowerBound { found.removeAll() }
            found.append(.init(second: max(decision.second, stretch.lowerBound), desired: decision.desired))
        }
        return found
    }
}
