import Kernels
import Series

/// Brings features to mean 0 and deviation 1 and clips them, so that a history unlike any before cannot carry a net away.
struct FeatureScale: Hashable, Sendable {
    private static let limit: Float = 6
    /// About as many rows as means and deviations are taken of.
    private static let rowsRead = 50_000

    let means: [Float], deviations: [Float]

    init(means: [Float], deviations: [Float]) { (self.means, self.deviations) = (means, deviations) }

    /// Of `values`, rows × `columns`, whose columns from `used` on are left as they are. Of many rows some tell enough,
    /// of each of the `kinds` that come one after the other.
    init(_ values: [Float], columns: Int, used: Int, kinds: Int = 1) {
        let read = columns * Forecasting.stride(values.count / columns / Self.rowsRead, throughout: kinds)
        let rows = max(1, (values.count + read - 1) / read)
        var sums = [Double](repeating: 0, count: used), squares = sums
        for base in stride(from: 0, to: values.count, by: read) {
            for column in 0..<used { sums[column] += Double(values[base + column]) }
        }
        let means = sums.map { $0 / Double(rows) }
        for base in stride(from: 0, to: values.count, by: read) {
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

/// What histories give a net to learn from, one after the other: features as they are, targets, and which are known.
struct QuantileNetParts: Sendable {
    fileprivate var inputs = QuantileNetInputs()
    fileprivate var origins: [Int] = [], targets: [Double] = [], isKnown: [Bool] = [], floors: [Double] = []
    fileprivate let features: QuantileNetFeatures

    init(features: QuantileNetFeatures) { self.features = features }

    /// Adds the samples of a history at `origins`. Each history is measured in units of its own, those of `scale`; an origin is
    /// numbered from `offset` on, which is 0 or puts the rows of all histories on one time axis.
    mutating func add(filled: [Double], of history: KnownDemand, scale: FourthRoot, at origins: [Int], offset: Int = 0)
    {
        let task = features.task
        let rows = QuantileNetRows(filled, scale: scale, season: task.season)
        let phase = FittedRidge.phase(history, rows: rows.count, season: task.season)
        inputs.reserve(origins.count, features)
        for origin in origins {
            features.append(rows, origin: origin, phase: phase, to: &inputs)
            let level = inputs.levels[inputs.levels.count - 1]
            for step in 0..<task.horizon {
                targets.append(rows.z[origin + step] - level)
                isKnown.append(history[origin + step].isFinite)
            }
            self.origins.append(offset + origin)
            floors.append(max(scale.apply(0), 1e-3))
        }
    }

    mutating func add(_ other: QuantileNetParts) {
        inputs.append(other.inputs)
        origins += other.origins
        targets += other.targets
        isKnown += other.isKnown
        floors += other.floors
    }

    var count: Int { origins.count }
}

/// Everything a quantile net learns from: features, targets and which of them are known, for a set of origins.
struct QuantileNetSamples {
    /// Origins to learn from at most, and rows of their targets; beyond it origins are thinned evenly, as neighbours are alike.
    private static let most = (origins: 8_000, targets: 384_000)
    /// The same where a season has more than `coarse` rows: neighbours of a minute are more alike than those of half an hour.
    private static let mostOfFine = (origins: 7_200, targets: 290_000)
    private static let coarse = 288

    static func mostOrigins(_ task: ForecastTask) -> Int {
        let most = task.season > coarse ? mostOfFine : most
        return max(500, min(most.origins, most.targets / task.horizon))
    }

    let task: ForecastTask
    /// Row numbers.
    let origins: [Int]
    let originScale: FeatureScale, stepScale: FeatureScale
    /// Origins × origin features, scaled; origins · horizon × step features, scaled but for the last, the ridge's point.
    let originFeatures: [Float]
    var stepFeatures: [Float]
    let stepCount: Int
    /// Origins × ridge features, and origins × horizon: transformed and measured from the level of each.
    let ridge: Matrix, targets: Matrix
    let levels: [Double]
    /// What no demand is in the space of each, and no less than a little.
    let floors: [Double]
    /// Origins × horizon.
    let isKnown: [Bool]

    init(_ parts: consuming QuantileNetParts) {
        let features = parts.features, task = features.task
        (self.task, origins, isKnown, floors) = (task, parts.origins, parts.isKnown, parts.floors)
        var inputs = parts.inputs
        parts.inputs = QuantileNetInputs()
        (levels, stepCount) = (inputs.levels, features.stepCount)
        targets = Matrix(rows: origins.count, columns: task.horizon, elements: parts.targets)
        ridge = Matrix(rows: origins.count, columns: features.ridge.count, elements: inputs.ridge)
        originScale = FeatureScale(inputs.origins, columns: features.originCount, used: features.originCount)
        stepScale = FeatureScale(inputs.steps, columns: stepCount, used: stepCount - 1, kinds: task.horizon)
        originScale.apply(to: &inputs.origins, columns: features.originCount)
        stepScale.apply(to: &inputs.steps, columns: stepCount)
        (originFeatures, stepFeatures) = (inputs.origins, inputs.steps)
    }

    var count: Int { origins.count }

    func isWhole(_ number: Int) -> Bool {
        isKnown[number * task.horizon..<(number + 1) * task.horizon].allSatisfy { $0 }
    }

    /// The numbers of the samples in the order of time.
    var byTime: [Int] { (0..<count).sorted { (origins[$0], $0) < (origins[$1], $1) } }

    /// The samples that a member learns from when it holds out `block`, which is not empty and in the order of time: those
    /// none of whose targets is a target there.
    func split(holding block: ArraySlice<Int>) -> [Int] {
        guard let first = block.first, let last = block.last else { return Array(0..<count) }
        return (0..<count).filter {
            origins[$0] + task.horizon <= origins[first] || origins[$0] >= origins[last] + task.horizon
        }
    }
}

extension QuantileNetFeatures {
    /// Origins whose newest rows and targets are known, thinned to the limit; with gaps in half of the targets at most where
    /// whole ones are rare. What lies about a gap is seldom a day like others, and spoils the tails.
    func usableOrigins(_ history: KnownDemand) -> [Int] {
        thinned(allUsableOrigins(history), most: QuantileNetSamples.mostOrigins(task))
    }

    /// As `usableOrigins`, without the limit.
    func allUsableOrigins(_ history: KnownDemand) -> [Int] {
        guard history.count >= rowsNeeded + task.horizon else { return [] }
        var missing = [0]
        missing.reserveCapacity(history.count + 1)
        for value in history.suffix() { missing.append(missing[missing.count - 1] + (value.isFinite ? 0 : 1)) }
        let gappy = (rowsNeeded...history.count - task.horizon).filter {
            2 * (missing[$0 + task.horizon] - missing[$0]) < task.horizon && missing[$0] - missing[$0 - 36] < 18
        }
        let whole = gappy.filter { missing[$0 + task.horizon] == missing[$0] }
        return 2 * whole.count >= gappy.count ? whole : gappy
    }
}
