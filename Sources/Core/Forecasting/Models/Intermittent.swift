import Kernels
package import Series
import Units

/// For sparse counts: whether a row is zero, from how long the last row that was not is ago and from the time of day; and
/// how much comes where something comes, from the sizes seen.
///
/// The rows that are not zero are a renewal process with a hazard by age, scaled by the time of day: a timer shows as a peak
/// of the hazard, a burst as its fall. Both are counted and drawn towards what is common where little was seen. After
/// Croston's separation of sizes from intervals (Operational Research Quarterly 23, 1972), with distributions in place
/// of means.
package struct Intermittent: Forecaster {
    package let name = "intermittent"

    private static let fewest = 24
    /// Seasons learnt from, the newest.
    private static let seasonsRead = 28

    package init() {}

    package func rowsNeeded(_ task: ForecastTask) -> Int { Self.fewest }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        guard history.count >= Self.fewest else {
            throw .historyTooShort(rows: history.count, needed: Self.fewest)
        }
        let rows = history.suffix(Self.seasonsRead * task.season)
        let known = rows.count(where: \.isFinite), zeros = rows.count { $0.isFinite && $0 <= 0 }
        guard known >= Self.fewest else { throw .nothingKnown(rows: history.count) }
        guard 2 * zeros > known else { throw .notIntermittent(zeros: zeros, known: known) }
        let phase = FittedRidge.phase(history, rows: rows.count, season: task.season)
        let hazard = ArrivalHazard(rows, phase: phase, season: task.season)
        return FittedIntermittent(task: task, hazard: hazard, sizes: Self.sizes(rows))
    }

    /// At most 64 sizes that spread as all do, the newest counting most.
    private static func sizes(_ rows: ArraySlice<Double>) -> [Double] {
        let seen = ArrivalSizes.seen(in: rows, most: 1_024)
        let count = min(seen.count, 64)
        let sample = WeightedSample(seen)
        return (0..<count).map { sample.step((Double($0) + 0.5) / Double(count)) }
    }
}

struct FittedIntermittent: FittedModel {
    let name = "intermittent"
    let task: ForecastTask
    private let hazard: ArrivalHazard
    /// Sizes seen before the fit, which stand in where the recent rows hold few.
    private let sizes: [Double]

    /// What all of `sizes` together weigh, in recent sizes.
    private static let weightOfOld = 8.0

    init(task: ForecastTask, hazard: ArrivalHazard, sizes: [Double]) {
        (self.task, self.hazard, self.sizes) = (task, hazard, sizes)
    }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        let rows = history.suffix(4 * task.season)
        let old = sizes.map { (value: $0, weight: Self.weightOfOld / Double(sizes.count)) }
        let sample = WeightedSample(ArrivalSizes.seen(in: rows, most: 256) + old)
        let phase = FittedRidge.phase(history, rows: 0, season: task.season)
        let chances = hazard.chances(after: rows, phase: phase, steps: task.horizon)
        var values: [Double] = []
        values.reserveCapacity(task.horizon * task.levels.count)
        for chance in chances {
            for level in task.levels {
                values.append(level <= 1 - chance ? 0 : sample.step((level - (1 - chance)) / chance))
            }
        }
        return QuantileForecast(origin: history.end, step: history.step, levels: task.levels, values: values)
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .intermittent, task: task)
        writer.write(hazard.byAge)
        writer.write(hazard.byTime)
        writer.write(sizes)
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        task = reader.task
        let byAge = try reader.doubles(), byTime = try reader.doubles()
        sizes = try reader.doubles()
        guard let hazard = ArrivalHazard(byAge: byAge, byTime: byTime, season: task.season),
            sizes.count <= 64, sizes.allSatisfy({ $0 > 0 && $0 <= Demand.highest })
        else { throw .corruptModel("its chances are none") }
        self.hazard = hazard
    }
}

/// The sizes of rows that are not zero.
enum ArrivalSizes {
    /// Sizes after which one counts half.
    private static let halfLife = 64.0

    /// The newest of `rows`, newest first.
    static func seen(in rows: ArraySlice<Double>, most: Int) -> [(value: Double, weight: Double)] {
        let decay = exponential(-logarithm(2) / halfLife)
        var weight = 1.0
        var result: [(value: Double, weight: Double)] = []
        for value in rows.reversed() where value.isFinite && value > 0 {
            result.append((Demand.bounded(value), weight))
            weight *= decay
            if result.count == most { break }
        }
        return result
    }
}
