import Kernels
import Series

/// What the members of a global ridge have in common: the weights, and how errors lie around what they forecast.
struct SharedRidge: SharedModel {
    /// How many held-out origins the errors of all series count for beside a series' own. Own quantiles and not only an own
    /// width: small counts are skewed in a way that large ones are not.
    private static let borrowed = 20.0
    /// Held-out forecasts of a series at most.
    private static let scoredOrigins = 20

    let name = "shared(global-ridge)"
    private let rows: GlobalRidgeRows
    /// Features × horizon: what is served, and what has not seen the end of the histories.
    private let weights: Matrix, early: Matrix
    /// Horizon × levels: quantiles of the errors over the mean of their size.
    private let shape: Matrix
    /// Of a usual series, the mean size of its errors at each step.
    private let sizes: [Double]
    /// How sizes go with what a series is scaled by: the noise of counts grows with its root, other noise does not.
    private let law: PowerLaw

    init(rows: GlobalRidgeRows, weights: Matrix, early: Matrix, shape: Matrix, sizes: [Double], law: PowerLaw) {
        (self.rows, self.weights, self.early) = (rows, weights, early)
        (self.shape, self.sizes, self.law) = (shape, sizes, law)
    }

    var task: ForecastTask { rows.task }

    /// The shared weights, the series' own height, and errors as wide as its own and those of all have been.
    func model(of history: KnownDemand) -> any FittedModel {
        member(history, serving: weights, measuring: early, from: GlobalRidgeRows.cut(history.count))
    }

    /// None of its rows has been learnt from, so all of them tell how wide its errors are.
    func model(for newcomer: KnownDemand) -> any FittedModel {
        member(newcomer, serving: weights, measuring: weights, from: 0)
    }

    /// In the newest tenth of the history, by weights that end a fifth before its end and widths from the tenth between.
    func heldOut(of history: KnownDemand) -> HeldOutForecasts {
        let cut = GlobalRidgeRows.cut(history.count), middle = (cut + history.count) / 2
        let last = history.count - task.horizon
        guard middle > 0, middle <= last else { return HeldOutForecasts() }
        let member = member(history.prefix(middle), serving: early, measuring: early, from: cut)
        let stride = max(1, (last - middle) / Self.scoredOrigins)
        let origins = Array(Swift.stride(from: middle, through: last, by: stride).prefix(Self.scoredOrigins))
        return HeldOutForecasts(origins: origins, forecasts: member.forecasts(of: history, at: origins))
    }

    private func member(
        _ history: KnownDemand, serving weights: Matrix, measuring measured: Matrix, from cut: Int
    ) -> FittedGlobalRidge {
        let scaled = ScaledDemand(history)
        let own = rows.heldOut(history, from: cut)?.errors(measured) ?? Matrix(zeros: 0, task.horizon)
        return FittedGlobalRidge(
            task: task, usesWeek: rows.features.usesWeek, factor: scaled.factor, weights: weights,
            spread: RidgeSpread(
                cap: 1.5 * scaled.highest + 1, quantiles: quantiles(own, factor: scaled.factor), transform: .ofCounts))
    }

    /// Horizon × levels, in units.
    private func quantiles(_ own: Matrix, factor: Double) -> Matrix {
        let ownSizes = GlobalRidgeRows.meanSizes(own), usual = law.relative(factor), count = Double(own.rows)
        var quantiles = shape
        for step in 0..<task.horizon {
            let size = (count * ownSizes[step] + Self.borrowed * usual * sizes[step]) / (count + Self.borrowed)
            let found = conformalQuantiles(of: (0..<own.rows).map { own[$0, step] }, task.levels)
            for column in task.levels.indices {
                let borrowed = quantiles[step, column] * size
                quantiles[step, column] = (count * found[column] + Self.borrowed * borrowed) / (count + Self.borrowed)
            }
        }
        return quantiles
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .sharedRidge, task: task)
        writer.write(rows.features.usesWeek ? 1 : 0)
        for matrix in [weights, early, shape] { writer.write(matrix.elements) }
        writer.write(sizes)
        writer.write(law.middle)
        writer.write(law.exponent)
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        let task = reader.task, usesWeek = try reader.integer() == 1
        let rows = GlobalRidgeRows(task: task, usesWeek: usesWeek), inner = rows.features.count
        let weights = try reader.doubles(), early = try reader.doubles(), shape = try reader.doubles()
        let sizes = try reader.doubles()
        let law = PowerLaw(middle: try reader.double(), exponent: try reader.double())
        guard weights.count == inner * task.horizon, early.count == weights.count,
            shape.count == task.horizon * task.levels.count, sizes.count == task.horizon,
            sizes.allSatisfy({ $0 > 0 }), law.middle.isFinite, (0...1).contains(law.exponent)
        else { throw .corruptModel("its parts do not fit its task") }
        self.init(
            rows: rows, weights: Matrix(rows: inner, columns: task.horizon, elements: weights),
            early: Matrix(rows: inner, columns: task.horizon, elements: early),
            shape: Matrix(rows: task.horizon, columns: task.levels.count, elements: shape), sizes: sizes, law: law)
    }
}
