/// Adam with decoupled weight decay.
///
/// D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015; I. Loshchilov, F. Hutter, "Decoupled weight
/// decay regularization", ICLR 2019.
package struct AdamW: ~Copyable {
    private static let secondDecay: Float = 0.999
    private static let epsilon: Float = 1e-8

    private let weightDecay: Float
    private var first: FloatMatrix, second: FloatMatrix
    /// β₁ᵗ and β₂ᵗ as they have been: β₁ may change from step to step.
    private var firstProduct: Float = 1, secondProduct: Float = 1

    package init(count: Int, weightDecay: Float) {
        self.weightDecay = weightDecay
        first = FloatMatrix(zeros: 1, count)
        second = FloatMatrix(zeros: 1, count)
    }

    /// One step down `gradient`. `momentum` is β₁. Complexity: linear, one pass.
    package mutating func step(
        _ parameters: inout FloatMatrix, gradient: borrowing FloatMatrix, rate: Float, momentum: Float
    ) {
        precondition(parameters.count == first.count && gradient.count == first.count, "a gradient a parameter")
        firstProduct *= momentum
        secondProduct *= Self.secondDecay
        let kept = 1 - rate * weightDecay, size = rate / (1 - firstProduct)
        let correction = 1 / (1 - secondProduct).squareRoot()
        let (p, g) = unsafe (parameters.storage, gradient.storage)
        let (m, v) = unsafe (first.storage, second.storage)
        for index in 0..<first.count {
            let slope = unsafe g[index]
            let mean = unsafe momentum * m[index] + (1 - momentum) * slope
            let square = unsafe Self.secondDecay * v[index] + (1 - Self.secondDecay) * slope * slope
            unsafe m[index] = mean
            unsafe v[index] = square
            unsafe p[index] = p[index] * kept - size * mean / (square.squareRoot() * correction + Self.epsilon)
        }
    }
}

/// Learning rate and momentum over a run: up along a cosine for the first fifth, down to almost nothing after, momentum the
/// other way.
///
/// L. Smith, N. Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018.
package struct OneCycle: Sendable {
    private static let rising = 0.2, first = 1.0 / 25, last = 1.0 / 250_000
    private static let highMomentum = 0.95, lowMomentum = 0.85

    private let highest: Double
    private let steps: Int

    /// - Precondition: `steps` ≥ 1.
    package init(highest: Double, steps: Int) {
        precondition(steps >= 1, "a run has steps")
        (self.highest, self.steps) = (highest, steps)
    }

    /// Of step `step`, counted from 0.
    package func callAsFunction(_ step: Int) -> (rate: Float, momentum: Float) {
        let top = max(Self.rising * Double(steps) - 1, 1e-9)
        let isRising = Double(step) <= top
        let share = isRising ? Double(step) / top : (Double(step) - top) / max(Double(steps) - 1 - top, 1)
        let (from, to) = isRising ? (Self.first, 1.0) : (1.0, Self.last)
        let (heavy, light) = (Self.highMomentum, Self.lowMomentum)
        let momentum = isRising ? Self.between(heavy, light, share) : Self.between(light, heavy, share)
        return (Float(highest * Self.between(from, to, share)), Float(momentum))
    }

    private static func between(_ from: Double, _ to: Double, _ share: Double) -> Double {
        to + (from - to) / 2 * (1 + cosineAndSine(turns: min(share, 1) / 2).cosine)
    }
}
