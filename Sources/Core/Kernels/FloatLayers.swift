/// What lies between the products of a network, one pass over memory each.
extension FloatMatrix {
    /// Adds row i ÷ `span` of `block` to row i.
    ///
    /// - Precondition: `block` is as wide as self and has a row for every `span` rows.
    package mutating func add(_ bias: borrowing FloatMatrix, block: FloatBlock, span: Int) {
        checkRows(of: block, in: bias, span: span)
        for row in 0..<rows {
            let target = unsafe storage + row * columns
            let source = unsafe bias.storage + block.offset + row / span * columns
            for column in 0..<columns { unsafe target[column] += source[column] }
        }
    }

    /// As `add`, and what is then negative becomes 0: bias and ReLU at once.
    package mutating func addAndRectify(_ bias: borrowing FloatMatrix, block: FloatBlock, span: Int) {
        checkRows(of: block, in: bias, span: span)
        for row in 0..<rows {
            let target = unsafe storage + row * columns
            let source = unsafe bias.storage + block.offset + row / span * columns
            for column in 0..<columns {
                let sum = unsafe target[column] + source[column]
                unsafe target[column] = sum > 0 ? sum : 0
            }
        }
    }

    private func checkRows(of block: FloatBlock, in bias: borrowing FloatMatrix, span: Int) {
        precondition(span >= 1 && block.columns == columns && block.rows * span >= rows, "a bias that does not fit")
        precondition(block.offset >= 0 && block.end <= bias.count, "a block outside its matrix")
    }

    /// Drops each element with probability `rate`, to the nearest 2⁻⁸, and scales the others up by 1 / (1 - `rate`). Eight
    /// elements share a draw.
    ///
    /// N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.
    package mutating func drop(rate: Float, using random: inout SplitMix64) {
        precondition((0..<1).contains(rate), "a rate is at least 0 and below 1")
        let threshold = SIMD8<Float>(repeating: (rate * 256).rounded())
        let kept = SIMD8<Float>(repeating: 1 / (1 - rate))
        let whole = count & ~7
        for index in stride(from: 0, to: whole, by: 8) {
            let factors = Self.factors(random.next(), threshold, kept)
            let place = unsafe UnsafeMutableRawPointer(storage + index)
            unsafe place.storeBytes(of: place.loadUnaligned(as: SIMD8<Float>.self) * factors, as: SIMD8<Float>.self)
        }
        let factors = Self.factors(random.next(), threshold, kept)
        for place in 0..<count - whole { unsafe storage[whole + place] *= factors[place] }
    }

    private static func factors(
        _ draw: UInt64, _ threshold: SIMD8<Float>, _ kept: SIMD8<Float>
    ) -> SIMD8<Float> {
        let bytes = unsafe unsafeBitCast(draw, to: SIMD8<UInt8>.self)
        return SIMD8<Float>().replacing(with: kept, where: SIMD8<Float>(bytes) .>= threshold)
    }

    /// The gradient before a ReLU (and what dropped after it, with the `scale` of the kept) from that after it: 0 where
    /// `activations` are.
    package mutating func gate(by activations: borrowing FloatMatrix, scale: Float = 1) {
        precondition(activations.count == count, "a gradient an activation")
        for index in 0..<count {
            let value = unsafe storage[index] * scale
            unsafe storage[index] = activations.storage[index] > 0 ? value : 0
        }
    }

    /// Block `block` of self: its row i is the sum of rows i·`span` ..< (i+1)·`span` of `source`. The gradient of `add`.
    package mutating func setSums(of source: borrowing FloatMatrix, span: Int, block: FloatBlock) {
        precondition(
            span >= 1 && block.columns == source.columns && source.rows <= block.rows * span && block.offset >= 0
                && block.end <= count, "sums that do not fit")
        for row in 0..<block.rows {
            let target = unsafe storage + block.offset + row * block.columns
            for column in 0..<block.columns { unsafe target[column] = 0 }
            for from in min(row * span, source.rows)..<min((row + 1) * span, source.rows) {
                let values = unsafe source.storage + from * block.columns
                for column in 0..<block.columns { unsafe target[column] += values[column] }
            }
        }
    }

    /// self's rows hold a quantile a level; each becomes the gradient of the mean weighted pinball loss against its target,
    /// and the loss is returned. Rows of weight 0 count for nothing, and their target may be anything.
    ///
    /// R. Koenker, G. Bassett, "Regression quantiles", Econometrica 46, 1978.
    package mutating func setPinballGradient(targets: [Float], weights: [Float], levels: [Float]) -> Double {
        precondition(targets.count >= rows && weights.count >= rows && levels.count == columns, "a target a row")
        let scale = 1 / Float(max(1, count))
        var loss = 0.0
        unsafe levels.withUnsafeBufferPointer { levels in
            for row in 0..<rows {
                let line = unsafe storage + row * columns
                let target = weights[row] > 0 ? targets[row] : 0, weight = weights[row] * scale
                var sum: Float = 0
                for column in 0..<columns {
                    let level = unsafe levels[column]
                    let error = unsafe target - line[column]
                    let slope = error > 0 ? -level : 1 - level
                    sum -= slope * error
                    unsafe line[column] = slope * weight
                }
                loss += Double(sum * weight)
            }
        }
        return loss
    }
}
