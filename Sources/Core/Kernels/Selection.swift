extension Array where Element == Double {
    /// Orders the elements so far that at each of `ranks` stands the one that sorting would put there, none greater before it
    /// and none smaller after it.
    ///
    /// C. A. R. Hoare, "Algorithm 65: find", CACM 4, 1961, for several ranks at once. Complexity: O(n · log ranks) as a rule,
    /// O(n log n) at worst.
    ///
    /// - Precondition: `ranks` ascend and are indices; no element is NaN.
    package mutating func order(at ranks: [Int]) {
        let depth = 2 * (Int.bitWidth - count.leadingZeroBitCount)
        order(0..<count, ranks[...], depth: depth)
    }

    /// Parts too short to be cut, and those that too many cuts have hardly shortened, are sorted.
    private mutating func order(_ part: Range<Int>, _ ranks: ArraySlice<Int>, depth: Int) {
        guard !ranks.isEmpty else { return }
        guard part.count > 24, depth > 0 else {
            replaceSubrange(part, with: self[part].sorted())
            return
        }
        let equal = cut(part)
        order(part.lowerBound..<equal.lowerBound, ranks.prefix { $0 < equal.lowerBound }, depth: depth - 1)
        order(equal.upperBound..<part.upperBound, ranks.drop { $0 < equal.upperBound }, depth: depth - 1)
    }

    /// Moves what is smaller than the middle of three elements before what is greater; what lies between is equal to it.
    private mutating func cut(_ part: Range<Int>) -> Range<Int> {
        let candidates = [part.lowerBound, part.lowerBound + part.count / 2, part.upperBound - 1].map { self[$0] }
        let pivot = Swift.max(
            Swift.min(candidates[0], candidates[1]),
            Swift.min(Swift.max(candidates[0], candidates[1]), candidates[2]))
        var (low, high) = (part.lowerBound, part.upperBound - 1)
        while low <= high {
            while low <= high, self[low] < pivot { low += 1 }
            while low <= high, self[high] > pivot { high -= 1 }
            guard low <= high else { break }
            swapAt(low, high)
            (low, high) = (low + 1, high - 1)
        }
        return high + 1..<low
    }
}
