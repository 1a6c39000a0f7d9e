import Kernels
import Testing

@Suite struct FloatKernelsTests {
    @Test func productsAgreeWithSums() {
        for seed in UInt64(0)..<40 {
            var rng = SplitMix64(seed: seed)
            let (m, n, k) = (size(&rng), size(&rng), size(&rng))
            let a = numbers(m * k, &rng), b = numbers(k * n, &rng), start = numbers(m * n, &rng)
            var expected = start
            for i in 0..<m {
                for j in 0..<n { for l in 0..<k { expected[i * n + j] += a[i * k + l] * b[l * n + j] } }
            }
            let left = FloatMatrix(rows: m, columns: k, elements: a)
            // The right side lies inside a larger buffer.
            let right = FloatMatrix(rows: 1, columns: 3 + k * n, elements: [9, 9, 9] + b)
            let block = FloatBlock(offset: 3, rows: k, columns: n)
            var c = FloatMatrix(rows: m, columns: n, elements: start)
            c.setProduct(left, right, block: block, accumulate: true)
            #expect(distance(c.elements, expected) < 1e-5, "seed \(seed)")
            let turned = FloatMatrix(rows: 1, columns: n * k, elements: transposed(b, k, n))
            c.load(start)
            c.setProduct(
                left, transposed: turned, block: FloatBlock(offset: 0, rows: n, columns: k), accumulate: true)
            #expect(distance(c.elements, expected) < 1e-5, "seed \(seed)")
            let upright = FloatMatrix(rows: k, columns: m, elements: transposed(a, m, k))
            let plain = FloatMatrix(rows: k, columns: n, elements: b)
            var buffer = FloatMatrix(rows: 1, columns: 2 + m * n, elements: [7, 7] + start)
            buffer.setTransposedProduct(
                upright, plain, block: FloatBlock(offset: 2, rows: m, columns: n), accumulate: true)
            #expect(distance(buffer.elements, [7, 7] + expected) < 1e-5, "seed \(seed)")
        }
    }

    @Test func biasesAreSharedBySpans() {
        var matrix = FloatMatrix(rows: 4, columns: 2, elements: [1, -5, 2, -6, 3, 3, -4, 8])
        let bias = FloatMatrix(rows: 1, columns: 5, elements: [99, 1, 2, -3, -4])
        matrix.addAndRectify(bias, block: FloatBlock(offset: 1, rows: 2, columns: 2), span: 2)
        #expect(matrix.elements == [2, 0, 3, 0, 0, 0, 0, 4])
        var sums = FloatMatrix(zeros: 2, 2)
        sums.setSums(of: matrix, span: 2, block: sums.whole)
        #expect(sums.elements == [5, 0, 0, 4])
        var gradient = FloatMatrix(rows: 4, columns: 2, elements: [Float](repeating: 3, count: 8))
        gradient.gate(by: matrix, scale: 2)
        #expect(gradient.elements == [6, 0, 6, 0, 0, 0, 0, 6])
    }

    @Test func rowsAreGathered() {
        var matrix = FloatMatrix(zeros: 3, 2)
        matrix.gather([1, 2, 3, 4, 5, 6], rows: [2, 0])
        #expect(matrix.rows == 2 && matrix.elements == [5, 6, 1, 2])
    }

    /// What is kept is scaled up so that the sum stays about the same; the same seed drops the same.
    @Test func dropoutKeepsTheMean() {
        for seed in UInt64(0)..<10 {
            let ones = [Float](repeating: 1, count: 10_007)
            var a = FloatMatrix(rows: 1, columns: ones.count, elements: ones)
            var b = FloatMatrix(rows: 1, columns: ones.count, elements: ones)
            var first = SplitMix64(seed: seed), second = SplitMix64(seed: seed)
            a.drop(rate: 0.25, using: &first)
            b.drop(rate: 0.25, using: &second)
            let kept = a.elements.count { $0 > 0 }
            #expect(a.elements == b.elements && a.elements.allSatisfy { $0 == 0 || abs($0 - 4.0 / 3) < 1e-6 })
            #expect(abs(Double(kept) / 10_007 - 0.75) < 0.03, "seed \(seed)")
        }
    }

