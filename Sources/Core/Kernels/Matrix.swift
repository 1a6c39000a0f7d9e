/// A dense matrix of doubles, row-major and contiguous.
package struct Matrix: Hashable, Sendable {
    package let rows: Int
    package let columns: Int
    /// `rows` × `columns`, row after row.
    package var elements: [Double]

    package init(rows: Int, columns: Int, elements: [Double]) {
        precondition(rows >= 0 && columns >= 0 && elements.count == rows * columns, "a matrix is rows × columns")
        (self.rows, self.columns, self.elements) = (rows, columns, elements)
    }

    package init(zeros rows: Int, _ columns: Int) {
        self.init(rows: rows, columns: columns, elements: [Double](repeating: 0, count: rows * columns))
    }

    package subscript(row: Int, column: Int) -> Double {
        get { elements[row * columns + column] }
        set { elements[row * columns + column] = newValue }
    }

    package func row(_ row: Int) -> ArraySlice<Double> { elements[row * columns..<(row + 1) * columns] }
}

extension Matrix {
    /// The rows of `range`, copied.
    package func rows(_ range: Range<Int>) -> Matrix {
        let part = elements[range.lowerBound * columns..<range.upperBound * columns]
        return Matrix(rows: range.count, columns: columns, elements: Array(part))
    }

    /// The rows of those numbers, copied.
    package func rows(numbered numbers: [Int]) -> Matrix {
        var copied: [Double] = []
        copied.reserveCapacity(numbers.count * columns)
        for number in numbers { copied.append(contentsOf: row(number)) }
        return Matrix(rows: numbers.count, columns: columns, elements: copied)
    }

    /// Adds element by element.
    ///
    /// - Precondition: both have the same shape.
    package static func += (sum: inout Matrix, other: Matrix) {
        precondition(sum.rows == other.rows && sum.columns == other.columns, "shapes differ")
        for i in sum.elements.indices { sum.elements[i] += other.elements[i] }
    }
}
