import Kernels
import Series
import Units

/// A direct ridge that has learnt.
struct FittedRidge: FittedModel {
    let name = "ridge"
    let task: ForecastTask
    private let features: RidgeFeatures
    /// Features × horizon.
    private let weights: Matrix
    private let spread: RidgeSpread

    init(task: ForecastTask, usesWeek: Bool, weights: Matrix, spread: RidgeSpread) {
        self.task = task
        features = RidgeFeatures(task: task, usesWeek: usesWeek)
        (self.weights, self.spread) = (weights, spread)
    }

    /// Rows since the epoch at the first of the last `rows` known ones, within seven seasons: the time of day survives a
    /// shifted window.
    static func phase(_ history: KnownDemand, rows: Int, season: Int) -> Int {
        let start = history.end.advanced(bySeconds: -rows * history.step).millisecondsSinceEpoch
        let row = start.flooredDivision(by: Int64(history.step) * 1_000).quotient
        return Int(row.flooredDivision(by: Int64(7 * season)).remainder)
    }

    /// The same model with other weights, of the same shape.
    func with(weights: Matrix) -> FittedRidge {
        FittedRidge(task: task, usesWeek: features.usesWeek, weights: weights, spread: spread)
    }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        let known = CausalRows(history, season: task.season, limit: features.rowsSeen)
        let z = WindowRows(
            known: known, transform: spread.transform, padding: max(0, features.rowsNeeded - known.count))
        return forecast(z, origin: z.count, phase: Self.phase(history, rows: z.count, season: task.season), history)
    }

    /// About as many rows as a forecast reads.
    private static let rowsRead = 512

    /// Transforms the rows once where origins lie close enough for that to pay. A row that is missing is filled from what its
    /// own origin sees, so that stretches with gaps are forecast one by one.
    func forecasts(of history: KnownDemand, at origins: [Int]) -> [QuantileForecast] {
        guard let first = origins.min(), let last = origins.max(), first >= features.rowsSeen else {
            return origins.map { forecast(after: history.prefix($0)) }
        }
        let start = first - features.rowsSeen
        let rows = history.prefix(last).suffix(last - start)
        guard rows.count < Self.rowsRead * origins.count, rows.allSatisfy(\.isFinite) else {
            return origins.map { forecast(after: history.prefix($0)) }
        }
        let z = rows.map { spread.transform.apply(Demand.bounded($0)) }
        let phase = Self.phase(history.prefix(last), rows: z.count, season: task.season)
        return origins.map { forecast(z, origin: $0 - start, phase: phase, history.prefix($0)) }
    }

    /// `phase` is that of `z[0]`; `history` ends at the origin.
    private func forecast(
        _ z: some RidgeRows, origin: Int, phase: Int, _ history: KnownDemand
    ) -> QuantileForecast {
        var row = Matrix(zeros: 1, features.count)
        let level = features.write(z, phase: phase, origin: origin, to: &row.elements[0..<features.count])
        let estimates = row.multiplied(by: weights)
        let limit = max(spread.cap, 1.5 * spread.transform.invert(features.highest(in: row.row(0), level: level)))
        var values: [Double] = []
        values.reserveCapacity(task.horizon * task.levels.count)
        for step in 0..<task.horizon {
            let point = min(spread.transform.invert(level + estimates[0, step]), limit)
            spread.append(to: &values, step: step, point: point, limit: limit)
        }
        return QuantileForecast(origin: history.end, step: history.step, levels: task.levels, values: values)
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .ridge, task: task)
        writer.write(usesWeek: features.usesWeek, weights: weights, spread: spread)
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        task = reader.task
        (features, weights, spread) = try reader.ridge(columns: task.horizon)
    }
}

/// The newest rows, transformed as they are read. A history shorter than the features reach is taken to have been as it
/// began.
struct WindowRows: RidgeRows {
    let known: CausalRows
    let transform: FourthRoot
    /// Rows before the first known one.
    let padding: Int

    var count: Int { known.count + padding }

    subscript(row: Int) -> Double { transform.apply(known.count == 0 ? 0 : known[max(row - padding, 0)]) }
}
