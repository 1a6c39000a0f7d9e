import Kernels
package import Series

/// Direct multi-horizon ridge with split-conformal quantiles: one linear map from what is known at an origin to every
/// step ahead, in the space of fourth roots, where counts vary about evenly at any height.
///
/// One Gram and one cross product serve all horizons and every λ. The spread comes from rows the map was not fitted on:
/// their errors, divided by how much the series varied just before, give the quantiles a step.
package struct DirectRidge: Forecaster {
    package let name = "ridge"

    /// Origins to learn from at most; beyond it they are thinned evenly, which costs little as neighbours are alike.
    private static let maximumOrigins = 12_000
    private static let lambdas = [1e-4, 1e-3, 1e-2, 1e-1]

    package init() {}

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        let hasWeeks = task.isWeekly && history.count >= 9 * task.season + 2 * task.horizon
        let features = RidgeFeatures(task: task, usesWeek: hasWeeks)
        let needed = features.rowsNeeded + 4 * task.horizon + 40
        guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
        let origins = usableOrigins(history, features, task)
        guard origins.count >= 40 else { throw .historyTooShort(rows: history.count, needed: needed) }

        let samples = RidgeSamples(history, features: features, task: task, origins: origins)
        // The calibration part starts a horizon later than the training part ends, so that no target is in both.
        let split = origins[origins.count * 4 / 5]
        let calibrating = origins.indices.filter { origins[$0] >= split }
        let training = origins.indices.filter { origins[$0] + task.horizon <= split }
        guard !training.isEmpty else { throw .historyTooShort(rows: history.count, needed: needed) }
        let (trainX, trainY) = samples.block(training), (testX, testY) = samples.block(calibrating)
        let gram = trainX.gram(), cross = trainX.transposeMultiplied(by: trainY)
        let (lambda, residuals) = try Self.chooseLambda(gram, cross, trainX.rows, testX, testY)
        let weights = try Self.solve(
            gram.adding(testX.gram()), cross.adding(testX.transposeMultiplied(by: testY)),
            lambda * Double(trainX.rows + testX.rows))
        return FittedRidge(
            task: task, usesWeek: hasWeeks, weights: weights, floor: samples.floor, cap: samples.cap,
            quantiles: Self.quantiles(residuals, scales: calibrating.map { samples.scales[$0] }, task: task))
    }

    /// Origins whose every target is known, thinned to the limit.
    private func usableOrigins(_ history: KnownDemand, _ features: RidgeFeatures, _ task: ForecastTask) -> [Int] {
        var missing = [0]
        missing.reserveCapacity(history.count + 1)
        for value in history.suffix() { missing.append(missing[missing.count - 1] + (value.isFinite ? 0 : 1)) }
        let all = (features.rowsNeeded..<max(features.rowsNeeded, history.count - task.horizon + 1)).filter {
            missing[$0 + task.horizon] == missing[$0] && missing[$0] - missing[$0 - features.lags] < features.lags / 2
        }
        let stride = max(1, (all.count + Self.maximumOrigins - 1) / Self.maximumOrigins)
        return Swift.stride(from: (all.count - 1) % stride, to: all.count, by: stride).map { all[$0] }
    }

    /// The λ with the least absolute error on the held-out rows, and the errors it leaves there.
    private static func chooseLambda(
        _ gram: Matrix, _ cross: Matrix, _ rows: Int, _ testX: Matrix, _ testY: Matrix
    ) throws(ForecastError) -> (lambda: Double, residuals: Matrix) {
        var best: (lambda: Double, residuals: Matrix, error: Double)?
        for lambda in lambdas {
            var residuals = testX.multiplied(by: try solve(gram, cross, lambda * Double(rows)))
            for i in residuals.elements.indices { residuals.elements[i] = testY.elements[i] - residuals.elements[i] }
            let error = residuals.elements.reduce(0) { $0 + abs($1) }
            if error < best?.error ?? .infinity { best = (lambda, residuals, error) }
        }
        guard let best else { throw .numericalFailure("no λ gave a finite error") }
        return (best.lambda, best.residuals)
    }

    private static func solve(_ gram: Matrix, _ cross: Matrix, _ lambda: Double) throws(ForecastError) -> Matrix {
        do {
            return try ridge(gram: gram, cross: cross, lambda: lambda)
        } catch {
            throw .numericalFailure("the Gram matrix is not positive definite at order \(error.order)")
        }
    }

    /// Row-major, horizon × levels: conformal quantiles of the scaled errors.
    private static func quantiles(_ residuals: Matrix, scales: [Double], task: ForecastTask) -> Matrix {
        var result = Matrix(zeros: task.horizon, task.levels.count)
        for step in 0..<task.horizon {
            let sorted = (0..<residuals.rows).map { residuals[$0, step] / scales[$0] }.sorted()
            for (column, level) in task.levels.enumerated() {
                result[step, column] = conformalQuantile(ofSorted: sorted, level)
            }
        }
        return result
    }
}

extension Matrix {
    fileprivate func adding(_ other: Matrix) -> Matrix {
        Matrix(rows: rows, columns: columns, elements: zip(elements, other.elements).map { $0 + $1 })
    }
}

/// Features and targets of a set of origins.
private struct RidgeSamples {
    let x: Matrix, y: Matrix
    /// What the errors of an origin are divided by.
    let scales: [Double]
    /// The least scale, a share of the whole series' variation.
    let floor: Double
    /// No quantile goes beyond: one and a half times the highest value seen.
    let cap: Double

    init(_ history: KnownDemand, features: RidgeFeatures, task: ForecastTask, origins: [Int]) {
        let filled = filledCausally(history, season: task.season)
        let z = filled.map(FourthRoot.apply)
        let prefix = z.runningSums()
        let phase = FittedRidge.phase(history, rows: z.count, season: task.season)
        floor = max(0.05 * z.standardDeviation(), 1e-6)
        cap = 1.5 * (filled.max() ?? 0) + 1
        var x = Matrix(zeros: origins.count, features.count), y = Matrix(zeros: origins.count, task.horizon)
        for (row, origin) in origins.enumerated() {
            let start = row * features.count
            features.write(
                z, prefix: prefix, phase: phase, origin: origin, to: &x.elements[start..<start + features.count])
            let level = features.level(z, at: origin)
            for step in 0..<task.horizon { y[row, step] = z[origin + step] - level }
        }
        let least = floor
        scales = origins.map { features.spread(z, at: $0) + least }
        (self.x, self.y) = (x, y)
    }

    /// The rows numbered, which are neighbours.
    func block(_ rows: [Int]) -> (x: Matrix, y: Matrix) { (x.slice(rows), y.slice(rows)) }
}

extension Matrix {
    fileprivate func slice(_ rows: [Int]) -> Matrix {
        Matrix(rows: rows.count, columns: columns, elements: rows.flatMap { row($0) })
    }
}
