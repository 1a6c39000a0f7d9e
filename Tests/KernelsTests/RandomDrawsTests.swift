import Kernels
import Testing

/// Means, spreads and tails of the distributions that are drawn from.
@Suite struct RandomDrawsTests {
    private func moments(_ draw: (inout SplitMix64) -> Double) -> (mean: Double, variance: Double) {
        var rng = SplitMix64(seed: 7)
        let values = (0..<200_000).map { _ in draw(&rng) }
        let mean = values.reduce(0, +) / Double(values.count)
        return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
    }

    @Test func momentsAreThoseOfTheDistributions() {
        let normal = moments { $0.normalDraw() }
        #expect(abs(normal.mean) < 0.01 && abs(normal.variance - 1) < 0.02)
        let exponential = moments { $0.exponentialDraw() }
        #expect(abs(exponential.mean - 1) < 0.01 && abs(exponential.variance - 1) < 0.04)
        for shape in [0.1, 0.5, 1, 3, 25] {
            let gamma = moments { $0.gammaDraw(shape: shape) }
            #expect(abs(gamma.mean - 1) < 0.04, "shape \(shape)")
            #expect(abs(gamma.variance * shape - 1) < 0.1, "shape \(shape)")
        }
    }

    @Test func tailsAreThoseOfTheDistributions() {
        var rng = SplitMix64(seed: 8)
        let count = 200_000
        let far = (0..<count).count { _ in rng.exponentialDraw() > 3 }
        #expect(abs(Double(far) / Double(count) - 0.049787) < 0.003)
        let beyond = (0..<count).count { _ in rng.normalDraw() > 1.959964 }
        #expect(abs(Double(beyond) / Double(count) - 0.025) < 0.002)
    }
}
