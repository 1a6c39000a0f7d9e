package import Series
import Units

/// The mean of the same hour over the last 14 days: of the same weekday where all of them are at hand, of any day before.
///
/// Stands for the hourly forecast of AWS's predictive scaling, whose method is not public: a day is needed, 14 days are
/// looked at.
package struct HourlyMeans: Forecaster {
    package let name = "hourly-means"

    private static let day = 86_400, days = 14

    package init() {}

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        let needed = max(1, Self.day / history.step)
        guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
        let rows = history.suffix(Self.days * Self.day / history.step)
        let origin = history.end.advanced(bySeconds: -rows.count * history.step)
        var week = SlotMeans(slots: 168), day = SlotMeans(slots: 24), all = SlotMeans(slots: 1)
        for (row, value) in rows.enumerated() where value.isFinite {
            let hour = origin.advanced(bySeconds: row * history.step).hour
            let bounded = Demand.bounded(value)
            week.add(bounded, hour)
            day.add(bounded, hour)
            all.add(bounded, hour)
        }
        guard let mean = all.mean(0) else { throw .nothingKnown(rows: history.count) }
        let isWhole = rows.count * history.step >= Self.days * Self.day
        let means = (0..<168).map { (isWhole ? week.mean($0) : nil) ?? day.mean($0) ?? mean }
        return FittedHourlyMeans(task: task, means: means)
    }
}

package struct FittedHourlyMeans: PointModel {
    package let name = "hourly-means"
    package let task: ForecastTask
    /// One for every hour of the week, which is counted from the epoch.
    let means: [Double]

    package func points(after history: KnownDemand) -> [Double] {
        (0..<task.horizon).map { row in
            means[Int(history.end.advanced(bySeconds: row * history.step).hour.flooredDivision(by: 168).remainder)]
        }
    }
}

private struct SlotMeans {
    private var sums: [Double], counts: [Double]

    init(slots: Int) {
        (sums, counts) = ([Double](repeating: 0, count: slots), [Double](repeating: 0, count: slots))
    }

    mutating func add(_ value: Double, _ hour: Int64) {
        let slot = Int(hour.flooredDivision(by: Int64(sums.count)).remainder)
        sums[slot] += value
        counts[slot] += 1
    }

    func mean(_ hour: Int) -> Double? {
        let slot = hour % sums.count
        return counts[slot] > 0 ? sums[slot] / counts[slot] : nil
    }
}

extension Timestamp {
    /// Whole hours since the epoch.
    fileprivate var hour: Int64 { millisecondsSinceEpoch.flooredDivision(by: 3_600_000).quotient }
}
