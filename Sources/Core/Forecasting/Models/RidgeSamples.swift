import Kernels
import Series

/// Features and targets of a set of origins, in fourth roots and measured from the level of each.
struct RidgeSamples {
    /// Row numbers, ascending.
    let origins: [Int]
    /// Origins × features, origins × horizon.
    let x: Matrix, y: Matrix
    /// What the targets of an origin are measured from.
    let levels: [Double]
    let transform: FourthRoot
    /// One and a half times the highest value seen.
    let cap: Double

    /// `transform` is that of the history unless given.
    init(
        _ history: KnownDemand, features: RidgeFeatures, task: ForecastTask, origins: [Int],
        transform: FourthRoot? = nil
    ) {
        let filled = CausalRows(history, season: task.season).filled()
        let transform = transform ?? FourthRoot(of: filled)
        let z = filled.map(transform.apply)
        let phase = FittedRidge.phase(history, rows: z.count, season: task.season)
        var x = Matrix(zeros: origins.count, features.count), y = Matrix(zeros: origins.count, task.horizon)
        var levels: [Double] = []
        for (row, origin) in origins.enumerated() {
            let slots = row * features.count..<(row + 1) * features.count
            let level = features.write(z, phase: phase, origin: origin, to: &x.elements[slots])
            for step in 0..<task.horizon { y[row, step] = z[origin + step] - level }
            levels.append(level)
        }
        (self.origins, self.x, self.y, self.levels) = (origins, x, y, levels)
        self.transform = transform
        cap = 1.5 * (filled.max() ?? 0) + transform.offset
    }

    var count: Int { origins.count }
}
