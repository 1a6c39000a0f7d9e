import Kernels
package import Series

/// The value one season ago, spread by what seasons have differed by: the baseline every model must beat.
package struct SeasonalNaive: Forecaster {
    package let name = "seasonal-naive"

    /// Differences that make a spread.
    private static let differencesNeeded = 8

    package init() {}

    package func rowsNeeded(_ task: ForecastTask) -> Int { task.season + Self.differencesNeeded }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        let needed = rowsNeeded(task)
        guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
        let rows = history.suffix().map { $0.isFinite ? Demand.bounded($0) : .nan }
        let differences = zip(rows.dropFirst(task.season), rows).map { $0 - $1 }.filter(\.isFinite).sorted()
        guard differences.count >= Self.differencesNeeded else { throw .tooManyGaps(rows: history.count) }
        return FittedSeasonalNaive(
            task: task, offsets: task.levels.map { quantile(ofSorted: differences, $0) })
    }
}

struct FittedSeasonalNaive: FittedModel {
    let name = "seasonal-naive"
    let task: ForecastTask
    /// What is added to the value a season ago, one a level.
    let offsets: [Double]

    func forecast(after history: KnownDemand) -> QuantileForecast {
        let season = task.season
        let known = CausalRows(history, season: season, limit: 8 * season)
        var values: [Double] = []
        values.reserveCapacity(task.horizon * offsets.count)
        for step in 0..<task.horizon {
            let back = known.count + step - season * ((step + season) / season)
            let base = known.count == 0 ? 0 : known[(0..<known.count).contains(back) ? back : known.count - 1]
            values.append(contentsOf: offsets.map { base + $0 })
        }
        return QuantileForecast(origin: history.end, step: history.step, levels: task.levels, values: values)
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .seasonalNaive, task: task)
        writer.write(offsets)
        return writer.finished()
    }

    init(task: ForecastTask, offsets: [Double]) { (self.task, self.offsets) = (task, offsets) }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        (task, offsets) = (reader.task, try reader.doubles())
        guard offsets.count == task.levels.count else { throw .corruptModel("an offset a level is expected") }
    }
}
