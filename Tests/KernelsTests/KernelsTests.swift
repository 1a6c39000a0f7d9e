import Kernels
import Testing

@Suite struct KernelsTests {
    @Test func productsAgreeWithSums() {
        for seed in UInt64(0)..<40 {
            var rng = SplitMix64(seed: seed)
            let a = randomMatrix(Int(rng.next() % 7) + 1, Int(rng.next() % 7) + 1, &rng)
            let b = randomMatrix(a.columns, Int(rng.next() % 7) + 1, &rng)
            let product = a.multiplied(by: b)
            for i in 0..<a.rows {
                for j in 0..<b.columns {
                    let sum = (0..<a.columns).reduce(0) { $0 + a[i, $1] * b[$1, j] }
                    #expect(abs(product[i, j] - sum) < 1e-12, "seed \(seed)")
                }
            }
            let other = a.transposed().multiplied(by: a)
            #expect(distance(a.gram(), other) < 1e-12, "seed \(seed)")
            #expect(distance(a.transposeMultiplied(by: a), other) < 1e-12, "seed \(seed)")
        }
    }

    @Test func choleskySolvesWhatWasMultiplied() throws {
        for seed in UInt64(0)..<40 {
            var rng = SplitMix64(seed: seed)
            let n = Int(rng.next() % 12) + 1
            var system = randomMatrix(n + 3, n, &rng).gram()
            for i in 0..<n { system[i, i] += 0.1 }
            let solution = randomMatrix(n, 3, &rng)
            let found = try system.solvedPositiveDefinite(system.multiplied(by: solution))
            #expect(distance(found, solution) < 1e-8, "seed \(seed)")
        }
    }

    @Test func choleskyRefusesWhatIsNotPositiveDefinite() {
        let indefinite = Matrix(rows: 2, columns: 2, elements: [1, 2, 2, 1])
        #expect(throws: NotPositiveDefinite(order: 2)) {
            _ = try indefinite.solvedPositiveDefinite(Matrix(rows: 2, columns: 1, elements: [1, 1]))
        }
    }

    @Test func ridgeShrinksTowardsZero() throws {
        // One feature: the weight is xy / (xx + λ).
        let gram = Matrix(rows: 1, columns: 1, elements: [4]), cross = Matrix(rows: 1, columns: 1, elements: [8])
        let weight = try ridge(gram: gram, cross: cross, lambda: 4).elements[0]
        #expect(abs(weight - 1) < 1e-15)
    }

    @Test func rowsAreCutOutAndSummed() {
        var sum = Matrix(rows: 3, columns: 2, elements: [1, 2, 3, 4, 5, 6]).rows(1..<3)
        #expect(sum == Matrix(rows: 2, columns: 2, elements: [3, 4, 5, 6]))
        sum += sum
        #expect(sum.elements == [6, 8, 10, 12] && sum.rows(1..<1).rows == 0)
    }

    /// The sums of large products are split over threads, and come out the same without.
    @Test func oneThreadGivesTheSameProducts() {
        var rng = SplitMix64(seed: 3)
        let a = randomMatrix(400, 90, &rng)
        let before = a.gram()
        useSingleThreadedBLAS()
        #expect(distance(a.gram(), before) < 1e-10 && a.gram() == a.gram())
    }

    @Test func quantilesInterpolateAndConformalOnesDoNot() {
        let sorted = [1.0, 2, 3, 4, 5]
        #expect(quantile(ofSorted: sorted, 0.5) == 3 && quantile(ofSorted: sorted, 0.625) == 3.5)
        #expect(conformalQuantile(ofSorted: sorted, 0.5) == 3 && conformalQuantile(ofSorted: sorted, 0.95) == 5)
        #expect(quantile(ofSorted: [Double](), 0.5).isNaN && median([3, 1, 2]) == 2)
    }

    @Test func elementaryFunctionsAreAccurate() {
        #expect(cosineAndSine(turns: 0.25).sine == 1 && cosineAndSine(turns: 1.5).cosine == -1)
        #expect(abs(cosineAndSine(turns: 1.0 / 12).sine - 0.5) < 1e-15)
        for seed in UInt64(0)..<200 {
            var rng = SplitMix64(seed: seed)
            let turns = rng.uniform() * 20 - 10, (c, s) = cosineAndSine(turns: turns)
            #expect(abs(c * c + s * s - 1) < 1e-14, "seed \(seed)")
            let x = rng.uniform() * 1e6 + 1e-9
            #expect(abs(exponential(logarithm(x)) / x - 1) < 1e-13, "seed \(seed)")
        }
        #expect(logarithm(1) == 0 && abs(exponential(1) - 2.718_281_828_459_045) < 1e-14)
    }

    private func randomMatrix(_ rows: Int, _ columns: Int, _ rng: inout SplitMix64) -> Matrix {
        Matrix(rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in rng.uniform() * 2 - 1 })
    }

    private func distance(_ a: Matrix, _ b: Matrix) -> Double {
        zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? 0
    }
}
