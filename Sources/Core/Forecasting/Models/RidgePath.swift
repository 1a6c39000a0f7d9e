package import Kernels

/// What a ridge needs of a block of samples: ZᵀZ, ZᵀY, |Y|² and how many they are. Blocks add up.
package struct GramBlock: Hashable, Sendable {
    package private(set) var gram: Matrix, cross: Matrix
    package private(set) var squares: Double
    package private(set) var count: Int

    /// - Precondition: `x` and `y` have as many rows.
    package init(x: Matrix, y: Matrix) {
        (gram, cross, count) = (x.gram(), x.transposeMultiplied(by: y), x.rows)
        squares = y.elements.reduce(0) { $0 + $1 * $1 }
    }

    package static func += (sum: inout GramBlock, other: GramBlock) {
        sum.gram += other.gram
        sum.cross += other.cross
        sum.squares += other.squares
        sum.count += other.count
    }
}

/// The ridge weights of one Gram for every λ, from one eigendecomposition.
///
/// With ZᵀZ = V·D·Vᵀ the weights are V·(D + λ)⁻¹·Vᵀ·ZᵀY, and the squared loss on held-out samples follows from their own Gram,
/// whatever their number; T. Hastie, R. Tibshirani, J. Friedman, "The elements of statistical learning", 2009, 3.4.1.
package struct RidgePath: Sendable {
    private let eigen: SymmetricEigen
    /// Vᵀ·ZᵀY.
    private let cross: Matrix
    private let count: Int

    /// Nil where the Gram is not finite.
    package init?(_ block: GramBlock) {
        guard let eigen = SymmetricEigen(block.gram) else { return nil }
        (self.eigen, count) = (eigen, block.count)
        cross = eigen.vectors.multiplied(by: block.cross)
    }

    /// Features × targets. `lambda`, above 0, counts per sample.
    package func weights(lambda: Double) -> Matrix { eigen.vectors.transposeMultiplied(by: shrunk(lambda)) }

    /// The one of `lambdas` with the least squared loss on `heldOut`; the first where none is finite.
    ///
    /// Complexity: O(features³ + λs × features² × targets).
    package func best(of lambdas: [Double], on heldOut: GramBlock) -> Double {
        let turned = eigen.vectors.multiplied(by: heldOut.gram).multiplied(by: eigen.vectors.transposed())
        let turnedCross = eigen.vectors.multiplied(by: heldOut.cross)
        let losses = lambdas.map { lambda -> Double in
            let weights = shrunk(lambda)
            let images = turned.multiplied(by: weights)
            var loss = heldOut.squares
            for index in weights.elements.indices {
                loss += weights.elements[index] * (images.elements[index] - 2 * turnedCross.elements[index])
            }
            return loss.isFinite ? loss : .infinity
        }
        let least = losses.indices.min { losses[$0] < losses[$1] }
        return least.map { lambdas[$0] } ?? 1
    }

    /// (D + λ)⁻¹·Vᵀ·ZᵀY. Eigenvalues that rounding made negative are zero.
    private func shrunk(_ lambda: Double) -> Matrix {
        var result = cross
        for row in 0..<result.rows {
            let divisor = max(eigen.values[row], 0) + lambda * Double(max(count, 1))
            for column in 0..<result.columns { result[row, column] /= divisor }
        }
        return result
    }
}
