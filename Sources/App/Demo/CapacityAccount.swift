package import Ports

/// What a fleet held over the day, added up from reports of its instances.
package struct CapacityAccount: Hashable, Sendable {
    /// Rows of a second each.
    private let rows: Int
    private var time: Double?
    private var holding = 0
    private var ready = 0
    private var seen: Set<String> = []
    private var readySeconds: [Double]

    /// Every instance that occupied the machine counts, also while it starts and stops.
    package private(set) var instanceSeconds = 0.0
    /// Instances that first appeared within the day.
    package private(set) var starts = 0

    package init(rows: Int) {
        self.rows = rows
        readySeconds = [Double](repeating: 0, count: rows)
    }

    /// Mean ready instances, a row each.
    package var readyPerRow: [Double] { readySeconds }
    package var readyNow: Int { ready }

    /// Takes in what was there at `seconds` of the day; what was seen last is taken to have lasted until now.
    package mutating func note(_ report: InstanceReport, at seconds: Double) {
        close(at: seconds)
        let appeared = Set(report.instances.map(\.id)).subtracting(seen)
        seen.formUnion(appeared)
        if (0..<Double(rows)).contains(seconds) { starts += appeared.count }
        holding = report.count(.starting) + report.count(.ready) + report.count(.stopping)
        ready = report.count(.ready)
    }

    /// Ends the account at `seconds` of the day.
    package mutating func close(at seconds: Double) {
        let end = min(max(seconds, 0), Double(rows))
        let start = min(max(time ?? seconds, 0), Double(rows))
        time = seconds
        guard end > start else { return }
        instanceSeconds += Double(holding) * (end - start)
        for row in Int(start)..<min(rows, Int(end.rounded(.up))) {
            let overlap = min(end, Double(row + 1)) - max(start, Double(row))
            readySeconds[row] += Double(ready) * overlap
        }
    }
}
