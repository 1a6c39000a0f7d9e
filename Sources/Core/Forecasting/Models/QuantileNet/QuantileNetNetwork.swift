package import Kernels

/// Sizes of a quantile network, and where each layer's parameters lie in their one buffer.
///
/// Origin features → `hidden` → `embedding` → an offset of `hidden` units, shared by all steps of the origin; step features plus
/// that offset → `hidden` → `hidden` → a value a level. The pairs of an origin and a step share all parameters.
package struct QuantileNetShape: Hashable, Sendable {
    package static let hidden = 64, embedding = 32

    package let originFeatures: Int, stepFeatures: Int, levels: Int
    package let origin: FloatBlock, originBias: FloatBlock
    package let embedding: FloatBlock, embeddingBias: FloatBlock
    package let offset: FloatBlock, offsetBias: FloatBlock
    /// Step features × hidden; its bias is the offset.
    package let step: FloatBlock
    package let second: FloatBlock, secondBias: FloatBlock
    package let output: FloatBlock, outputBias: FloatBlock
    /// Parameters in all.
    package let count: Int

    package init(originFeatures: Int, stepFeatures: Int, levels: Int) {
        (self.originFeatures, self.stepFeatures, self.levels) = (originFeatures, stepFeatures, levels)
        var end = 0
        func block(_ rows: Int, _ columns: Int) -> FloatBlock {
            defer { end += rows * columns }
            return FloatBlock(offset: end, rows: rows, columns: columns)
        }
        (origin, originBias) = (block(originFeatures, Self.hidden), block(1, Self.hidden))
        (embedding, embeddingBias) = (block(Self.hidden, Self.embedding), block(1, Self.embedding))
        (offset, offsetBias) = (block(Self.embedding, Self.hidden), block(1, Self.hidden))
        step = block(stepFeatures, Self.hidden)
        (second, secondBias) = (block(Self.hidden, Self.hidden), block(1, Self.hidden))
        (output, outputBias) = (block(Self.hidden, levels), block(1, levels))
        count = end
    }

    /// Uniform within ±1/√inputs, the last layer 0, so that training starts from the base quantiles.
    package func initialParameters(using random: inout SplitMix64) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        let layers = [(origin, originBias), (embedding, embeddingBias), (offset, offsetBias), (second, secondBias)]
        for (weights, bias) in layers + [(step, FloatBlock(offset: 0, rows: 0, columns: 0))] {
            let bound = 1 / Double(max(1, weights.rows)).squareRoot()
            for index in Array(weights.offset..<weights.end) + Array(bias.offset..<bias.end) {
                values[index] = Float(bound * (2 * random.uniform() - 1))
            }
        }
        return values
    }
}

