internal import COpenBLAS

/// Why a factorisation failed.
package struct NotPositiveDefinite: Error, Hashable, Sendable {
    /// The order of the leading minor that is not positive.
    package let order: Int
    package init(order: Int) { self.order = order }
}

extension Matrix {
    /// `self` × `other`. Complexity: O(rows × columns × other.columns), one call of dgemm.
    ///
    /// - Precondition: the inner sizes agree.
    package func multiplied(by other: Matrix) -> Matrix {
        precondition(columns == other.rows, "inner sizes differ")
        return product(other, transposed: false, inner: columns, outer: rows)
    }

    /// `selfᵀ` × `other`. Complexity: as `multiplied(by:)`.
    package func transposeMultiplied(by other: Matrix) -> Matrix {
        precondition(rows == other.rows, "inner sizes differ")
        return product(other, transposed: true, inner: rows, outer: columns)
    }

    private func product(_ other: Matrix, transposed: Bool, inner: Int, outer: Int) -> Matrix {
        var result = Matrix(zeros: outer, other.columns)
        guard inner > 0, outer > 0, other.columns > 0 else { return result }
        unsafe elements.withUnsafeBufferPointer { a in
            unsafe other.elements.withUnsafeBufferPointer { b in
                unsafe result.elements.withUnsafeMutableBufferPointer { c in
                    unsafe cblas_dgemm(
                        CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, Int32(outer),
                        Int32(other.columns), Int32(inner), 1, a.baseAddress, Int32(columns), b.baseAddress,
                        Int32(other.columns), 0, c.baseAddress, Int32(other.columns))
                }
            }
        }
        return result
    }

    /// `selfᵀ` × `self`, both triangles filled. Complexity: O(rows × columns²), half of a dgemm.
    package func gram() -> Matrix {
        var result = Matrix(zeros: columns, columns)
        guard rows > 0, columns > 0 else { return result }
        unsafe elements.withUnsafeBufferPointer { a in
            unsafe result.elements.withUnsafeMutableBufferPointer { c in
                unsafe cblas_dsyrk(
                    CblasRowMajor, CblasUpper, CblasTrans, Int32(columns), Int32(rows), 1, a.baseAddress,
                    Int32(columns), 0, c.baseAddress, Int32(columns))
            }
        }
        for i in 0..<columns {
            for j in 0..<i { result[i, j] = result[j, i] }
        }
        return result
    }

    /// The solution X of `self` · X = `right` by Cholesky's factorisation. Complexity: O(n³/3 + n² × right.columns).
    ///
    /// - Precondition: `self` is square, symmetric, and `right` has as many rows.
    package func solvedPositiveDefinite(_ right: Matrix) throws(NotPositiveDefinite) -> Matrix {
        precondition(rows == columns && right.rows == rows, "a square system with a right side to match")
        var factor = elements
        var (order, status) = (Int32(rows), Int32(0))
        var lower = CChar(UInt8(ascii: "L"))
        unsafe dpotrf_(&lower, &order, &factor, &order, &status)
        guard status == 0 else { throw NotPositiveDefinite(order: Int(status)) }
        // LAPACK is column-major: the right side goes in transposed and comes out so.
        var columnMajor = right.transposed()
        var count = Int32(right.columns)
        unsafe dpotrs_(&lower, &order, &count, &factor, &order, &columnMajor.elements, &order, &status)
        guard status == 0 else { throw NotPositiveDefinite(order: Int(status)) }
        return columnMajor.transposed()
    }

    package func transposed() -> Matrix {
        var result = Matrix(zeros: columns, rows)
        for i in 0..<rows {
            for j in 0..<columns { result[j, i] = self[i, j] }
        }
        return result
    }
}

/// Ridge weights W (features × targets) that minimise |Z·W − Y|² + λ|W|², from ZᵀZ and ZᵀY.
/// `lambda`, above 0, is added to the diagonal. Throws where that leaves the sum not positive definite.
package func ridge(gram: Matrix, cross: Matrix, lambda: Double) throws(NotPositiveDefinite) -> Matrix {
    var regularised = gram
    for i in 0..<gram.rows { regularised[i, i] += lambda }
    return try regularised.solvedPositiveDefinite(cross)
}
