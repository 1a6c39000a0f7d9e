internal import COpenBLAS

/// The eigenvalues and eigenvectors of a symmetric matrix: V · diag(values) · Vᵀ.
package struct SymmetricEigen: Hashable, Sendable {
    /// Ascending.
    package let values: [Double]
    /// Each row is an eigenvector, so this is Vᵀ.
    package let vectors: Matrix

    /// Nil where the iteration does not converge, as for elements that are not finite. Complexity: O(n³), one call of dsyevd.
    ///
    /// - Precondition: `matrix` is square; only one triangle of it is read.
    package init?(_ matrix: Matrix) {
        precondition(matrix.rows == matrix.columns, "a square matrix has eigenvalues")
        guard matrix.elements.allSatisfy(\.isFinite) else { return nil }
        var order = Int32(matrix.rows), status = Int32(0)
        var job = CChar(UInt8(ascii: "V")), lower = CChar(UInt8(ascii: "L"))
        var factor = matrix.elements, found = [Double](repeating: 0, count: matrix.rows)
        // The sizes that dsyevd's manual asks for when vectors are wanted.
        var workSize = Int32(1 + 6 * matrix.rows + 2 * matrix.rows * matrix.rows),
            integerSize = Int32(3 + 5 * matrix.rows)
        var work = [Double](repeating: 0, count: Int(workSize)),
            integers = [Int32](repeating: 0, count: Int(integerSize))
        if matrix.rows > 0 {
            unsafe dsyevd_(
                &job, &lower, &order, &factor, &order, &found, &work, &workSize, &integers, &integerSize, &status)
        }
        guard status == 0 else { return nil }
        // Columns of a column-major matrix are rows of ours.
        (values, vectors) = (found, Matrix(rows: matrix.rows, columns: matrix.rows, elements: factor))
    }
}
