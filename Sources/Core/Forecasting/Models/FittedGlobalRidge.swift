import Kernels
import Series

/// The member of a global ridge for one series: shared weights, an own height and own errors.
struct FittedGlobalRidge: FittedModel {
    let name = "global-ridge"
    let task: ForecastTask
    /// What the series is multiplied by to have the height of all.
    private let factor: Double
    private let usesWeek: Bool
    /// Shared storage between the members of a training.
    private let weights: Matrix
    private let spread: RidgeSpread
    private let scaled: FittedRidge
    /// Rows that a forecast needs.
    private let needed: Int, seen: Int

    init(task: ForecastTask, usesWeek: Bool, factor: Double, weights: Matrix, spread: RidgeSpread) {
        (self.task, self.usesWeek, self.factor, self.weights, self.spread) = (task, usesWeek, factor, weights, spread)
        scaled = FittedRidge(task: task, usesWeek: usesWeek, weights: weights, spread: spread)
        let features = RidgeFeatures(task: task, usesWeek: usesWeek)
        (needed, seen) = (features.rowsNeeded, features.rowsSeen)
    }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        let known = ScaledDemand(
            history, factor: factor, limit: seen, least: needed, season: task.season)
        let forecast = scaled.forecast(after: known.demand)
        return QuantileForecast(
            origin: history.end, step: history.step, levels: task.levels, values: forecast.values.map { $0 / factor })
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .globalRidge, task: task)
        writer.write(usesWeek ? 1 : 0)
        writer.write(factor)
        writer.write(spread.cap)
        writer.write(weights.elements)
        writer.write(spread.quantiles.elements)
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        let task = reader.task
        let usesWeek = try reader.integer() == 1
        let factor = try reader.double(), cap = try reader.double()
        let weights = try reader.doubles(), quantiles = try reader.doubles()
        let features = RidgeFeatures(task: task, usesWeek: usesWeek)
        guard weights.count == features.count * task.horizon, quantiles.count == task.horizon * task.levels.count,
            factor > 0, factor.isFinite, cap > 0, cap.isFinite
        else { throw .corruptModel("its parts do not fit its task") }
        self.init(
            task: task, usesWeek: usesWeek, factor: factor,
            weights: Matrix(rows: features.count, columns: task.horizon, elements: weights),
            spread: RidgeSpread(
                cap: cap, quantiles: Matrix(rows: task.horizon, columns: task.levels.count, elements: quantiles),
                transform: .ofCounts))
    }
}
