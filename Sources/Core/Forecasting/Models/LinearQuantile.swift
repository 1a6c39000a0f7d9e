import Kernels
package import Series

/// A linear map a level and step, from the features of the direct ridge: the spread follows what is known at the origin.
///
/// It begins at the ridge's weights with the quantiles of their errors and goes down the pinball loss on standardised features,
/// in batches, one matrix product forward and one back for all steps and levels together. What the levels then miss on
/// samples held out is added to them (Y. Romano, E. Patterson, E. Candès, "Conformalized quantile regression",
/// NeurIPS 2019, one-sided). After R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46, 1978.
package struct LinearQuantile: Forecaster {
    package let name = "linear-quantile"

    private static let maximumOrigins = 4_000
    private static let minimumOrigins = 120
    /// The share of the origins that the held-out ones come after.
    private static let learntShare = 0.7
    private static let lambdas = [1e-4, 1e-3, 1e-2, 1e-1]

    package init() {}

    package func rowsNeeded(_ task: ForecastTask) -> Int {
        RidgeFeatures(task: task, usesWeek: false).rowsNeeded + 4 * task.horizon + Self.minimumOrigins
    }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        let hasWeeks = task.isWeekly && history.count >= 9 * task.season + 2 * task.horizon
        let features = RidgeFeatures(task: task, usesWeek: hasWeeks)
        let needed = rowsNeeded(task)
        guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
        let origins = Self.origins(history, features, task)
        let samples = RidgeSamples(history, features: features, task: task, origins: origins)
        let learnt = Int(Double(origins.count) * Self.learntShare)
        // Targets of the last that are learnt from end before the first held-out one begins.
        guard origins.count >= Self.minimumOrigins,
            let heldOut = origins.firstIndex(where: { $0 >= origins[learnt] + task.horizon }),
            origins.count - heldOut >= 20
        else { throw .tooManyGaps(rows: history.count) }
        var heads = try QuantileHeads(samples, learnt: learnt, heldOut: heldOut, task: task, lambdas: Self.lambdas)
        heads.descend(samples, rows: 0..<learnt, epochs: 4, seed: 1)
        let corrections = heads.corrections(samples, rows: heldOut..<samples.count)
        // The newest samples are the most telling, and have not been learnt from yet.
        heads.rebase(samples, from: learnt)
        heads.descend(samples, rows: 0..<samples.count, epochs: 1, seed: 2)
        return FittedLinearQuantile(
            task: task, usesWeek: hasWeeks, weights: heads.weights,
            spread: RidgeSpread(cap: samples.cap, quantiles: corrections, transform: samples.transform))
    }

    /// Origins whose every target is known, and most of what lies just before; thinned to the limit.
    private static func origins(_ history: KnownDemand, _ features: RidgeFeatures, _ task: ForecastTask) -> [Int] {
        var missing = [0]
        missing.reserveCapacity(history.count + 1)
        for value in history.suffix() { missing.append(missing[missing.count - 1] + (value.isFinite ? 0 : 1)) }
        let all = (features.rowsNeeded...history.count - task.horizon).filter {
            missing[$0 + task.horizon] == missing[$0] && missing[$0] - missing[$0 - features.lags] < features.lags / 2
        }
        let stride = max(1, (all.count + maximumOrigins - 1) / maximumOrigins)
        return Swift.stride(from: (all.count + stride - 1) % stride, to: all.count, by: stride).map { all[$0] }
    }
}

/// The maps while they learn.
private struct QuantileHeads {
    /// Features × (horizon × levels), for features as they are.
    private(set) var weights: Matrix
    private let task: ForecastTask
    /// What each feature is divided by.
    private let scales: [Double]
    /// The size of a step's errors, by which its gradients are multiplied.
    private let sizes: [Double]

    /// What the maps stand on: a ridge, its Gram and its penalty.
    private var ridge: Matrix, gram: GramBlock
    private let lambda: Double

    // Three times as many steps of twice the size lower WQL by half a percent over the open entries and raise TAIL by three.
    private static let batch = 256
    private static let rate = 0.004
    /// Of the weights' change, per batch and in units of the rate.
    private static let decay = 0.05

