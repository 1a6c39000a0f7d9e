import Series
import Units

/// What peers' rules read of demand and forecasts.
extension ServiceModel {
    /// Mean per second of the rows that ended within the last `seconds`, or of the last one where rows are longer; nil where
    /// none of them is known.
    func recentRate(_ demand: KnownDemand, over seconds: Int) -> Double? {
        var (sum, count) = (0.0, 0)
        for value in demand.suffix(max(1, seconds / demand.step)) where value.isFinite {
            sum += max(value, 0)
            count += 1
        }
        guard count > 0 else { return nil }
        return rate(ofRow: sum / Double(count), step: demand.step)?.perSecond
    }

    /// The highest rate of the rows that hold the instants from `first` to `last`; nil where none of them is known.
    func highestRate(_ demand: KnownDemand, from first: Timestamp, through last: Timestamp) -> Double? {
        let grid = TimeGrid(start: demand.start, step: demand.step, count: demand.count)
        let start = max(0, grid.row(holding: first)), end = min(grid.row(holding: last) + 1, demand.count)
        guard start < end else { return nil }
        return (start..<end).compactMap { rate(ofRow: demand[$0], step: demand.step)?.perSecond }.max()
    }

    /// The highest forecast rate from `first` to `last`, at the middle level: peers forecast one number. Instants outside
    /// the forecast are taken for its nearest row.
    func highestRate(_ forecast: QuantileForecast, from first: Timestamp, through last: Timestamp) -> Double? {
        let end = forecast.horizon - 1
        guard end >= 0 else { return nil }
        let low = min(max(forecast.grid.row(holding: first), 0), end)
        let high = min(max(forecast.grid.row(holding: last), low), end)
        let highest = (low...high).map { forecast.value(row: $0, level: 0.5) }.max() ?? 0
        return rate(ofRow: highest, step: forecast.step)?.perSecond
    }

    /// Instances that carry `rate` when each is loaded to `target` of what it sustains, within the limits.
    func instances(forRate rate: Double, target: Double) -> Int { instances(forRate: rate / target) }
}

/// The highest of the counts that were added within a window of time. Amortised constant time.
struct WindowMaximum: Sendable {
    private let seconds: Int
    /// Falling, so that the head is the highest.
    private var entries: [(time: Timestamp, count: Int)] = []
    private var head = 0

    init(seconds: Int) { self.seconds = seconds }

    /// Adds `count` and returns the highest of those added less than `seconds` before `now`, itself among them.
    mutating func highest(adding count: Int, at now: Timestamp) -> Int {
        while entries.count > head, entries[entries.count - 1].count <= count { entries.removeLast() }
        entries.append((now, count))
        while now.seconds(since: entries[head].time) >= Double(seconds) && head + 1 < entries.count { head += 1 }
        if head > 64, 2 * head > entries.count {
            entries.removeFirst(head)
            head = 0
        }
        return entries[head].count
    }
}
