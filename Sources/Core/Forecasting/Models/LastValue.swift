import Kernels
package import Series

/// The last known value, spread by how far values have moved over as many rows: what can be said of a short history.
package struct LastValue: Forecaster {
    package let name = "last-value"

    /// Rows looked at, the newest; the steps that as many do not cover widen as a random walk does.
    private static let rowsRead = 1_024
    /// Moves that make a spread; steps with fewer take it from a shorter one.
    private static let movesNeeded = 8

    package init() {}

    package func rowsNeeded(_ task: ForecastTask) -> Int { 2 }

    /// Rows that are missing are closed up: a move is counted in known rows.
    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        let rows = history.suffix(Self.rowsRead).filter(\.isFinite).map(Demand.bounded)
        guard history.count >= 2 else { throw .historyTooShort(rows: history.count, needed: 2) }
        guard rows.count >= 2 else { throw .nothingKnown(rows: history.count) }
        let longest = max(1, rows.count - Self.movesNeeded)
        var offsets: [Double] = []
        offsets.reserveCapacity(task.horizon * task.levels.count)
        for step in 1...min(longest, task.horizon) { offsets += Self.quantiles(rows, step, task.levels) }
        let widest = Array(offsets.suffix(task.levels.count))
        for step in min(longest, task.horizon)..<task.horizon {
            let widening = (Double(step + 1) / Double(longest)).squareRoot()
            offsets += widest.map { $0 * widening }
        }
        return FittedLastValue(task: task, offsets: offsets)
    }

    /// Each move is taken both ways, because two rows that rose do not make a trend.
    private static func quantiles(_ rows: [Double], _ step: Int, _ levels: [Double]) -> [Double] {
        let moves = zip(rows.dropFirst(step), rows).map { $0 - $1 }
        let sorted = (moves + moves.map { -$0 }).sorted()
        return levels.map { quantile(ofSorted: sorted, $0) }
    }
}

struct FittedLastValue: FittedModel {
    let name = "last-value"
    let task: ForecastTask
    /// Horizon × levels, row-major: what is added to the last known value.
    private let offsets: [Double]

    init(task: ForecastTask, offsets: [Double]) { (self.task, self.offsets) = (task, offsets) }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        let last = Demand.bounded(history.suffix().last(where: \.isFinite) ?? 0)
        return QuantileForecast(
            origin: history.end, step: history.step, levels: task.levels, values: offsets.map { last + $0 })
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .lastValue, task: task)
        writer.write(offsets)
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        (task, offsets) = (reader.task, try reader.doubles())
        guard offsets.count == task.horizon * task.levels.count else {
            throw .corruptModel("an offset a step and level is expected")
        }
    }
}