    init(
        _ samples: RidgeSamples, learnt: Int, heldOut: Int, task: ForecastTask, lambdas: [Double]
    ) throws(ForecastError) {
        self.task = task
        let x = samples.x.rows(0..<learnt), y = samples.y.rows(0..<learnt)
        let held = heldOut..<samples.count
        gram = GramBlock(x: x, y: y)
        guard let path = RidgePath(gram) else {
            throw .numericalFailure("the features of this history are not finite")
        }
        lambda = path.best(of: lambdas, on: GramBlock(x: samples.x.rows(held), y: samples.y.rows(held)))
        ridge = path.weights(lambda: lambda)
        let fitted = x.multiplied(by: ridge)
        guard fitted.elements.allSatisfy(\.isFinite) else {
            throw .numericalFailure("the features of this history determine no weights")
        }
        scales = (0..<x.columns).map { Self.scale(x, column: $0) }
        let levels = task.levels.count
        weights = Matrix(zeros: x.columns, task.horizon * levels)
        var sizes: [Double] = []
        for step in 0..<task.horizon {
            let errors = (0..<learnt).map { y[$0, step] - fitted[$0, step] }.sorted()
            sizes.append(max(quantile(ofSorted: errors, 0.75) - quantile(ofSorted: errors, 0.25), 1e-6))
            for (column, level) in task.levels.enumerated() {
                for row in 0..<x.columns { weights[row, step * levels + column] = ridge[row, step] }
                weights[x.columns - 1, step * levels + column] += conformalQuantile(ofSorted: errors, level)
            }
        }
        self.sizes = sizes
    }

    /// The root of the mean square about the mean; 1 for a constant.
    private static func scale(_ x: Matrix, column: Int) -> Double {
        var (sum, squares) = (0.0, 0.0)
        for row in 0..<x.rows { sum += x[row, column] }
        let mean = sum / Double(x.rows)
        for row in 0..<x.rows { squares += (x[row, column] - mean) * (x[row, column] - mean) }
        let scale = (squares / Double(x.rows)).squareRoot()
        return scale > 1e-9 ? scale : 1
    }

    /// Moves the maps to stand on a ridge that has learnt from the samples from `first` on too; what they had learnt beside
    /// the ridge stays.
    mutating func rebase(_ samples: RidgeSamples, from first: Int) {
        let rows = first..<samples.count
        gram += GramBlock(x: samples.x.rows(rows), y: samples.y.rows(rows))
        guard let moved = RidgePath(gram)?.weights(lambda: lambda), moved.elements.allSatisfy(\.isFinite) else {
            return
        }
        let levels = task.levels.count
        for row in 0..<weights.rows {
            for column in 0..<weights.columns {
                weights[row, column] += moved[row, column / levels] - ridge[row, column / levels]
            }
        }
        ridge = moved
    }

    /// Goes down the pinball loss by Adam with decoupled decay towards where it began (D. Kingma, J. Ba, ICLR 2015;
    /// I. Loshchilov, F. Hutter, ICLR 2019), its rate falling to a tenth. Complexity: `epochs` × rows × weights.
    mutating func descend(_ samples: RidgeSamples, rows: Range<Int>, epochs: Int, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var order = Array(rows), moments = Moments(count: weights.elements.count)
        let start = weights, batches = epochs * ((rows.count + Self.batch - 1) / Self.batch)
        var done = 0
        for _ in 0..<epochs {
            order.shuffle(using: &random)
            for first in stride(from: 0, to: order.count, by: Self.batch) {
                let picked = order[first..<min(first + Self.batch, order.count)]
                let rate = Self.rate * (1 - 0.9 * Double(done) / Double(batches))
                let gradient = gradient(samples, picked)
                step(gradient, &moments, rate: rate, towards: start)
                done += 1
            }
        }
    }

    /// Of the mean pinball loss of some samples, in standardised features: features × (horizon × levels).
    private func gradient(_ samples: RidgeSamples, _ picked: ArraySlice<Int>) -> Matrix {
        let levels = task.levels.count
        var x = Matrix(zeros: picked.count, weights.rows)
        for (row, sample) in picked.enumerated() {
            x.elements.replaceSubrange(row * x.columns..<(row + 1) * x.columns, with: samples.x.row(sample))
        }
        var slopes = x.multiplied(by: weights)
        let share = 1 / Double(picked.count)
        for (row, sample) in picked.enumerated() {
            for step in 0..<task.horizon {
                let actual = samples.y[sample, step]
                for level in 0..<levels {
                    let slot = row * slopes.columns + step * levels + level
                    slopes.elements[slot] = ((actual < slopes.elements[slot] ? 1 : 0) - task.levels[level]) * share
                }
            }
        }
        return x.transposeMultiplied(by: slopes)
    }

