import Forecasting
import Kernels
import Series
import Testing
import Units

/// Blocks of a Gram, and the weights of every λ.
@Suite struct GramTests {
    private func samples(_ rows: Int, _ random: inout SplitMix64) -> (x: Matrix, y: Matrix) {
        let x = (0..<rows * 6).map { _ in random.uniform() - 0.5 }
        let y = (0..<rows * 3).map { _ in random.uniform() - 0.5 }
        return (Matrix(rows: rows, columns: 6, elements: x), Matrix(rows: rows, columns: 3, elements: y))
    }

    private func differ(_ a: Matrix, _ b: Matrix) -> Double {
        let size = max(b.elements.map(abs).max() ?? 0, 1e-300)
        return zip(a.elements, b.elements).map { abs($0 - $1) / size }.max() ?? 0
    }

    /// Blocks add up to the block of all their samples.
    @Test func blocksAddUp() {
        for seed in UInt64(0)..<20 {
            var random = SplitMix64(seed: seed)
            let (x, y) = samples(30, &random)
            var sum = GramBlock(x: x.rows(0..<7), y: y.rows(0..<7))
            sum += GramBlock(x: x.rows(7..<30), y: y.rows(7..<30))
            let whole = GramBlock(x: x, y: y)
            #expect(sum.count == 30 && abs(sum.squares - whole.squares) < 1e-12 * whole.squares)
            #expect(differ(sum.gram, whole.gram) < 1e-13 && differ(sum.cross, whole.cross) < 1e-12)
        }
    }

    @Test func theWeightsOfEveryLambdaAreThoseOfItsOwnSystem() throws {
        for seed in UInt64(0)..<20 {
            var random = SplitMix64(seed: seed)
            let (x, y) = samples(40, &random)
            let path = try #require(RidgePath(GramBlock(x: x, y: y)))
            for lambda in [1e-4, 1e-2, 1] {
                let direct = try ridge(gram: x.gram(), cross: x.transposeMultiplied(by: y), lambda: 40 * lambda)
                #expect(differ(path.weights(lambda: lambda), direct) < 1e-10)
            }
        }
    }

    /// The loss from the held-out Gram picks what the errors themselves pick.
    @Test func lambdaIsTheOneWithTheLeastHeldOutError() throws {
        var chosen: Set<Double> = []
        for seed in UInt64(0)..<40 {
            var random = SplitMix64(seed: seed)
            let (x, noise) = samples(12, &random), (heldX, heldNoise) = samples(30, &random)
            let truth = Matrix(rows: 6, columns: 3, elements: (0..<18).map { _ in random.uniform() - 0.5 })
            var (y, heldY) = (x.multiplied(by: truth), heldX.multiplied(by: truth))
            y += noise
            heldY += heldNoise
            let path = try #require(RidgePath(GramBlock(x: x, y: y)))
            let lambdas = [1e-3, 1e-2, 1e-1, 1.0]
            let losses = lambdas.map { lambda in
                zip(heldX.multiplied(by: path.weights(lambda: lambda)).elements, heldY.elements)
                    .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            }
            let best = path.best(of: lambdas, on: GramBlock(x: heldX, y: heldY))
            #expect(lambdas.firstIndex(of: best) == losses.indices.min { losses[$0] < losses[$1] })
            chosen.insert(best)
        }
        #expect(chosen.count > 1)
    }

    @Test func eigenvectorsMakeTheMatrix() throws {
        for size in [0, 1, 2, 7, 30] {
            var random = SplitMix64(seed: UInt64(size))
            let x = Matrix(
                rows: size + 3, columns: size, elements: (0..<(size + 3) * size).map { _ in random.uniform() })
            let gram = x.gram(), eigen = try #require(SymmetricEigen(gram))
            var scaled = eigen.vectors
            for row in 0..<size {
                for column in 0..<size { scaled[row, column] *= eigen.values[row] }
            }
            #expect(differ(eigen.vectors.transposeMultiplied(by: scaled), gram) < 1e-12)
            #expect(zip(eigen.values, eigen.values.dropFirst()).allSatisfy(<=))
        }
        #expect(SymmetricEigen(Matrix(rows: 1, columns: 1, elements: [.nan])) == nil)
    }

    /// A level that repeats every seven seasons is seen to, and one that wanders is left where it is.
    @Test func levelsGoOnAsTheyHave() {
        let weekly = (0..<42).map { 10 + Double([0, 1, 1, 1, 0, -4, -5][$0 % 7]) }
        let next = PeriodLevels(weekly, cycle: 7).next(9)
        #expect(zip(next, weekly).allSatisfy { abs($0 - $1) < 0.2 }, "\(next)")
        #expect(PeriodLevels([3], cycle: 7).next(2) == [3, 3])
        #expect(PeriodLevels([5, 5, 5, 5, 5, 5], cycle: 0).next(3).allSatisfy { abs($0 - 5) < 1e-9 })
    }
}
