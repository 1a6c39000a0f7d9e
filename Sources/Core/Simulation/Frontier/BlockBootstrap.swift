import Kernels

/// The moving-block bootstrap: a stretch of time made anew from blocks of itself, which may begin anywhere and overlap, so that what
/// goes together within a block stays together (H. Künsch, "The jackknife and the bootstrap for general stationary
/// observations", 1989). The same seed gives the same draws.
struct BlockBootstrap: Sendable {
    static let confidence = 0.95

    /// Each as long as the stretch, the last block cut short.
    let draws: [[Range<Int>]]

    /// `blockCells` is at most the cells there are.
    init(_ cells: Range<Int>, blockCells: Int, resamples: Int, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let starts = cells.count - blockCells + 1
        draws = (0..<resamples).map { _ in
            var left = cells.count
            var blocks: [Range<Int>] = []
            while left > 0 {
                let start = cells.lowerBound + Int(generator.uniform() * Double(starts))
                let length = min(left, blockCells)
                blocks.append(start..<start + length)
                left -= length
            }
            return blocks
        }
    }

    /// The bounds of what `statistic` gives for the draws. Where it is undefined for more than one draw in twenty, nil.
    func interval(_ estimate: Double, of statistic: ([Range<Int>]) -> Double?) -> Interval? {
        let values = draws.compactMap(statistic).filter(\.isFinite).sorted()
        guard !values.isEmpty, 20 * values.count >= 19 * draws.count else { return nil }
        let tail = (1 - Self.confidence) / 2
        return Interval(
            low: min(estimate, quantile(ofSorted: values, tail)), estimate: estimate,
            high: max(estimate, quantile(ofSorted: values, 1 - tail)))
    }
}
