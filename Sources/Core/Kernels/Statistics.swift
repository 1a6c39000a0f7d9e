/// The `level` quantile of values that are sorted ascending: linear between neighbours (R's type 7); NaN when empty.
package func quantile(ofSorted sorted: some RandomAccessCollection<Double>, _ level: Double) -> Double {
    guard let first = sorted.first else { return .nan }
    guard sorted.count > 1 else { return first }
    let position = level * Double(sorted.count - 1)
    let lower = Int(position)
    let index = sorted.index(sorted.startIndex, offsetBy: lower)
    guard lower + 1 < sorted.count else { return sorted[index] }
    return sorted[index] + (position - Double(lower)) * (sorted[sorted.index(after: index)] - sorted[index])
}

/// The split-conformal `level` quantile of `n` sorted scores: the ⌈(n+1)·level⌉-th, the largest where that is past the end.
///
/// V. Vovk, A. Gammerman, G. Shafer, "Algorithmic learning in a random world", 2005.
package func conformalQuantile(ofSorted sorted: some RandomAccessCollection<Double>, _ level: Double) -> Double {
    guard !sorted.isEmpty else { return 0 }
    return sorted[sorted.index(sorted.startIndex, offsetBy: conformalRank(level, of: sorted.count))]
}

/// Counted from 0.
private func conformalRank(_ level: Double, of count: Int) -> Int {
    min(max(Int((Double(count + 1) * level).rounded(.up)), 1), count) - 1
}

/// `quantile(ofSorted:)` of values in any order, at each of `levels`, which ascend. Complexity: O(n · log levels).
package func quantiles(of values: [Double], _ levels: [Double]) -> [Double] {
    guard !values.isEmpty else { return levels.map { _ in .nan } }
    let lower = levels.map { Int($0 * Double(values.count - 1)) }
    var ordered = values
    ordered.order(at: Set(lower.flatMap { [$0, min($0 + 1, values.count - 1)] }).sorted())
    return levels.map { quantile(ofSorted: ordered, $0) }
}

/// `conformalQuantile(ofSorted:)` of values in any order, at each of `levels`, which ascend. Complexity: O(n · log levels).
package func conformalQuantiles(of values: [Double], _ levels: [Double]) -> [Double] {
    guard !values.isEmpty else { return levels.map { _ in 0 } }
    var ordered = values
    ordered.order(at: levels.map { conformalRank($0, of: values.count) })
    return levels.map { conformalQuantile(ofSorted: ordered, $0) }
}

/// The median; NaN when empty. Complexity: O(n log n).
package func median(_ values: some Sequence<Double>) -> Double { quantile(ofSorted: values.sorted(), 0.5) }
