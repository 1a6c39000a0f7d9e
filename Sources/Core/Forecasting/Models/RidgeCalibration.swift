import Kernels

/// Learns λ, the weights and the spread of a direct ridge from its samples.
///
/// The newer origins are cut into blocks. Each block is forecast by weights from the origins whose targets had all ended
/// before it, with the λ that has served the blocks before it best, and its errors are kept. So no error that makes a
/// quantile comes from a row, or from a λ chosen on a row, that its own forecast had seen. The first block has no λ to go by
/// and only helps to choose. The final weights have learnt from every origin: the spread is that of weights that knew less.
struct RidgeCalibration {
    private static let lambdas = [1e-4, 1e-3, 1e-2, 1e-1]
    private static let blocks = 8
    /// The share of the origins that is learnt from before the first block.
    private static let firstShare = 0.3
    /// Only errors this new make the spread, in seasons: what a month ago was usual may not be now.
    private static let seasonsCounted = 28
    /// ... but never fewer origins than this, where there are as many.
    private static let originsCounted = 200

    private let samples: RidgeSamples
    private let task: ForecastTask
    /// Samples that are learnt from before the first block, and where the first whose errors count stands.
    private let first: Int, firstCounted: Int

    /// Nil where too few origins are left to be forecast from others whose targets ended before.
    init?(_ samples: RidgeSamples, task: ForecastTask) {
        let origins = samples.origins
        guard let oldest = origins.first, let newest = origins.last,
            let testable = origins.firstIndex(where: { $0 >= oldest + task.horizon })
        else { return nil }
        first = max(Int(Double(origins.count) * Self.firstShare), testable)
        guard origins.count - first >= 2 * Self.blocks else { return nil }
        let recent = origins.firstIndex { $0 > newest - Self.seasonsCounted * task.season } ?? 0
        firstCounted = max(0, min(recent, origins.count - Self.originsCounted))
        (self.samples, self.task) = (samples, task)
    }

    /// The weights from every origin, features × horizon, the spread, and the weights that each block was forecast by.
    func fitted() throws(ForecastError) -> (weights: Matrix, spread: RidgeSpread, stages: [RidgeStage]) {
        var stages: [RidgeStage] = []
        var equations = NormalEquations(features: samples.x.columns, targets: samples.y.columns)
        var losses = [Double](repeating: 0, count: Self.lambdas.count)
        var errors = [[Double]](repeating: [], count: task.horizon)
        var known = 0
        for number in 0..<Self.blocks {
            let block = start(ofBlock: number)..<start(ofBlock: number + 1)
            let ended = targetsEnded(before: block.lowerBound)
            equations.add(samples.x.rows(known..<ended), samples.y.rows(known..<ended))
            known = ended
            let chosen = Self.best(losses)
            for (index, lambda) in Self.lambdas.enumerated() {
                let weights = equations.weights(lambda: lambda)
                let attempt = weights.map { BlockErrors(samples, rows: block, weights: $0) }
                if index == chosen, let weights {
                    stages.append(RidgeStage(first: samples.origins[block.lowerBound], weights: weights))
                }
                losses[index] += attempt?.absolute ?? .infinity
                if index == chosen, number > 0 { attempt?.append(to: &errors, from: firstCounted) }
            }
        }
        equations.add(samples.x.rows(known..<samples.count), samples.y.rows(known..<samples.count))
        guard let weights = equations.weights(lambda: Self.lambdas[Self.best(losses)]), !errors[0].isEmpty else {
            throw .numericalFailure("the features of this history determine no weights")
        }
        let spread = RidgeSpread(cap: samples.cap, quantiles: quantiles(of: errors), transform: samples.transform)
        return (weights, spread, stages)
    }

    private func start(ofBlock number: Int) -> Int { first + (samples.count - first) * number / Self.blocks }

    /// How many samples have targets that all end before sample `row` starts.
    private func targetsEnded(before row: Int) -> Int {
        samples.origins[..<row].firstIndex { $0 + task.horizon > samples.origins[row] } ?? row
    }

    private static func best(_ losses: [Double]) -> Int { losses.indices.min { losses[$0] < losses[$1] } ?? 0 }

    private func quantiles(of errors: [[Double]]) -> Matrix {
        var result = Matrix(zeros: task.horizon, task.levels.count)
        for (step, list) in errors.enumerated() {
            let sorted = list.sorted()
            for (column, level) in task.levels.enumerated() {
                result[step, column] = conformalQuantile(ofSorted: sorted, level)
            }
        }
        return result
    }
}

/// Weights learnt from targets that had all ended before an origin, for it and those after it up to the next stage.
struct RidgeStage {
    let first: Int
    let weights: Matrix
}

/// What weights missed on a block of samples.
private struct BlockErrors {
    private let rows: Range<Int>
    /// Samples × horizon, in the units of the spread.
    private var errors: Matrix
    /// The sum of absolute errors in fourth roots, which λ is chosen by.
    private(set) var absolute = 0.0

    init(_ samples: RidgeSamples, rows: Range<Int>, weights: Matrix) {
        (self.rows, errors) = (rows, samples.x.rows(rows).multiplied(by: weights))
        for (index, row) in rows.enumerated() {
            for step in 0..<errors.columns {
                let estimate = errors[index, step]
                absolute += abs(samples.y[row, step] - estimate)
                let point = min(samples.transform.invert(samples.levels[row] + estimate), samples.cap)
                let actual = samples.transform.invert(samples.levels[row] + samples.y[row, step])
                errors[index, step] = (actual - point) / samples.transform.unit(around: point)
            }
        }
    }

    /// Adds the errors of the samples from `first` on, a list a step.
    func append(to lists: inout [[Double]], from first: Int) {
        for row in max(rows.lowerBound, first)..<max(rows.upperBound, first) {
            for step in 0..<errors.columns { lists[step].append(errors[row - rows.lowerBound, step]) }
        }
    }
}
