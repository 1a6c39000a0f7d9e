/// Draws from distributions of mean or deviation 1. The same seed gives the same draws on every machine.
extension SplitMix64 {
    /// Exponential of mean 1.
    package mutating func exponentialDraw() -> Double { -logarithm(1 - uniform()) }

    /// Normal of mean 0 and deviation 1, by the polar method (G. Marsaglia, T. Bray, "A convenient method for generating normal
    /// variables", 1964); the second of each pair is left, so that a draw depends on the generator alone.
    package mutating func normalDraw() -> Double {
        while true {
            let x = 2 * uniform() - 1, y = 2 * uniform() - 1
            let square = x * x + y * y
            if square > 0 && square < 1 { return x * (-2 * logarithm(square) / square).squareRoot() }
        }
    }

    /// Gamma of mean 1 and the given shape, whose coefficient of variation is 1/√shape (G. Marsaglia, W. Tsang, "A simple
    /// method for generating gamma variables", 2000).
    ///
    /// - Precondition: `shape` > 0.
    package mutating func gammaDraw(shape: Double) -> Double {
        precondition(shape > 0, "a gamma distribution has a shape above 0")
        guard shape >= 1 else {
            // One of a shape one greater, times a power of a uniform draw.
            let root = exponential(max(-exponentialDraw() / shape, -700))
            return gammaDraw(shape: shape + 1) * (shape + 1) / shape * root
        }
        let d = shape - 1.0 / 3, c = 1 / (9 * d).squareRoot()
        while true {
            let x = normalDraw(), t = 1 + c * x
            guard t > 0 else { continue }
            let v = t * t * t, u = 1 - uniform()
            if logarithm(u) < x * x / 2 + d * (1 - v + logarithm(v)) { return d * v / shape }
        }
    }
}
