/// Values with weights, sorted, to take quantiles of.
struct WeightedSample {
    /// Ascending, with what each weighs.
    private let entries: [(value: Double, weight: Double)]
    private let total: Double

    /// Entries that weigh nothing are left out. Complexity: O(n log n).
    init(_ entries: [(value: Double, weight: Double)]) {
        // Equal values are in the order of their weights, so that the same entries always give the same sums.
        self.entries = entries.filter { $0.weight > 0 }.sorted { $0 < $1 }
        total = self.entries.reduce(0) { $0 + $1.weight }
    }

    var isEmpty: Bool { entries.isEmpty }

    /// The values at `levels`, which ascend: linear between neighbours, the outermost beyond them; zeros when empty.
    ///
    /// Each value stands in the middle of its weight, and one more row of weight 1 counts as not seen yet: with equal
    /// weights the k-th of n stands at k / (n + 1), which is where an exchangeable next one is below it so often.
    /// Complexity: O(n + levels).
    func quantiles(_ levels: [Double]) -> [Double] {
        guard let last = entries.last else { return Array(repeating: 0, count: levels.count) }
        var result: [Double] = []
        var (index, before) = (0, 0.0), previous: (at: Double, value: Double)?
        for level in levels {
            while index < entries.count {
                let at = position(index, after: before)
                if at >= level { break }
                previous = (at, entries[index].value)
                before += entries[index].weight
                index += 1
            }
            guard index < entries.count else {
                result.append(last.value)
                continue
            }
            let at = position(index, after: before), value = entries[index].value
            let below = previous ?? (at, value)
            let share = at > below.at ? (level - below.at) / (at - below.at) : 1
            result.append(below.value + min(max(share, 0), 1) * (value - below.value))
        }
        return result
    }

    private func position(_ index: Int, after before: Double) -> Double {
        (before + (entries[index].weight + 1) / 2) / (total + 1)
    }

    /// The smallest value that at least the share `level` of the weight lies at or below; 0 when empty. For counts, where
    /// nothing lies between.
    func step(_ level: Double) -> Double {
        var sum = 0.0
        for entry in entries {
            sum += entry.weight
            if sum >= level * total { return entry.value }
        }
        return entries.last?.value ?? 0
    }
}