/// What goes into a network and what comes out, for a number of origins with as many steps each; buffers that are used again.
package struct QuantileNetPass: ~Copyable {
    package let shape: QuantileNetShape
    /// Steps of each origin.
    package let span: Int
    /// Origins × origin features, and origins · span × step features: the inputs.
    package var origins: FloatMatrix, steps: FloatMatrix
    /// Rows × levels: the quantiles, or their gradient. Holds the base quantiles before `forward`, which adds to them.
    package var output: FloatMatrix
    private var originHidden: FloatMatrix, embedded: FloatMatrix, offsets: FloatMatrix
    private var first: FloatMatrix, second: FloatMatrix

    /// Room for `origins` origins of `span` steps.
    package init(shape: QuantileNetShape, origins count: Int, span: Int) {
        let hidden = QuantileNetShape.hidden
        (self.shape, self.span) = (shape, span)
        origins = FloatMatrix(zeros: count, shape.originFeatures)
        steps = FloatMatrix(zeros: count * span, shape.stepFeatures)
        output = FloatMatrix(zeros: count * span, shape.levels)
        originHidden = FloatMatrix(zeros: count, hidden)
        embedded = FloatMatrix(zeros: count, QuantileNetShape.embedding)
        offsets = FloatMatrix(zeros: count, hidden)
        first = FloatMatrix(zeros: count * span, hidden)
        second = FloatMatrix(zeros: count * span, hidden)
    }

    /// Adds what the network says to `output`; drops units of the first hidden layer at `dropout`.
    /// Complexity: O(rows × hidden × (step features + hidden + levels)).
    package mutating func forward(_ parameters: borrowing FloatMatrix, dropout: Float, using random: inout SplitMix64) {
        fit()
        originHidden.setProduct(origins, parameters, block: shape.origin)
        originHidden.addAndRectify(parameters, block: shape.originBias, span: max(1, origins.rows))
        embedded.setProduct(originHidden, parameters, block: shape.embedding)
        embedded.add(parameters, block: shape.embeddingBias, span: max(1, origins.rows))
        offsets.setProduct(embedded, parameters, block: shape.offset)
        offsets.add(parameters, block: shape.offsetBias, span: max(1, origins.rows))
        first.setProduct(steps, parameters, block: shape.step)
        first.addAndRectify(offsets, block: offsets.whole, span: span)
        if dropout > 0 { first.drop(rate: dropout, using: &random) }
        second.setProduct(first, parameters, block: shape.second)
        second.addAndRectify(parameters, block: shape.secondBias, span: max(1, steps.rows))
        output.setProduct(second, parameters, block: shape.output, accumulate: true)
        output.add(parameters, block: shape.outputBias, span: max(1, steps.rows))
    }

    /// Fits the buffers to the inputs that were loaded.
    private mutating func fit() {
        precondition(steps.rows == origins.rows * span && output.rows == steps.rows, "as many steps an origin")
        originHidden.resize(rows: origins.rows)
        embedded.resize(rows: origins.rows)
        offsets.resize(rows: origins.rows)
        first.resize(rows: steps.rows)
        second.resize(rows: steps.rows)
    }

    /// The gradient of the parameters, from `output` holding that of the quantiles of the last `forward`, of the same
    /// `dropout`. Takes the activations for scratch. Complexity: twice `forward`.
    package mutating func backward(
        _ parameters: borrowing FloatMatrix, into gradient: inout FloatMatrix, dropout: Float,
        scratch: inout QuantileNetScratch
    ) {
        let rows = steps.rows, count = origins.rows
        scratch.fit(rows: rows, origins: count)
        gradient.setTransposedProduct(second, output, block: shape.output)
        gradient.setSums(of: output, span: rows, block: shape.outputBias)
        scratch.second.setProduct(output, transposed: parameters, block: shape.output)
        scratch.second.gate(by: second)
        gradient.setTransposedProduct(first, scratch.second, block: shape.second)
        gradient.setSums(of: scratch.second, span: rows, block: shape.secondBias)
        scratch.first.setProduct(scratch.second, transposed: parameters, block: shape.second)
        scratch.first.gate(by: first, scale: 1 / (1 - dropout))
        gradient.setTransposedProduct(steps, scratch.first, block: shape.step)
        scratch.offsets.setSums(of: scratch.first, span: span, block: scratch.offsets.whole)
        gradient.setTransposedProduct(embedded, scratch.offsets, block: shape.offset)
        gradient.setSums(of: scratch.offsets, span: count, block: shape.offsetBias)
        scratch.embedded.setProduct(scratch.offsets, transposed: parameters, block: shape.offset)
        gradient.setTransposedProduct(originHidden, scratch.embedded, block: shape.embedding)
        gradient.setSums(of: scratch.embedded, span: count, block: shape.embeddingBias)
        scratch.originHidden.setProduct(scratch.embedded, transposed: parameters, block: shape.embedding)
        scratch.originHidden.gate(by: originHidden)
        gradient.setTransposedProduct(origins, scratch.originHidden, block: shape.origin)
        gradient.setSums(of: scratch.originHidden, span: count, block: shape.originBias)
    }
}

/// Gradients of the activations, which only training needs.
package struct QuantileNetScratch: ~Copyable {
    fileprivate var originHidden: FloatMatrix, embedded: FloatMatrix, offsets: FloatMatrix
    fileprivate var first: FloatMatrix, second: FloatMatrix

    package init(origins: Int, span: Int) {
        let hidden = QuantileNetShape.hidden
        originHidden = FloatMatrix(zeros: origins, hidden)
        embedded = FloatMatrix(zeros: origins, QuantileNetShape.embedding)
        offsets = FloatMatrix(zeros: origins, hidden)
        first = FloatMatrix(zeros: origins * span, hidden)
        second = FloatMatrix(zeros: origins * span, hidden)
    }

    fileprivate mutating func fit(rows: Int, origins: Int) {
        originHidden.resize(rows: origins)
        embedded.resize(rows: origins)
        offsets.resize(rows: origins)
        first.resize(rows: rows)
        second.resize(rows: rows)
    }
}
