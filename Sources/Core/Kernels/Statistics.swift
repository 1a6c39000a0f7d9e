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
    let rank = Int((Double(sorted.count + 1) * level).rounded(.up))
    return sorted[sorted.index(sorted.startIndex, offsetBy: min(max(rank, 1), sorted.count) - 1)]
}

/// The median; NaN when empty. Complexity: O(n log n).
package func median(_ values: some Sequence<Double>) -> Double { quantile(ofSorted: values.sorted(), 0.5) }
