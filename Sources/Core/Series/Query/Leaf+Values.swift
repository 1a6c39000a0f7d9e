import Units

/// No value at an instant. A NaN of its own, so that NaN can be a value: 0 / 0 is one.
package let absentValue = Double(nan: 0xAB5, signaling: false)

package func isAbsent(_ value: Double) -> Bool { value.bitPattern == absentValue.bitPattern }

extension Leaf {
    /// What a series, ascending in time, is worth at each instant.
    ///
    /// Complexity: linear in samples and instants, however long the window.
    func values(of columns: SampleColumns, at steps: QuerySteps) -> [Double] {
        switch self {
        case .latest: latest(columns, steps)
        case .increase(let window):
            CounterWindows(columns).values(steps, window: window) { windows, range in
                windows.increase(range)
            }
        case .rate(let window):
            CounterWindows(columns).values(steps, window: window) { windows, range in
                windows.increase(range).map { $0 / (Double(window) / 1_000) }
            }
        }
    }

    private func latest(_ columns: SampleColumns, _ steps: QuerySteps) -> [Double] {
        var end = 0
        return (0..<steps.count).map { index in
            let now = steps[index]
            while end < columns.count, columns.timestamps[end].millisecondsSinceEpoch <= now { end += 1 }
            guard end > 0, columns.timestamps[end - 1].millisecondsSinceEpoch > now - Self.lookback else {
                return absentValue
            }
            return columns.values[end - 1]
        }
    }
}

/// A counter, looked at through windows.
private struct CounterWindows {
    private let columns: SampleColumns
    /// For each sample what was lost in restarts up to it: the values before each fall, added up.
    private let lost: [Double]

    struct Window {
        /// Samples, at least two.
        let samples: ClosedRange<Int>
        /// It holds what is after its start and not after its end, milliseconds.
        let start: Int64, end: Int64
    }

    init(_ columns: SampleColumns) {
        self.columns = columns
        var total = 0.0
        lost = columns.values.indices.map { index in
            if index > 0, columns.values[index] < columns.values[index - 1] { total += columns.values[index - 1] }
            return total
        }
    }

    func values(
        _ steps: QuerySteps, window: Int64, _ value: (CounterWindows, Window) -> Double?
    ) -> [Double] {
        var (start, end) = (0, 0)
        return (0..<steps.count).map { index in
            let now = steps[index]
            while end < columns.count, time(end) <= now { end += 1 }
            while start < end, time(start) <= now - window { start += 1 }
            guard end - start >= 2 else { return absentValue }
            return value(self, Window(samples: start...(end - 1), start: now - window, end: now)) ?? absentValue
        }
    }

    private func time(_ index: Int) -> Int64 { columns.timestamps[index].millisecondsSinceEpoch }

    /// The growth within the samples, extended to the window's edges as Prometheus does it: to an edge that lies within 1.1
    /// average distances of samples, or else by half a distance; and at the start never to below zero.
    func increase(_ window: Window) -> Double? {
        let (first, last) = (window.samples.lowerBound, window.samples.upperBound)
        let growth = columns.values[last] - columns.values[first] + lost[last] - lost[first]
        let sampled = Double(time(last) - time(first)) / 1_000
        let distance = sampled / Double(last - first)
        var before = Double(time(first) - window.start) / 1_000
        var after = Double(window.end - time(last)) / 1_000
        if before >= distance * 1.1 { before = distance / 2 }
        if growth > 0, columns.values[first] >= 0 { before = min(before, sampled * (columns.values[first] / growth)) }
        if after >= distance * 1.1 { after = distance / 2 }
        return growth * ((sampled + before + after) / sampled)
    }
}
