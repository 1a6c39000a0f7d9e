import Kernels
import Series

/// The rows of histories that a global ridge learns from, and those it is measured on.
struct GlobalRidgeRows: Sendable {
    /// Origins of a series that its errors are measured at, at most.
    private static let heldOutOrigins = 200
    /// The part of a history that the weights which the errors are measured with may see.
    private static let earlyShare = 0.8

    let task: ForecastTask
    let features: RidgeFeatures

    init(task: ForecastTask, usesWeek: Bool) {
        (self.task, features) = (task, RidgeFeatures(task: task, usesWeek: usesWeek))
    }

    static func cut(_ count: Int) -> Int { Int(Double(count) * earlyShare) }

    /// The part of a history from row `cut` on as samples; nil where nothing of it can be used.
    func heldOut(_ history: KnownDemand, from cut: Int) -> HeldOutSamples? {
        let first = max(features.firstOrigin(rows: history.count), cut)
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
    func usableOrigins(_ history: KnownDemand, from first: Int, most: Int, shift: Int = 0) -> [Int] {
        let last = history.count - task.horizon
        guard first <= last else { return [] }
        let stride = max(1, (last - first + most) / most)
        return Swift.stride(from: last - shift % stride, through: first, by: -stride).reversed().filter { origin in
            (origin..<origin + task.horizon).allSatisfy { history[$0].isFinite }
        }
    }

    static func meanSizes(_ errors: Matrix) -> [Double] {
        (0..<errors.columns).map { step in
            (0..<errors.rows).reduce(0) { $0 + abs(errors[$1, step]) } / Double(max(errors.rows, 1))
        }
    }
}

/// Samples that the early weights have not seen.
struct HeldOutSamples {
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

/// y ≈ a·x^b through the middle of some points, b within 0 to 1/2; fitted by least squares in logarithms.
struct PowerLaw: Hashable, Sendable {
    /// The mean logarithm of x.
    let middle: Double
    let exponent: Double

    init(middle: Double, exponent: Double) { (self.middle, self.exponent) = (middle, exponent) }

    /// Points with an x or a y that has no logarithm are left out.
    init(_ points: [(x: Double, y: Double)]) {
        let logs = points.filter { Self.hasLogarithm($0.x) && Self.hasLogarithm($0.y) }
            .map { (x: logarithm($0.x), y: logarithm($0.y)) }
        let count = Double(max(logs.count, 1))
        let (x, y) = (logs.reduce(0) { $0 + $1.x } / count, logs.reduce(0) { $0 + $1.y } / count)
        let spread = logs.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
        let slope = spread > 1e-9 ? logs.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / spread : 0
        (middle, exponent) = (x, min(max(slope, 0), 0.5))
    }

    /// What y is at `x`, as a multiple of what it is in the middle; 1 where `x` has no logarithm.
    func relative(_ x: Double) -> Double {
        guard Self.hasLogarithm(x) else { return 1 }
        return exponential(min(max(exponent * (logarithm(x) - middle), -20), 20))
    }

    private static func hasLogarithm(_ x: Double) -> Bool { x > 0 && x.isFinite }
}
