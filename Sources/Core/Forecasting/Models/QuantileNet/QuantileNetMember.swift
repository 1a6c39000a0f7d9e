import Kernels

/// One of the networks of a model, with the ridge whose errors it forecasts.
struct QuantileNetMember: Hashable, Sendable {
    /// Ridge features × horizon.
    let ridge: [Float]
    /// Mean absolute error of the ridge, transformed: what the outputs are multiplied by. Above 0.
    let unit: Double
    /// Horizon × levels: the quantiles of the ridge's errors, in units, which the network adds to.
    let base: [Float]
    let parameters: [Float]
}

extension QuantileNetMember {
    /// Samples that are learnt from at least.
    private static let fewest = 25

    /// Network number `number` of a model, which holds out `block`, numbers of samples in the order of time. It begins with
    /// the parameters `start` of a network before it, where there are any.
    init(
        _ number: Int, of samples: inout QuantileNetSamples, holding block: ArraySlice<Int>,
        features: QuantileNetFeatures, recipe: QuantileNetRecipe, from start: [Float]? = nil
    ) throws(ForecastError) {
        let learnt = samples.split(holding: block)
        guard learnt.count >= Self.fewest else {
            throw .tooManyGaps(rows: block.first.map { samples.origins[$0] } ?? 0)
        }
        let residuals = try RidgeResiduals(samples, learnt: learnt)
        let last = samples.stepCount - 1
        for (row, point) in residuals.points.elements.enumerated() {
            samples.stepFeatures[row * samples.stepCount + last] = Float(point)
        }
        let lesson = QuantileNetLesson(
            shape: features.shape, horizon: samples.task.horizon, levels: samples.task.levels.map { Float($0) },
            originFeatures: samples.originFeatures, stepFeatures: samples.stepFeatures, targets: residuals.errors,
            weights: residuals.lossWeights(samples), base: residuals.base, learnt: learnt, heldOut: Array(block))
        var training = QuantileNetTraining(
            lesson, recipe: recipe, seed: QuantileNet.seed + UInt64(number), from: start)
        self.init(
            ridge: residuals.weights.elements.map { Float($0) }, unit: residuals.unit, base: residuals.base,
            parameters: training.run(lesson))
    }
}

/// The ridge of a member and what it leaves to the network, for every sample.
struct RidgeResiduals {
    private static let penalty = 1e-3
    /// Whole origins that a ridge is learnt from, as long as there are so many; otherwise gaps are learnt from as they were filled.
    private static let wholeNeeded = 100
    /// Samples that the base quantiles are taken from at most; the network learns what they miss.
    private static let quantilesRead = 2_000

    let weights: Matrix
    let unit: Double
    /// Origins × horizon: points, measured from the level, and errors in units.
    let points: Matrix
    var errors: [Float]
    /// Horizon × levels.
    let base: [Float]

    /// From the samples numbered `learnt` alone.
    init(_ samples: QuantileNetSamples, learnt: [Int]) throws(ForecastError) {
        let whole = learnt.filter(samples.isWhole)
        let rows = whole.count >= Self.wholeNeeded ? whole : learnt
        weights = try Self.weights(samples, rows)
        points = samples.ridge.multiplied(by: weights)
        let horizon = samples.task.horizon
        var (sum, count) = (0.0, 0.0)
        for number in learnt {
            for cell in number * horizon..<(number + 1) * horizon where samples.isKnown[cell] {
                sum += abs(samples.targets.elements[cell] - points.elements[cell])
                count += 1
            }
        }
        let unit = sum / max(1, count) + 1e-6
        errors = zip(samples.targets.elements, points.elements).map { Float(($0 - $1) / unit) }
        self.unit = unit
        base = Self.quantiles(errors, samples, thinned(learnt, most: Self.quantilesRead))
    }

    private static func weights(_ samples: QuantileNetSamples, _ rows: [Int]) throws(ForecastError) -> Matrix {
        var equations = NormalEquations(features: samples.ridge.columns, targets: samples.targets.columns)
        equations.add(samples.ridge.rows(numbered: rows), samples.targets.rows(numbered: rows))
        guard let weights = equations.weights(lambda: penalty) else {
            throw .numericalFailure("the features of this history determine no weights")
        }
        return weights
    }

    private static func quantiles(_ errors: [Float], _ samples: QuantileNetSamples, _ learnt: [Int]) -> [Float] {
        let horizon = samples.task.horizon
        return (0..<horizon).flatMap { step -> [Float] in
            let cells = learnt.map { $0 * horizon + step }.filter { samples.isKnown[$0] }
            guard !cells.isEmpty else { return samples.task.levels.map { _ in 0 } }
            return Kernels.quantiles(of: cells.map { Double(errors[$0]) }, samples.task.levels).map { Float($0) }
        }
    }

    /// Origins × horizon, mean 1: how much a unit of the transformed space is worth in the unit of the series, so that this is
    /// what the loss is in; 0 where the target is missing.
    func lossWeights(_ samples: QuantileNetSamples) -> [Float] {
        let horizon = samples.task.horizon
        var weights = [Float](repeating: 0, count: errors.count)
        var sum = 0.0
        for cell in weights.indices {
            let z = max(points.elements[cell] + samples.levels[cell / horizon], samples.floors[cell / horizon])
            sum += z * z * z
            weights[cell] = samples.isKnown[cell] ? Float(z * z * z) : 0
        }
        let mean = Float(sum / Double(max(1, weights.count)))
        return weights.map { $0 / mean }
    }
}
