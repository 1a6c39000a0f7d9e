import Kernels
package import Series

/// The value one season ago, spread by what seasons have differed by: the baseline every model must beat.
package struct SeasonalNaive: Forecaster {
    package let name = "seasonal-naive"

    package init() {}

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        guard history.count > task.season else {
            throw .historyTooShort(rows: history.count, needed: task.season + 1)
        }
        let rows = Array(history.suffix())
        let differences = zip(rows.dropFirst(task.season), rows).map { $0 - $1 }.filter(\.isFinite).sorted()
        guard !differences.isEmpty else { throw .nothingKnown(rows: history.count) }
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
        let known = filledCausally(history, season: season, limit: 8 * season)
        var values: [Double] = []
        values.reserveCapacity(task.horizon * offsets.count)
        for step in 0..<task.horizon {
            let back = known.count + step - season * ((step + season) / season)
            let base = known.indices.contains(back) ? known[back] : known.last ?? 0
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
