import Kernels
import Testing

@Suite("Selection")
struct SelectionTests {
    /// Values with many, few and no equal ones among them, in random order and in orders that are bad for a pivot.
    private func lists(_ random: inout SplitMix64, count: Int) -> [[Double]] {
        let drawn = (0..<count).map { _ in random.uniform() }
        let coarse = drawn.map { ($0 * 5).rounded() }
        let organ = (0..<count).map { Double(min($0, count - $0)) }
        return [drawn, coarse, drawn.sorted(), drawn.sorted(by: >), organ, drawn.map { _ in 1.5 }]
    }

    @Test(
        "whatever the order, the ranks asked for hold what sorting would put there, and what lies between lies between")
    func putsRanksInPlace() {
        for seed in 0..<40 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let count = 1 + Int(random.next() % 700)
            for list in lists(&random, count: count) {
                let ranks = Set((0..<1 + seed % 12).map { _ in Int(random.next() % UInt64(count)) }).sorted()
                let sorted = list.sorted()
                var ordered = list
                ordered.order(at: ranks)
                #expect(ranks.map { ordered[$0] } == ranks.map { sorted[$0] }, "seed \(seed), \(count) values")
                for (part, next) in zip([-1] + ranks, ranks + [count]) {
                    #expect(ordered[(part + 1)..<next].sorted() == Array(sorted[(part + 1)..<next]), "seed \(seed)")
                }
            }
        }
    }

    @Test("quantiles of values in any order are those of the sorted values")
    func agreesWithSorting() {
        let levels = [0, 0.01, 0.1, 0.1, 0.5, 0.95, 0.999, 1]
        for seed in 0..<40 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            for list in lists(&random, count: 1 + Int(random.next() % 300)) {
                let sorted = list.sorted()
                #expect(quantiles(of: list, levels) == levels.map { quantile(ofSorted: sorted, $0) }, "seed \(seed)")
                #expect(
                    conformalQuantiles(of: list, levels) == levels.map { conformalQuantile(ofSorted: sorted, $0) },
                    "seed \(seed)")
            }
        }
    }

    @Test("of nothing there is no quantile, and a conformal one is 0")
    func nothing() {
        #expect(quantiles(of: [], [0.5]).first?.isNaN == true)
        #expect(conformalQuantiles(of: [], [0.5, 0.9]) == [0, 0])
        var empty: [Double] = []
        empty.order(at: [])
        #expect(empty.isEmpty)
    }
}
