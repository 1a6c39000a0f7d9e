import Kernels

/// How the levels of whole periods go on, oldest first: a ridge on what a level differs from the one before by.
///
/// Shrunk to nothing it is a random walk. The penalty is not chosen: coefficients of 25 of them are averaged, each weighted by
/// e to the minus of its leave-one-out loss in units of the least, as in FLAIR (arXiv 2605.07222).
package struct PeriodLevels {
    private let levels: [Double]
    /// Periods after which levels are alike, 7 for days; 0 for none.
    private let cycle: Int
    /// What levels are divided by, so that a penalty means the same at any height.
    private let scale: Double
    private let mean: Double
    private let coefficients: [Double]

    private static let penalties = (0..<25).map { exponential(logarithm(10) * (Double($0) / 3 - 4)) }

    package init(_ levels: [Double], cycle: Int) {
        self.levels = levels
        self.cycle = cycle > 0 && levels.count >= 2 * cycle + 2 ? cycle : 0
        mean = levels.reduce(0, +) / Double(max(levels.count, 1))
        let steps = zip(levels.dropFirst(), levels).map { $0 - $1 }
        let square = steps.reduce(0) { $0 + $1 * $1 } / Double(max(steps.count, 1))
        scale = square > 1e-300 ? square.squareRoot() : 1
        let first = max(1, self.cycle)
        let shape = (levels: levels, cycle: self.cycle, mean: mean, scale: scale)
        let rows = (first..<max(first, levels.count)).map {
            Self.features(shape.levels, at: $0, shape.cycle, shape.mean, shape.scale)
        }
        let targets = (first..<max(first, levels.count)).map { (levels[$0] - levels[$0 - 1]) / shape.scale }
        coefficients = rows.count < 3 ? [] : Self.averaged(rows, targets)
    }

    /// The levels of the next `count` periods, each from those before it.
    package func next(_ count: Int) -> [Double] {
        var all = levels
        for _ in 0..<count {
            let row = Self.features(all, at: all.count, cycle, mean, scale)
            let move = zip(row, coefficients).reduce(0) { $0 + $1.0 * $1.1 } * scale
            all.append((all.last ?? 0) + (move.isFinite ? move : 0))
        }
        return Array(all.suffix(count))
    }

    private static func features(
        _ levels: [Double], at row: Int, _ cycle: Int, _ mean: Double, _ scale: Double
    ) -> [Double] {
        let last = row > 0 ? levels[row - 1] : 0
        let base = [1, (last - mean) / scale]
        return cycle > 0 ? base + [(levels[row - cycle] - last) / scale] : base
    }

    /// Leave-one-out losses from the diagonal of the hat matrix, all penalties from one eigendecomposition.
    private static func averaged(_ rows: [[Double]], _ targets: [Double]) -> [Double] {
        let x = Matrix(rows: rows.count, columns: rows[0].count, elements: rows.flatMap { $0 })
        guard let eigen = SymmetricEigen(x.gram()) else { return [] }
        let turned = x.multiplied(by: eigen.vectors.transposed())
        let cross = turned.transposeMultiplied(by: Matrix(rows: targets.count, columns: 1, elements: targets)).elements
        var losses: [Double] = [], weights: [[Double]] = []
        for penalty in penalties {
            let shrunk = cross.indices.map { cross[$0] / (max(eigen.values[$0], 0) + penalty) }
            var loss = 0.0
            for (index, target) in targets.enumerated() {
                let row = turned.row(index)
                var (fitted, hat) = (0.0, 0.0)
                for (column, value) in row.enumerated() {
                    fitted += value * shrunk[column]
                    hat += value * value / (max(eigen.values[column], 0) + penalty)
                }
                let error = (target - fitted) / max(1 - hat, 1e-3)
                loss += error * error
            }
            losses.append(loss)
            weights.append(shrunk)
        }
        return mixed(losses, weights, eigen)
    }

    private static func mixed(_ losses: [Double], _ weights: [[Double]], _ eigen: SymmetricEigen) -> [Double] {
        let least = max(losses.min() ?? 0, 1e-12)
        let shares = losses.map { exponential(-min(($0 - least) / least, 700)) }
        let total = shares.reduce(0, +)
        var mixed = [Double](repeating: 0, count: eigen.values.count)
        for (share, row) in zip(shares, weights) {
            for (column, value) in row.enumerated() { mixed[column] += share / total * value }
        }
        return eigen.vectors.transposeMultiplied(by: Matrix(rows: mixed.count, columns: 1, elements: mixed)).elements
    }
}
