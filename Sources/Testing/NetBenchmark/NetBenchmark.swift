import Forecasting
import Kernels

/// Trains the quantile network on random data and prints one line of JSON: samples a second, the rate of its products alone
/// and of a large one, in the same run on one thread. `scripts/bench-net` runs it beside PyTorch.
@main struct NetBenchmark {
    static func main() {
        useSingleThreadedBLAS()
        let sizes = Sizes()
        _ = sizes.trainingSeconds(epochs: 1)
        let training = (0..<3).map { _ in sizes.trainingSeconds(epochs: sizes.epochs) }.min() ?? 0
        let products = (0..<3).map { _ in sizes.productSeconds() }.min() ?? 0
        let peak = largestProductRate()
        let samples = Double(sizes.samples), rate = sizes.operations / products / 1e9
        print(
            """
            {"samplesPerSecond": \(Int(samples / training)), "secondsTraining": \(training), \
            "productShare": \(products / training), "productGigaflops": \(rate), "peakGigaflops": \(peak), \
            "fractionOfPeak": \(rate / peak)}
            """)
    }

    /// Billions of operations a second of sgemm on matrices that fill the cache.
    private static func largestProductRate() -> Double {
        let size = 1_024
        var random = SplitMix64(seed: 1)
        let numbers = (0..<size * size).map { _ in Float(random.uniform()) }
        let a = FloatMatrix(rows: size, columns: size, elements: numbers)
        var c = FloatMatrix(zeros: size, size)
        let rates = (0..<5).map { _ in
            let seconds = cpuSeconds { c.setProduct(a, a, block: a.whole) }
            return 2 * Double(size * size * size) / seconds / 1e9
        }
        return rates.max() ?? 0
    }
}

/// The sizes of a one-minute series with an hour's horizon.
private struct Sizes {
    let origins = 4_000, horizon = 60, epochs = 12
    let shape = QuantileNetShape(originFeatures: 38, stepFeatures: 62, levels: 11)
    let recipe = QuantileNetRecipe()

    var learnt: Int { origins * 85 / 100 }
    var batches: Int { learnt / recipe.batchOrigins }
    var rows: Int { recipe.batchOrigins * recipe.batchSteps }
    var samples: Int { epochs * batches * rows }

    func trainingSeconds(epochs: Int) -> Double {
        let lesson = lesson()
        var recipe = recipe
        recipe.epochs = epochs
        return cpuSeconds {
            var training = QuantileNetTraining(lesson, recipe: recipe, seed: 1)
            _ = training.run(lesson)
        }
    }

    private func lesson() -> QuantileNetLesson {
        var random = SplitMix64(seed: 2)
        func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(2 * random.uniform() - 1) } }
        let levels: [Float] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]
        return QuantileNetLesson(
            shape: shape, horizon: horizon, levels: levels, originFeatures: numbers(origins * shape.originFeatures),
            stepFeatures: numbers(origins * horizon * shape.stepFeatures), targets: numbers(origins * horizon),
            weights: [Float](repeating: 1, count: origins * horizon), base: numbers(horizon * levels.count),
            learnt: Array(0..<learnt), heldOut: [learnt])
    }

    /// Multiplications and additions of the products over rows in all epochs; those over origins are a hundredth of them.
    var operations: Double {
        let hidden = QuantileNetShape.hidden
        let forward = shape.stepFeatures * hidden + hidden * hidden + hidden * shape.levels
        let backward = 2 * forward - shape.stepFeatures * hidden
        return 2 * Double(forward + backward) * Double(samples)
    }

    /// The same products on the same shapes, and nothing else.
    func productSeconds() -> Double {
        let hidden = QuantileNetShape.hidden
        let parameters = FloatMatrix(zeros: 1, shape.count)
        var gradient = FloatMatrix(zeros: 1, shape.count)
        let steps = FloatMatrix(zeros: rows, shape.stepFeatures)
        var first = FloatMatrix(zeros: rows, hidden), second = FloatMatrix(zeros: rows, hidden)
        var output = FloatMatrix(zeros: rows, shape.levels), back = FloatMatrix(zeros: rows, hidden)
        return cpuSeconds {
            for _ in 0..<epochs * batches {
                first.setProduct(steps, parameters, block: shape.step)
                second.setProduct(first, parameters, block: shape.second)
                output.setProduct(second, parameters, block: shape.output, accumulate: true)
                gradient.setTransposedProduct(second, output, block: shape.output)
                back.setProduct(output, transposed: parameters, block: shape.output)
                gradient.setTransposedProduct(first, back, block: shape.second)
                first.setProduct(back, transposed: parameters, block: shape.second)
                gradient.setTransposedProduct(steps, first, block: shape.step)
            }
        }
    }
}
