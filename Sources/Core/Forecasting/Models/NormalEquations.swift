import Kernels

/// ZᵀZ and ZᵀY of the samples added so far, from which a ridge has its weights for any λ.
struct NormalEquations: Sendable {
    private var gram: Matrix, cross: Matrix
    private var count = 0

    init(features: Int, targets: Int) {
        (gram, cross) = (Matrix(zeros: features, features), Matrix(zeros: features, targets))
    }

    /// Adds samples × features and samples × targets. Complexity: features · (features + targets) a sample.
    mutating func add(_ x: Matrix, _ y: Matrix) {
        gram += x.gram()
        cross += x.transposeMultiplied(by: y)
        count += x.rows
    }

    mutating func add(_ other: NormalEquations) {
        gram += other.gram
        cross += other.cross
        count += other.count
    }

    /// Features × targets, for `lambda` a sample; nil where the system is too near to singular for finite weights.
    func weights(lambda: Double) -> Matrix? {
        guard count > 0 else { return nil }
        let solved = try? ridge(gram: gram, cross: cross, lambda: lambda * Double(count))
        return solved.flatMap { $0.elements.allSatisfy(\.isFinite) ? $0 : nil }
    }
}