    @Test func pinballGradientIsThatOfItsLoss() {
        let levels: [Float] = [0.1, 0.5, 0.95]
        for seed in UInt64(0)..<20 {
            var rng = SplitMix64(seed: seed)
            let rows = 5, outputs = numbers(rows * 3, &rng), targets = numbers(rows, &rng)
            var weights = numbers(rows, &rng).map { $0 + 2 }
            weights[2] = 0
            func loss(_ values: [Float]) -> Double {
                var matrix = FloatMatrix(rows: rows, columns: 3, elements: values)
                return matrix.setPinballGradient(targets: targets, weights: weights, levels: levels)
            }
            var matrix = FloatMatrix(rows: rows, columns: 3, elements: outputs)
            _ = matrix.setPinballGradient(targets: targets, weights: weights, levels: levels)
            // Away from the kink the loss is linear, so that a wide difference is exact.
            for index in outputs.indices where abs(targets[index / 3] - outputs[index]) > 0.02 {
                var (up, down) = (outputs, outputs)
                up[index] += 0.01
                down[index] -= 0.01
                let slope = (loss(up) - loss(down)) / 0.02
                #expect(abs(slope - Double(matrix.elements[index])) < 1e-4, "seed \(seed)")
            }
            #expect(matrix.elements[6..<9] == [0, 0, 0])
        }
    }

    /// Under a constant slope both means are the slope itself after their correction: every step is known in closed form.
    @Test func adamStepsAreThoseOfTheirDefinition() {
        for momentum: Float in [0.85, 0.95] {
            var parameters = FloatMatrix(rows: 1, columns: 3, elements: [1, -2, 0.5])
            let gradient = FloatMatrix(rows: 1, columns: 3, elements: [0.3, -7, 0])
            var optimiser = AdamW(count: 3, weightDecay: 0.1)
            var expected: [Float] = [1, -2, 0.5]
            for _ in 0..<25 {
                optimiser.step(&parameters, gradient: gradient, rate: 0.01, momentum: momentum)
                let directions: [Float] = [1, -1, 0]
                for index in 0..<3 { expected[index] = expected[index] * 0.999 - 0.01 * directions[index] }
                #expect(distance(parameters.elements, expected) < 1e-4)
            }
        }
    }

    @Test func oneCycleRisesAndFalls() {
        let cycle = OneCycle(highest: 1, steps: 101)
        #expect(abs(cycle(0).rate - 0.04) < 1e-6 && abs(cycle(0).momentum - 0.95) < 1e-6)
        #expect(cycle(19).rate > 0.99 && cycle(19).momentum < 0.852)
        #expect(cycle(100).rate < 1e-5 && abs(cycle(100).momentum - 0.95) < 1e-6)
        #expect((1..<19).allSatisfy { cycle($0).rate > cycle($0 - 1).rate })
        #expect((21..<101).allSatisfy { cycle($0).rate < cycle($0 - 1).rate })
        #expect(OneCycle(highest: 1, steps: 1)(0).rate.isFinite)
    }

    private func size(_ rng: inout SplitMix64) -> Int { Int(rng.next() % 9) + 1 }

    private func numbers(_ count: Int, _ rng: inout SplitMix64) -> [Float] {
        (0..<count).map { _ in Float(2 * rng.uniform() - 1) }
    }

    private func transposed(_ a: [Float], _ rows: Int, _ columns: Int) -> [Float] {
        (0..<columns).flatMap { column in (0..<rows).map { a[$0 * columns + column] } }
    }

    private func distance(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).map { abs($0 - $1) }.max() ?? 0 }
}
