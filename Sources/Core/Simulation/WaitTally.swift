/// How much demand has waited how many whole seconds.
struct WaitTally {
    /// By seconds.
    private var weights: [Double] = []
    /// Where a weight that many neighbouring waits have in common begins and ends; in no order.
    private var edges: [(wait: Int, change: Double)] = []
    /// Seconds that are late, the fewest.
    let firstLate: Int
    private var late = 0.0, weighted = 0.0
    private var longest = 0

    init(sloWaitSeconds: Double) { firstLate = Int(min(max(sloWaitSeconds, 0).rounded(.down), 1e15)) + 1 }

    mutating func add(wait: Int, _ weight: Double) {
        guard weight > 0 else { return }
        if wait >= weights.count { weights.append(contentsOf: repeatElement(0, count: wait + 1 - weights.count)) }
        longest = max(longest, wait)
        weights[wait] += weight
        weighted += weight * Double(wait)
        if wait >= firstLate { late += weight }
    }

    /// As much for each of `waits`.
    mutating func add(waits: ClosedRange<Int>, each weight: Double) {
        let onTime = max(0, min(waits.upperBound, firstLate - 1) - waits.lowerBound + 1)
        addRamp(waits, weight, late: waits.count - onTime)
    }

    /// As much for each of `waits`, all of it late.
    mutating func addUnserved(waits: ClosedRange<Int>, each weight: Double) {
        addRamp(waits, weight, late: waits.count)
    }

    private mutating func addRamp(_ waits: ClosedRange<Int>, _ weight: Double, late count: Int) {
        guard weight > 0 else { return }
        longest = max(longest, waits.upperBound)
        edges.append((waits.lowerBound, weight))
        edges.append((waits.upperBound + 1, -weight))
        weighted += weight * Double(waits.count) * (Double(waits.lowerBound) + Double(waits.upperBound)) / 2
        late += weight * Double(count)
    }

    /// Complexity: linear in the longest wait of what was served, and O(n log n) in the ramps.
    func summarise(total: Double, _ figures: inout ReplayFigures) {
        figures.requests = total
        guard total > 0 else { return }
        (figures.late, figures.meanWait, figures.maxWait) = (late / total, weighted / total, Double(longest))
        let reached = quantiles([0.5, 0.95, 0.99, 0.999].map { $0 * total })
        (figures.p50, figures.p95, figures.p99, figures.p999) = (reached[0], reached[1], reached[2], reached[3])
    }

    /// The wait at which as much as each of `amounts` has been counted.
    private func quantiles(_ amounts: [Double]) -> [Double] {
        let edges = edges.sorted { $0.wait < $1.wait }
        var reached = [Double](repeating: Double(longest), count: amounts.count)
        var (wait, below, common, next) = (0, 0.0, 0.0, 0)
        while wait <= longest {
            while next < edges.count, edges[next].wait <= wait {
                common += edges[next].change
                next += 1
            }
            let isCounted = wait < weights.count
            let end = isCounted ? wait + 1 : next < edges.count ? edges[next].wait : longest + 1
            let each = isCounted ? weights[wait] + common : common
            let above = below + each * Double(end - wait)
            for (index, amount) in amounts.enumerated() where below < amount && above >= amount {
                let further = ((amount - below) / each).rounded(.up) - 1
                reached[index] = Double(wait) + min(max(further, 0), Double(end - wait - 1))
            }
            (wait, below) = (end, above)
        }
        return reached
    }
}