    private mutating func step(_ gradient: Matrix, _ moments: inout Moments, rate: Double, towards start: Matrix) {
        moments.advance()
        let levels = task.levels.count
        for row in 0..<weights.rows {
            let scale = scales[row]
            for column in 0..<weights.columns {
                let slot = row * weights.columns + column, size = sizes[column / levels]
                let move = moments.direction(slot, gradient.elements[slot] / scale)
                weights.elements[slot] -= rate * size / scale * move
                weights.elements[slot] -= rate * Self.decay * (weights.elements[slot] - start.elements[slot])
            }
        }
    }

    /// What each level misses on samples it has not learnt from, horizon × levels, in the units of a spread around it.
    func corrections(_ samples: RidgeSamples, rows: Range<Int>) -> Matrix {
        let values = samples.x.rows(rows).multiplied(by: weights), levels = task.levels.count
        var result = Matrix(zeros: task.horizon, levels)
        for step in 0..<task.horizon {
            for (column, level) in task.levels.enumerated() {
                let errors = rows.enumerated().map { index, sample -> Double in
                    let base = samples.levels[sample]
                    let value = min(samples.transform.invert(base + values[index, step * levels + column]), samples.cap)
                    let actual = samples.transform.invert(base + samples.y[sample, step])
                    return (actual - value) / samples.transform.unit(around: value)
                }
                result[step, column] = conformalQuantile(ofSorted: errors.sorted(), level)
            }
        }
        return result
    }
}

/// Running means of gradients and of their squares.
private struct Moments {
    private var first: [Double], second: [Double]
    private var firstShare = 1.0, secondShare = 1.0

    init(count: Int) {
        first = Array(repeating: 0, count: count)
        second = first
    }

    mutating func advance() {
        firstShare *= 0.9
        secondShare *= 0.99
    }

    mutating func direction(_ slot: Int, _ gradient: Double) -> Double {
        first[slot] = 0.9 * first[slot] + 0.1 * gradient
        second[slot] = 0.99 * second[slot] + 0.01 * gradient * gradient
        return first[slot] / (1 - firstShare) / ((second[slot] / (1 - secondShare)).squareRoot() + 1e-8)
    }
}

struct FittedLinearQuantile: FittedModel {
    let name = "linear-quantile"
    let task: ForecastTask
    private let features: RidgeFeatures
    /// Features × (horizon × levels).
    private let weights: Matrix
    /// What is added to each level, in units around it.
    private let spread: RidgeSpread

    init(task: ForecastTask, usesWeek: Bool, weights: Matrix, spread: RidgeSpread) {
        self.task = task
        features = RidgeFeatures(task: task, usesWeek: usesWeek)
        (self.weights, self.spread) = (weights, spread)
    }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        let known = CausalRows(history, season: task.season, limit: features.rowsSeen)
        let z = WindowRows(
            known: known, transform: spread.transform, padding: max(0, features.rowsNeeded - known.count))
        let phase = FittedRidge.phase(history, rows: z.count, season: task.season)
        var row = Matrix(zeros: 1, features.count)
        let level = features.write(z, phase: phase, origin: z.count, to: &row.elements[0..<features.count])
        let estimates = row.multiplied(by: weights).elements
        let limit = max(spread.cap, 1.5 * spread.transform.invert(features.highest(in: row.row(0), level: level)))
        let values = estimates.indices.map { slot -> Double in
            let value = min(spread.transform.invert(level + estimates[slot]), limit)
            return min(value + spread.transform.unit(around: value) * spread.quantiles.elements[slot], limit)
        }
        return QuantileForecast(origin: history.end, step: history.step, levels: task.levels, values: values)
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .linearQuantile, task: task)
        writer.write(usesWeek: features.usesWeek, weights: weights, spread: spread)
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        task = reader.task
        (features, weights, spread) = try reader.ridge(columns: task.horizon * task.levels.count)
    }
}
