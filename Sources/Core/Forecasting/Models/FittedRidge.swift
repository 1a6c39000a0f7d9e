import Kernels
import Series
import Units

/// The fourth root of a count and one: even variance at any height, and a far tail that logarithms would ruin.
enum FourthRoot {
    static func apply(_ y: Double) -> Double { (max(y, 0) + 1).squareRoot().squareRoot() }
    static func invert(_ z: Double) -> Double {
        let positive = max(z, 1)
        return positive * positive * positive * positive - 1
    }
}

extension [Double] {
    /// Sums of everything before each position, one longer than the array.
    func runningSums() -> [Double] {
        var sums = [0.0]
        sums.reserveCapacity(count + 1)
        var total = 0.0
        for value in self {
            total += value
            sums.append(total)
        }
        return sums
    }

    func standardDeviation() -> Double {
        guard count > 1 else { return 0 }
        let mean = reduce(0, +) / Double(count)
        return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
    }
}

/// A direct ridge that has learnt.
struct FittedRidge: FittedModel {
    let name = "ridge"
    let task: ForecastTask
    private let features: RidgeFeatures
    /// Features × horizon.
    private let weights: Matrix
    private let floor: Double
    private let cap: Double
    /// Horizon × levels, in scaled errors.
    private let quantiles: Matrix

    init(task: ForecastTask, usesWeek: Bool, weights: Matrix, floor: Double, cap: Double, quantiles: Matrix) {
        self.task = task
        features = RidgeFeatures(task: task, usesWeek: usesWeek)
        (self.weights, self.floor, self.cap, self.quantiles) = (weights, floor, cap, quantiles)
    }

    /// Rows since the epoch at the first of the last `rows` known ones, within seven seasons: the time of day survives a
    /// shifted window.
    static func phase(_ history: KnownDemand, rows: Int, season: Int) -> Int {
        let start = history.end.advanced(bySeconds: -rows * history.step).millisecondsSinceEpoch
        let row = start.flooredDivision(by: Int64(history.step) * 1_000).quotient
        return Int(row.flooredDivision(by: Int64(7 * season)).remainder)
    }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        let window = features.rowsNeeded + 7 * task.season
        var values = filledCausally(history, season: task.season, limit: window)
        let missing = max(0, features.rowsNeeded - values.count)
        // A history shorter than the features reach is taken to have been as it began.
        values = [Double](repeating: values.first ?? 0, count: missing) + values
        let z = values.map(FourthRoot.apply)
        var row = Matrix(zeros: 1, features.count)
        features.write(
            z, prefix: z.runningSums(), phase: Self.phase(history, rows: z.count, season: task.season), origin: z.count,
            to: &row.elements[0..<features.count])
        let centre = row.multiplied(by: weights)
        let level = features.level(z, at: z.count), scale = features.spread(z, at: z.count) + floor
        let limit = max(cap, 1.5 * (values.max() ?? 0))
        var result: [Double] = []
        result.reserveCapacity(quantiles.elements.count)
        for step in 0..<task.horizon {
            for column in task.levels.indices {
                let estimate = level + centre[0, step] + scale * quantiles[step, column]
                result.append(min(FourthRoot.invert(estimate), limit))
            }
        }
        return QuantileForecast(origin: history.end, step: history.step, levels: task.levels, values: result)
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .ridge, task: task)
        writer.write(features.usesWeek ? 1 : 0)
        writer.write(floor)
        writer.write(cap)
        writer.write(weights.elements)
        writer.write(quantiles.elements)
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        task = reader.task
        features = RidgeFeatures(task: task, usesWeek: try reader.integer() == 1)
        (floor, cap) = (try reader.double(), try reader.double())
        let weights = try reader.doubles(), quantiles = try reader.doubles()
        guard weights.count == features.count * task.horizon, quantiles.count == task.horizon * task.levels.count,
            floor > 0, cap > 0
        else { throw .corruptModel("its parts do not fit its task") }
        self.weights = Matrix(rows: features.count, columns: task.horizon, elements: weights)
        self.quantiles = Matrix(rows: task.horizon, columns: task.levels.count, elements: quantiles)
    }
}
