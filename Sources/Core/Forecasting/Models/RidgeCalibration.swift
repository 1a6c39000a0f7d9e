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
    /// Of the samples of a block every how many λ is chosen by.
    private static let comparedStride = 4
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
                losses[index] += weights.map { samples.loss(of: $0, at: compared(block)) } ?? .infinity
                guard index == chosen, let weights else { continue }
                stages.append(RidgeStage(first: samples.origins[block.lowerBound], weights: weights))
                let counted = max(block.lowerBound, firstCounted)..<max(block.upperBound, firstCounted)
                if number > 0 { samples.append(errorsOf: weights, in: counted, to: &errors) }
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

    /// The samples of a block by which λ is chosen: neighbours are alike, and the others would only cost.
    private func compared(_ block: Range<Int>) -> [Int] {
        Array(stride(from: block.lowerBound, to: block.upperBound, by: Self.comparedStride))
    }

    private static func best(_ losses: [Double]) -> Int { losses.indices.min { losses[$0] < losses[$1] } ?? 0 }

    private func quantiles(of errors: [[Double]]) -> Matrix {
        var result = Matrix(zeros: task.horizon, task.levels.count)
        for (step, list) in errors.enumerated() {
            for (column, value) in conformalQuantiles(of: list, task.levels).enumerated() {
                result[step, column] = value
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

extension RidgeSamples {
    /// The sum of what `weights` miss at the samples numbered `numbers`, in fourth roots.
    fileprivate func loss(of weights: Matrix, at numbers: [Int]) -> Double {
        let estimates = x.rows(numbered: numbers).multiplied(by: weights).elements
        return zip(estimates, y.rows(numbered: numbers).elements).reduce(0) { $0 + abs($1.0 - $1.1) }
    }

    /// Adds what `weights` miss at the samples `rows`, in the units of the spread, to a list a step.
    fileprivate func append(errorsOf weights: Matrix, in rows: Range<Int>, to lists: inout [[Double]]) {
        let estimates = x.rows(rows).multiplied(by: weights)
        for (index, row) in rows.enumerated() {
            for step in 0..<estimates.columns {
                let point = min(transform.invert(levels[row] + estimates[index, step]), cap)
                let actual = transform.invert(levels[row] + y[row, step])
                lists[step].append((actual - point) / transform.unit(around: point))
            }
        }
    }
}
