/// A part of a `FloatMatrix`'s storage read as a matrix of its own: how the layers of a network share one buffer.
package struct FloatBlock: Hashable, Sendable {
    /// Elements before its first.
    package let offset: Int
    package let rows: Int, columns: Int

    package init(offset: Int, rows: Int, columns: Int) {
        (self.offset, self.rows, self.columns) = (offset, rows, columns)
    }

    package var count: Int { rows * columns }
    package var end: Int { offset + count }
}

/// A dense matrix of single-precision numbers, row-major, on a cache line's boundary, allocated once and used again.
///
/// It cannot be copied, so that a training loop cannot allocate by accident. The kernels on it are in `FloatProducts`,
/// `FloatLayers` and `AdamW`; each checks shapes once and is unsafe only inside.
@safe package struct FloatMatrix: ~Copyable {
    /// At most as many as it was made with.
    package private(set) var rows: Int
    package let columns: Int
    private let capacity: Int
    let storage: UnsafeMutablePointer<Float>

    package init(zeros rows: Int, _ columns: Int) {
        precondition(rows >= 0 && columns >= 0, "a matrix is rows × columns")
        (self.rows, self.columns, capacity) = (rows, columns, rows)
        let bytes = max(1, rows * columns) * MemoryLayout<Float>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        unsafe storage = unsafe raw.bindMemory(to: Float.self, capacity: max(1, rows * columns))
        unsafe storage.initialize(repeating: 0, count: max(1, rows * columns))
    }

    package init(rows: Int, columns: Int, elements: [Float]) {
        self.init(zeros: rows, columns)
        load(elements)
    }

    deinit { unsafe storage.deallocate() }

    package var count: Int { rows * columns }
    package var whole: FloatBlock { FloatBlock(offset: 0, rows: rows, columns: columns) }

    /// Makes it shorter, or as long again as it was made; what the rows hold is kept.
    package mutating func resize(rows newRows: Int) {
        precondition((0...capacity).contains(newRows), "a buffer does not grow")
        rows = newRows
    }

    package subscript(row: Int, column: Int) -> Float {
        get {
            precondition((0..<rows).contains(row) && (0..<columns).contains(column), "outside the matrix")
            return unsafe storage[row * columns + column]
        }
        set {
            precondition((0..<rows).contains(row) && (0..<columns).contains(column), "outside the matrix")
            unsafe storage[row * columns + column] = newValue
        }
    }

    /// A copy, row after row.
    package var elements: [Float] { unsafe Array(UnsafeBufferPointer(start: storage, count: count)) }

    package mutating func load(_ elements: [Float]) {
        precondition(elements.count == count, "as many elements as the matrix holds")
        unsafe elements.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { unsafe storage.update(from: start, count: source.count) }
        }
    }

    package mutating func copy(_ other: borrowing FloatMatrix) {
        precondition(other.count == count, "as many elements as the matrix holds")
        unsafe storage.update(from: other.storage, count: count)
    }

    /// Row i becomes row `numbers[i]` of `source`, whose rows are as long as this matrix's. Complexity: O(rows × columns).
    package mutating func gather(_ source: [Float], rows numbers: [Int]) {
        resize(rows: numbers.count)
        let available = columns == 0 ? 0 : source.count / columns
        unsafe source.withUnsafeBufferPointer { from in
            guard let start = from.baseAddress else {
                return precondition(numbers.isEmpty, "nothing to take rows from")
            }
            for (row, number) in numbers.enumerated() {
                precondition((0..<available).contains(number), "a row that the source has not")
                unsafe (storage + row * columns).update(from: start + number * columns, count: columns)
            }
        }
    }
}
