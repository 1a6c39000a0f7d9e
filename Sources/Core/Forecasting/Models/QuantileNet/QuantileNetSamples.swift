import Kernels
import Series

/// Brings features to mean 0 and deviation 1 and clips them, so that a history unlike any before cannot carry a net away.
struct FeatureScale: Hashable, Sendable {
    private static let limit: Float = 6

    let means: [Float], deviations: [Float]

    init(means: [Float], deviations: [Float]) { (self.means, self.deviations) = (means, deviations) }

    /// Of `values`, rows × `columns`, whose columns from `used` on are left as they are.
    init(_ values: [Float], columns: Int, used: Int) {
        let rows = max(1, values.count / columns)
        var sums = [Double](repeating: 0, count: used), squares = sums
        for base in stride(from: 0, to: values.count, by: columns) {
            for column in 0..<used { sums[column] += Double(values[base + column]) }
        }
        let means = sums.map { $0 / Double(rows) }
        for base in stride(from: 0, to: values.count, by: columns) {
            for column in 0..<used {
                let difference = Double(values[base + column]) - means[column]
                squares[column] += difference * difference
            }
        }
        self.means = means.map { Float($0) }
        deviations = squares.map { Float(($0 / Double(rows)).squareRoot() + 1e-6) }
    }

    func apply(to values: inout [Float], columns: Int) {
        let factors = deviations.map { 1 / $0 }
        for base in stride(from: 0, to: values.count, by: columns) {
            for column in means.indices {
                let scaled = (values[base + column] - means[column]) * factors[column]
                values[base + column] = min(max(scaled, -Self.limit), Self.limit)
            }
        }
    }
}

/// Everything a quantile net learns from: features, targets and which of them are known, for a set of origins.
struct QuantileNetSamples {
    /// Origins to learn from at most, and rows of their targets; beyond it origins are thinned evenly, as neighbours are alike.
    private static let mostOrigins = 8_000, mostTargets = 400_000

    static func mostOrigins(horizon: Int) -> Int { max(500, min(mostOrigins, mostTargets / horizon)) }

    let task: ForecastTask
    /// Row numbers, ascending.
    let origins: [Int]
    let scale: FourthRoot
    /// No quantile goes beyond, but for half as much again as the newest rows: one and a half times the highest value seen.
    let cap: Double
    let originScale: FeatureScale, stepScale: FeatureScale
    /// Origins × origin features, scaled; origins · horizon × step features, scaled but for the last, the ridge's point.
    let originFeatures: [Float]
    var stepFeatures: [Float]
    let stepCount: Int
    /// Origins × ridge features, and origins × horizon: transformed and measured from the level of each.
    let ridge: Matrix, targets: Matrix
    let levels: [Double]
    /// Origins × horizon.
    let isKnown: [Bool]

    init(_ history: KnownDemand, features: QuantileNetFeatures, task: ForecastTask, origins: [Int]) {
        let filled = CausalRows(history, season: task.season).filled()
        let scale = FourthRoot(of: filled)
        let rows = QuantileNetRows(filled, scale: scale, season: task.season)
        let phase = FittedRidge.phase(history, rows: rows.count, season: task.season)
        var inputs = QuantileNetInputs()
        inputs.origins.reserveCapacity(origins.count * features.originCount)
        inputs.steps.reserveCapacity(origins.count * task.horizon * features.stepCount)
        inputs.ridge.reserveCapacity(origins.count * features.ridge.count)
        for origin in origins { features.append(rows, origin: origin, phase: phase, to: &inputs) }
        var targets = Matrix(zeros: origins.count, task.horizon), isKnown: [Bool] = []
        for (number, origin) in origins.enumerated() {
            for step in 0..<task.horizon {
                targets[number, step] = rows.z[origin + step] - inputs.levels[number]
                isKnown.append(history[origin + step].isFinite)
            }
        }
        (self.task, self.origins, self.scale, self.targets, self.isKnown) = (task, origins, scale, targets, isKnown)
        (levels, stepCount, cap) = (inputs.levels, features.stepCount, 1.5 * (filled.max() ?? 0))
        ridge = Matrix(rows: origins.count, columns: features.ridge.count, elements: inputs.ridge)
        originScale = FeatureScale(inputs.origins, columns: features.originCount, used: features.originCount)
        stepScale = FeatureScale(inputs.steps, columns: stepCount, used: stepCount - 1)
        originScale.apply(to: &inputs.origins, columns: features.originCount)
        stepScale.apply(to: &inputs.steps, columns: stepCount)
        (originFeatures, stepFeatures) = (inputs.origins, inputs.steps)
    }

    var count: Int { origins.count }

    func isWhole(_ number: Int) -> Bool {
        isKnown[number * task.horizon..<(number + 1) * task.horizon].allSatisfy { $0 }
    }

    /// The samples of `block`, which a member holds out, and those it learns from: whose rows do not overlap with theirs.
    func split(holding block: Range<Int>) -> [Int] { Array(0..<count).filter { isApart($0, from: block) } }

    /// Whether no target of the sample is a target in `block`, which is not empty.
    func isApart(_ number: Int, from block: Range<Int>) -> Bool {
        let first = origins[block.lowerBound], last = origins[block.upperBound - 1]
        return origins[number] + task.horizon <= first || origins[number] >= last + task.horizon
    }
}

extension QuantileNetFeatures {
    /// Origins whose newest rows and targets are known, thinned to the limit; with gaps in half of the targets at most where
    /// whole ones are rare. What lies about a gap is seldom a day like others, and spoils the tails.
    func usableOrigins(_ history: KnownDemand) -> [Int] {
        var missing = [0]
        missing.reserveCapacity(history.count + 1)
        for value in history.suffix() { missing.append(missing[missing.count - 1] + (value.isFinite ? 0 : 1)) }
        let gappy = (rowsNeeded...history.count - task.horizon).filter {
            2 * (missing[$0 + task.horizon] - missing[$0]) < task.horizon && missing[$0] - missing[$0 - 36] < 18
        }
        let whole = gappy.filter { missing[$0 + task.horizon] == missing[$0] }
        let all = 2 * whole.count >= gappy.count ? whole : gappy
        return thinned(all, most: QuantileNetSamples.mostOrigins(horizon: task.horizon))
    }
}
