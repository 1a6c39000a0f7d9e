import Kernels

/// How models on ridge features are stored: whether weeks are looked at, the spread, the weights.
extension ModelWriter {
    mutating func write(usesWeek: Bool, weights: Matrix, spread: RidgeSpread) {
        write(usesWeek ? 1 : 0)
        write(spread.cap)
        write(spread.transform.scale)
        write(spread.transform.offset)
        write(weights.elements)
        write(spread.quantiles.elements)
    }
}

extension ModelReader {
    /// Weights are features × `columns`.
    mutating func ridge(
        columns: Int
    ) throws(ForecastError) -> (features: RidgeFeatures, weights: Matrix, spread: RidgeSpread) {
        let features = RidgeFeatures(task: task, usesWeek: try integer() == 1)
        let cap = try double(), scale = try double(), offset = try double()
        let weights = try doubles(), quantiles = try doubles()
        guard weights.count == features.count * columns, quantiles.count == task.horizon * task.levels.count,
            [cap, scale, offset].allSatisfy({ $0 > 0 && $0.isFinite })
        else { throw .corruptModel("its parts do not fit its task") }
        let spread = RidgeSpread(
            cap: cap, quantiles: Matrix(rows: task.horizon, columns: task.levels.count, elements: quantiles),
            transform: FourthRoot(scale: scale, offset: offset))
        return (features, Matrix(rows: features.count, columns: columns, elements: weights), spread)
    }
}
