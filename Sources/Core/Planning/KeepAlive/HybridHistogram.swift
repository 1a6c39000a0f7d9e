/// The hybrid histogram policy of M. Shahrad et al., "Serverless in the Wild", USENIX ATC 2020, section 4.2.
///
/// A histogram of a function's idle times in minutes; where it says something, the function is loaded from its head to its
/// tail, and else for four hours. What the paper leaves open is fixed: at least ten idle times, and at most half of them out of
/// range; beyond that the last idle time is expected again, where the paper fits a time series model.
package struct HybridHistogram: KeepAlivePolicy {
    static let range = 240
    static let leastIdleTimes = 10

    package let name: String
    private var functions: [Int: IdleTimes] = [:]

    package init(name: String = "hybrid-histogram") { self.name = name }

    package mutating func windows(after minute: Int, _ calls: [MinuteCalls]) -> [KeepAliveWindow] {
        calls.map { functions[$0.function, default: IdleTimes()].window(after: minute) }
    }
}

private struct IdleTimes {
    private var histogram = [Int](repeating: 0, count: HybridHistogram.range)
    private var inRange = 0, outOfRange = 0, squares = 0
    private var last = 0
    private var lastMinute: Int?

    mutating func window(after minute: Int) -> KeepAliveWindow {
        if let lastMinute { add(minute - lastMinute) }
        lastMinute = minute
        let seen = inRange + outOfRange
        guard seen >= HybridHistogram.leastIdleTimes else { return standard }
        if 2 * outOfRange > seen {
            return KeepAliveWindow(prewarm: 0.85 * Double(last), keepalive: 0.30 * Double(last))
        }
        return isConcentrated ? fromHeadToTail : standard
    }

    private mutating func add(_ idleTime: Int) {
        last = idleTime
        guard idleTime < HybridHistogram.range else {
            outOfRange += 1
            return
        }
        squares += 2 * histogram[idleTime] + 1
        histogram[idleTime] += 1
        inRange += 1
    }

    private var standard: KeepAliveWindow { KeepAliveWindow(prewarm: 0, keepalive: Double(HybridHistogram.range)) }

    /// Whether the counts of the bins deviate by at least twice their mean: n·Σh² − (Σh)² ≥ 4·(Σh)².
    private var isConcentrated: Bool { HybridHistogram.range * squares >= 5 * inRange * inRange }

    private var fromHeadToTail: KeepAliveWindow {
        let head = Double(bin(ofShare: 0.05)), tail = 1.1 * Double(bin(ofShare: 0.99 - 1e-12) + 1)
        return head >= 1
            ? KeepAliveWindow(prewarm: 0.9 * head, keepalive: tail - 0.9 * head)
            : KeepAliveWindow(prewarm: 0, keepalive: tail)
    }

    /// The first bin by whose end at least `share` of the idle times are over.
    private func bin(ofShare share: Double) -> Int {
        var sum = 0
        for (bin, count) in histogram.enumerated() {
            sum += count
            if Double(sum) / Double(inRange) >= share { return bin }
        }
        return histogram.count
    }
}
