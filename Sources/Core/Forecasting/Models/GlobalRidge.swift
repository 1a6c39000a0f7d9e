import Kernels
package import Series
import Units

/// One ridge for all series of a kind: every series is scaled to one height, all share one Gram and one set of weights, and
/// each keeps its own height and the width of its own errors.
///
/// `GlobalRidgeTraining` does the work in parts, for callers with more than one core; this does them one after the other.
package struct GlobalRidge: GlobalForecaster {
    package let name = "global-ridge"
    package init() {}

    package func fit(_ histories: [KnownDemand], task: ForecastTask) throws(ForecastError) -> GlobalFit {
        var training = GlobalRidgeTraining(histories: histories, task: task)
        for chunk in GlobalRidgeTraining.chunks(of: histories.count) { training.add(training.sums(histories[chunk])) }
        try training.settle(probing: histories)
        let settled = training
        return GlobalFit(models: histories.map { settled.model(of: $0) }, borrow: { settled.model(of: $0) })
    }
}

/// The training of a global ridge. In this order: `add` the `sums` of every chunk, `settle`, ask for the `model` of each
/// history. Sums and models can be made beside each other; sums must be added in the order of the chunks, as the last bits
/// of a sum depend on it.
package struct GlobalRidgeTraining: Sendable {
    /// Origins that are learnt from at most, of all series together; and of one, at least and at most.
    private static let origins = (all: 200_000, fewest: 8, most: 4_000)
    /// Origins of a series that its errors are measured at, at most.
    private static let heldOutOrigins = 200
    /// The part of a history that the weights which the errors are measured with may see.
    private static let earlyShare = 0.8
    /// Series from which λ, the shape of the errors and the errors of a newcomer are taken, at most.
    private static let probes = 128
    private static let lambdas = [1e-5, 1e-4, 1e-3, 1e-2]
    /// How many held-out origins the errors of all series count for beside a series' own. Own quantiles and not only an own
    /// width: small counts are skewed in a way that large ones are not.
    private static let borrowed = 20.0

    private let task: ForecastTask
    private let features: RidgeFeatures
    private let perSeries: Int
    private var sums: GlobalSums
    private var settled: Settled?

    /// What all series share once it has been learnt.
    private struct Settled {
        /// Features × horizon: what is served, and what has not seen the end of the histories.
        let weights: Matrix, early: Matrix
        /// Horizon × levels: quantiles of the errors over the mean of their size.
        let shape: Matrix
        /// Of a usual series, the mean size of its errors at each step.
        let sizes: [Double]
        /// How sizes go with what a series is scaled by: the noise of counts grows with its root, other noise does not.
        let law: PowerLaw
    }

    package init(histories: [KnownDemand], task: ForecastTask) {
        let counts = histories.map(\.count).sorted()
        let median = counts.isEmpty ? 0 : counts[counts.count / 2]
        self.task = task
        features = RidgeFeatures(task: task, usesWeek: task.isWeekly && median >= 9 * task.season + 2 * task.horizon)
        perSeries = min(max(Self.origins.all / max(1, counts.count), Self.origins.fewest), Self.origins.most)
        sums = GlobalSums(features: features.count, targets: task.horizon)
    }

    /// The numbers of the histories that make a chunk; the same however many workers there are.
    package static func chunks(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: 64).map { $0..<min($0 + 64, count) }
    }

    /// The sums of a slice of the histories that the training is of. Complexity: features² a sampled origin.
    package func sums(_ histories: ArraySlice<KnownDemand>) -> GlobalSums {
        var sums = GlobalSums(features: features.count, targets: task.horizon)
        for (number, history) in zip(histories.indices, histories) {
            let cut = Self.cut(history), scaled = ScaledDemand(history)
            let origins = usableOrigins(
                history, from: features.firstOrigin(rows: history.count), most: perSeries, shift: number &* 1_013)
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

    package mutating func add(_ other: GlobalSums) { sums.add(other) }

    /// Chooses λ by the errors that weights from the older part make on the newer part of some of the histories, and learns
    /// the weights from all that was added.
    package mutating func settle(probing histories: [KnownDemand]) throws(ForecastError) {
        let step = max(1, (histories.count + Self.probes - 1) / Self.probes)
        let probes = stride(from: 0, to: histories.count, by: step).compactMap { heldOut(histories[$0]) }
        var best: (loss: Double, lambda: Double, early: Matrix)?
        for lambda in Self.lambdas {
            guard let early = sums.early.weights(lambda: lambda) else { continue }
            let loss = probes.reduce(0) { $0 + $1.absoluteLoss(early) }
            if best.map({ loss < $0.loss }) ?? true { best = (loss, lambda, early) }
        }
        guard let best, best.loss.isFinite, !probes.isEmpty, let weights = sums.all.weights(lambda: best.lambda) else {
            let rows = histories.map(\.count).max() ?? 0
            throw .historyTooShort(rows: rows, needed: features.rowsNeeded + 5 * task.horizon)
        }
        let errors = probes.map { $0.errors(best.early) }
        let sizes = errors.map(Self.meanSizes)
        let law = PowerLaw(
            zip(probes, sizes).map { (x: $0.factor, y: $1.reduce(0, +) / Double(max($1.count, 1))) })
        let usual = (0..<task.horizon).map { step in max(median(sizes.map { $0[step] }), 1e-6) }
        settled = Settled(
            weights: weights, early: best.early, shape: shape(of: errors, sizes: sizes, usual: usual), sizes: usual,
            law: law)
    }

    /// The model of a history: the shared weights, its own height, and errors as wide as its own and those of all have been.
    /// Defined for every history, however short.
    ///
    /// - Precondition: `settle` has succeeded.
    package func model(of history: KnownDemand) -> any FittedModel {
        guard let settled else { preconditionFailure("a training is settled before it is asked") }
        let scaled = ScaledDemand(history)
        let own = heldOut(history)?.errors(settled.early) ?? Matrix(zeros: 0, task.horizon)
        let sizes = Self.meanSizes(own), usual = settled.law.relative(scaled.factor), count = Double(own.rows)
        var quantiles = settled.shape
        for step in 0..<task.horizon {
            let size =
                (count * sizes[step] + Self.borrowed * usual * settled.sizes[step]) / (count + Self.borrowed)
            let sorted = (0..<own.rows).map { own[$0, step] }.sorted()
            for (column, level) in task.levels.enumerated() {
                let borrowed = quantiles[step, column] * size
                let found = conformalQuantile(ofSorted: sorted, level)
                quantiles[step, column] = (count * found + Self.borrowed * borrowed) / (count + Self.borrowed)
            }
        }
        return FittedGlobalRidge(
            task: task, usesWeek: features.usesWeek, factor: scaled.factor, weights: settled.weights,
            spread: RidgeSpread(cap: 1.5 * scaled.highest + 1, quantiles: quantiles, transform: .ofCounts))
    }

    // MARK: Parts

    private static func cut(_ history: KnownDemand) -> Int { Int(Double(history.count) * earlyShare) }

    /// The newer part of a history as samples; nil where nothing of it can be used.
    private func heldOut(_ history: KnownDemand) -> HeldOutSamples? {
        let first = max(features.firstOrigin(rows: history.count), Self.cut(history))
        let origins = usableOrigins(history, from: first, most: Self.heldOutOrigins)
        guard !origins.isEmpty else { return nil }
        let scaled = ScaledDemand(history)
        return HeldOutSamples(
            factor: scaled.factor,
            samples: RidgeSamples(scaled.demand, features: features, task: task, origins: origins, transform: .ofCounts)
        )
    }

    /// Origins from `first` on whose every target is known, at most `most`, spread evenly. `shift`, at least 0, moves
    /// them: series of one length would else all be sampled at the same few times of the day.
    private func usableOrigins(_ history: KnownDemand, from first: Int, most: Int, shift: Int = 0) -> [Int] {
        let last = history.count - task.horizon
        guard first <= last else { return [] }
        let stride = max(1, (last - first + most) / most)
        return Swift.stride(from: last - shift % stride, through: first, by: -stride).reversed().filter { origin in
            (origin..<origin + task.horizon).allSatisfy { history[$0].isFinite }
        }
    }

    private static func meanSizes(_ errors: Matrix) -> [Double] {
        (0..<errors.columns).map { step in
            (0..<errors.rows).reduce(0) { $0 + abs(errors[$1, step]) } / Double(max(errors.rows, 1))
        }
    }

    private func shape(of errors: [Matrix], sizes: [[Double]], usual: [Double]) -> Matrix {
        var result = Matrix(zeros: task.horizon, task.levels.count)
        for step in 0..<task.horizon {
            var all: [Double] = []
            for (own, size) in zip(errors, sizes) {
                let unit = max(size[step], 1e-3 * usual[step])
                for row in 0..<own.rows { all.append(own[row, step] / unit) }
            }
            all.sort()
            for (column, level) in task.levels.enumerated() {
                result[step, column] = conformalQuantile(ofSorted: all, level)
            }
        }
        return result
    }
}

/// Samples that the early weights have not seen.
private struct HeldOutSamples {
    /// What the series is scaled by.
    let factor: Double
    let samples: RidgeSamples

    /// The mean absolute error in fourth roots, by which λ is chosen: every series counts the same.
    func absoluteLoss(_ weights: Matrix) -> Double {
        let estimates = samples.x.multiplied(by: weights)
        let sum = zip(estimates.elements, samples.y.elements).reduce(0) { $0 + abs($1.0 - $1.1) }
        return sum / Double(max(estimates.elements.count, 1))
    }

    /// Samples × horizon, in the units of the spread.
    func errors(_ weights: Matrix) -> Matrix {
        var errors = samples.x.multiplied(by: weights)
        for row in 0..<errors.rows {
            for step in 0..<errors.columns {
                let point = min(samples.transform.invert(samples.levels[row] + errors[row, step]), samples.cap)
                let actual = samples.transform.invert(samples.levels[row] + samples.y[row, step])
                errors[row, step] = (actual - point) / samples.transform.unit(around: point)
            }
        }
        return errors
    }
}

/// A history scaled to the height that all series have in a global ridge.
struct ScaledDemand {
    /// What the known rows are on average after scaling: high enough for the one in the fourth root to hardly count.
    private static let height = 100.0

    let demand: KnownDemand
    let factor: Double
    let highest: Double

    init(_ history: KnownDemand) {
        let known = history.suffix().lazy.filter(\.isFinite).map(Demand.bounded)
        let (sum, count) = known.reduce((0.0, 0)) { ($0.0 + $1, $0.1 + 1) }
        self.init(history, factor: sum > 0 ? Self.height / (sum / Double(count)) : 1, limit: .max)
    }

    /// The newest rows of `history`, at most `limit`. Where there are fewer than `least`, those before the first are taken to
    /// have been as the first season was, or within that as the mean: a series of a day looks like one of many equal days.
    init(_ history: KnownDemand, factor: Double, limit: Int, least: Int = 0, season: Int = 1) {
        let known = history.suffix(limit).map { $0.isFinite ? Demand.bounded($0) * factor : .nan }
        let values = Self.extended(known, to: least, season: season)
        let start = history.end.advanced(bySeconds: -values.count * history.step)
        demand = KnownDemand(RegularSeries(start: start, step: history.step, values: values))
        highest = known.reduce(0) { $1 > $0 ? $1 : $0 }
        self.factor = factor
    }

    private static func extended(_ known: [Double], to least: Int, season: Int) -> [Double] {
        let added = least - known.count
        guard added > 0 else { return known }
        let finite = known.filter(\.isFinite)
        let mean = finite.reduce(0) { $0 + $1 / Double(finite.count) }
        var values = [Double](repeating: mean, count: added) + known
        for row in stride(from: added - 1, through: 0, by: -1) where row + season < values.count {
            values[row] = values[row + season].isFinite ? values[row + season] : mean
        }
        return values
    }
}

/// The normal equations of a part of the series: of the older part of their histories, and of all.
package struct GlobalSums: Sendable {
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

/// y ≈ a·x^b through the middle of some points, b within 0 to 1/2; fitted by least squares in logarithms.
private struct PowerLaw {
    /// The mean logarithm of x.
    private let middle: Double
    private let exponent: Double

    /// Points with an x or a y of 0 are left out.
    init(_ points: [(x: Double, y: Double)]) {
        let logs = points.filter { $0.x > 0 && $0.y > 0 }.map { (x: logarithm($0.x), y: logarithm($0.y)) }
        let count = Double(max(logs.count, 1))
        let (x, y) = (logs.reduce(0) { $0 + $1.x } / count, logs.reduce(0) { $0 + $1.y } / count)
        let spread = logs.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
        let slope = spread > 1e-9 ? logs.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / spread : 0
        (middle, exponent) = (x, min(max(slope, 0), 0.5))
    }

    /// What y is at `x`, as a multiple of what it is in the middle.
    func relative(_ x: Double) -> Double { exponential(min(max(exponent * (logarithm(x) - middle), -20), 20)) }
}
