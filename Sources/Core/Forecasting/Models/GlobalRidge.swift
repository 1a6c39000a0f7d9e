import Kernels
import Series

/// One ridge for all series of a kind: every series is scaled to one height, all share one Gram and one set of weights, and
/// each keeps its own height and the width of its own errors.
package struct GlobalRidge: GlobalForecaster {
    package let name = "global-ridge"
    package init() {}

    package func training(series: Int, rows: Int, task: ForecastTask) -> any GlobalTraining {
        GlobalRidgeTraining(series: series, rows: rows, task: task)
    }
}

struct GlobalRidgeTraining: GlobalTraining {
    /// Origins that are learnt from at most, of all series together; and of one, at least and at most.
    private static let origins = (all: 200_000, fewest: 8, most: 4_000)
    private static let lambdas = [1e-5, 1e-4, 1e-3, 1e-2]

    private let rows: GlobalRidgeRows
    private let perSeries: Int
    private var sums: GlobalSums
    private var settled: SharedRidge?

    init(series: Int, rows median: Int, task: ForecastTask) {
        rows = GlobalRidgeRows(task: task, usesWeek: task.isWeekly && median >= 9 * task.season + 2 * task.horizon)
        perSeries = min(max(Self.origins.all / max(1, series), Self.origins.fewest), Self.origins.most)
        sums = GlobalSums(features: rows.features.count, targets: task.horizon)
    }

    /// The sums of a slice of the histories. Complexity: features² a sampled origin.
    func part(_ histories: ArraySlice<KnownDemand>, first: Int) -> GlobalSums {
        let task = rows.task, features = rows.features
        var sums = GlobalSums(features: features.count, targets: task.horizon)
        for (number, history) in zip(histories.indices, histories) {
            let cut = GlobalRidgeRows.cut(history.count), scaled = ScaledDemand(history)
            let origins = rows.usableOrigins(
                history, from: features.firstOrigin(rows: history.count), most: perSeries,
                shift: (first + number) &* 1_013)
            for (isEarly, part) in [
                (true, origins.filter { $0 + task.horizon <= cut }),
                (false, origins.filter { $0 + task.horizon > cut }),
            ]
            where !part.isEmpty {
                sums.add(
                    RidgeSamples(scaled.demand, features: features, task: task, origins: part, transform: .ofCounts),
                    isEarly: isEarly)
            }
        }
        return sums
    }

    mutating func add(_ other: GlobalSums) { sums.add(other) }

    /// Chooses λ by the errors that weights from the older part make on the newer part of `histories`, and learns the weights
    /// from all that was added.
    mutating func settle(probing histories: [KnownDemand]) throws(ForecastError) {
        let task = rows.task
        let probes = histories.compactMap { rows.heldOut($0, from: GlobalRidgeRows.cut($0.count)) }
        var best: (loss: Double, lambda: Double, early: Matrix)?
        for lambda in Self.lambdas {
            guard let early = sums.early.weights(lambda: lambda) else { continue }
            let loss = probes.reduce(0) { $0 + $1.absoluteLoss(early) }
            if best.map({ loss < $0.loss }) ?? true { best = (loss, lambda, early) }
        }
        guard let best, best.loss.isFinite, !probes.isEmpty, let weights = sums.all.weights(lambda: best.lambda) else {
            let count = histories.map(\.count).max() ?? 0
            throw .historyTooShort(rows: count, needed: rows.features.rowsNeeded + 5 * task.horizon)
        }
        let errors = probes.map { $0.errors(best.early) }
        let sizes = errors.map(GlobalRidgeRows.meanSizes)
        let law = PowerLaw(
            zip(probes, sizes).map { (x: $0.factor, y: $1.reduce(0, +) / Double(max($1.count, 1))) })
        let usual = (0..<task.horizon).map { step in max(median(sizes.map { $0[step] }), 1e-6) }
        settled = SharedRidge(
            rows: rows, weights: weights, early: best.early, shape: shape(of: errors, sizes: sizes, usual: usual),
            sizes: usual, law: law)
    }

    var shared: any SharedModel {
        guard let settled else { preconditionFailure("a training is settled before it is asked") }
        return settled
    }

    private func shape(of errors: [Matrix], sizes: [[Double]], usual: [Double]) -> Matrix {
        let task = rows.task
        var result = Matrix(zeros: task.horizon, task.levels.count)
        for step in 0..<task.horizon {
            var all: [Double] = []
            for (own, size) in zip(errors, sizes) {
                let unit = max(size[step], 1e-3 * usual[step])
                for row in 0..<own.rows { all.append(own[row, step] / unit) }
            }
            for (column, value) in conformalQuantiles(of: all, task.levels).enumerated() {
                result[step, column] = value
            }
        }
        return result
    }
}

/// The normal equations of a part of the series: of the older part of their histories, and of all.
struct GlobalSums: Sendable {
    fileprivate var early: NormalEquations, late: NormalEquations

    fileprivate init(features: Int, targets: Int) {
        early = NormalEquations(features: features, targets: targets)
        late = early
    }

    fileprivate var all: NormalEquations {
        var sum = early
        sum.add(late)
        return sum
    }

    fileprivate mutating func add(_ samples: RidgeSamples, isEarly: Bool) {
        if isEarly { early.add(samples.x, samples.y) } else { late.add(samples.x, samples.y) }
    }

    fileprivate mutating func add(_ other: GlobalSums) {
        early.add(other.early)
        late.add(other.late)
    }
}
