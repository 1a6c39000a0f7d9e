internal import COpenBLAS

/// Products on single-precision matrices, each one call of sgemm: O(rows × inner × columns).
extension FloatMatrix {
    /// self = `a` · `b`, or added to it; `b` is `block` of its matrix.
    ///
    /// - Precondition: `a` is rows × inner, `block` inner × columns.
    package mutating func setProduct(
        _ a: borrowing FloatMatrix, _ b: borrowing FloatMatrix, block: FloatBlock, accumulate: Bool = false
    ) {
        precondition(a.rows == rows && a.columns == block.rows && block.columns == columns, "sizes differ")
        precondition(block.offset >= 0 && block.end <= b.count, "a block outside its matrix")
        guard rows > 0, columns > 0, a.columns > 0 else { return }
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(a.columns), 1, a.storage,
            Int32(a.columns), b.storage + block.offset, Int32(columns), accumulate ? 1 : 0, storage, Int32(columns))
    }

    /// self = `a` · `b`ᵀ, or added to it; `b` is `block` of its matrix.
    ///
    /// - Precondition: `a` is rows × inner, `block` columns × inner.
    package mutating func setProduct(
        _ a: borrowing FloatMatrix, transposed b: borrowing FloatMatrix, block: FloatBlock, accumulate: Bool = false
    ) {
        precondition(a.rows == rows && a.columns == block.columns && block.rows == columns, "sizes differ")
        precondition(block.offset >= 0 && block.end <= b.count, "a block outside its matrix")
        guard rows > 0, columns > 0, a.columns > 0 else { return }
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(columns), Int32(a.columns), 1, a.storage,
            Int32(a.columns), b.storage + block.offset, Int32(a.columns), accumulate ? 1 : 0, storage, Int32(columns))
    }

    /// Block `block` of self = `a`ᵀ · `b`, or added to it.
    ///
    /// - Precondition: `a` is inner × block.rows, `b` inner × block.columns.
    package mutating func setTransposedProduct(
        _ a: borrowing FloatMatrix, _ b: borrowing FloatMatrix, block: FloatBlock, accumulate: Bool = false
    ) {
        precondition(a.rows == b.rows && a.columns == block.rows && b.columns == block.columns, "sizes differ")
        precondition(block.offset >= 0 && block.end <= count, "a block outside its matrix")
        guard a.rows > 0, a.columns > 0, b.columns > 0 else { return }
        unsafe cblas_sgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, Int32(a.columns), Int32(b.columns), Int32(a.rows), 1, a.storage,
            Int32(a.columns), b.storage, Int32(b.columns), accumulate ? 1 : 0, storage + block.offset,
            Int32(b.columns))
    }
}
