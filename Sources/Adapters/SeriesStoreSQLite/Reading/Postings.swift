internal import Series

/// Which series carry which label: one ascending list of hashes of labels with the numbers of series, eight bytes a label of a
/// series. It tells candidates: labels that share a hash are told apart by whoever reads the names of the series.
struct Postings: Sendable {
    /// A hash in the upper half, a number in the lower one.
    private var entries: [UInt64] = []

    /// What `merge` takes of a series with this label block.
    static func entries(_ number: UInt32, block: some RandomAccessCollection<UInt8>) -> [UInt64] {
        hashes(of: block).map { UInt64($0) << 32 | UInt64(number) }
    }

    /// Adds entries in any order; those that are there already change nothing.
    ///
    /// Complexity: O(k log k) in the added ones, and linear in all there are.
    mutating func merge(_ added: [UInt64]) {
        guard !added.isEmpty else { return }
        let added = added.sorted()
        var merged: [UInt64] = []
        merged.reserveCapacity(entries.count + added.count)
        var old = 0
        for entry in added {
            while old < entries.count, entries[old] <= entry {
                merged.append(entries[old])
                old += 1
            }
            if merged.last != entry { merged.append(entry) }
        }
        merged += entries[old...]
        entries = merged
    }

    /// The series under every one of the hashes, ascending; none where no hash is given.
    ///
    /// Complexity: linear in the series under the rarest of them, times the logarithm of all.
    func candidates(_ hashes: [UInt32]) -> [UInt32] {
        let ranges = hashes.map { hash in
            entries.partitioningIndex {
                $0 >> 32 >= UInt64(hash)
            }..<entries.partitioningIndex {
                $0 >> 32 > UInt64(hash)
            }
        }
        guard let rarest = ranges.min(by: { $0.count < $1.count }) else { return [] }
        var found: [UInt32] = []
        for entry in entries[rarest] {
            let number = UInt32(truncatingIfNeeded: entry)
            guard number != found.last, hashes.allSatisfy({ holds(UInt64($0) << 32 | UInt64(number)) }) else {
                continue
            }
            found.append(number)
        }
        return found
    }

    private func holds(_ entry: UInt64) -> Bool {
        let index = entries.partitioningIndex { $0 >= entry }
        return index < entries.count && entries[index] == entry
    }

    /// What the series that a selector means carry; a label whose value is empty is one that they lack.
    static func hashes(of selector: SeriesSelector) -> [UInt32] {
        let labels = selector.labels.filter { !$0.value.isEmpty }
        guard let key = try? SeriesKey(metric: selector.metric, labels: labels) else { return [] }
        return hashes(of: key.labelBlock)
    }

    /// FNV-1a over each label of a block, folded to 32 bits.
    private static func hashes(of block: some RandomAccessCollection<UInt8>) -> [UInt32] {
        var (hashes, rest) = ([UInt32](), block[...])
        while rest.popFirst() != nil {
            var (length, shift) = (0, 0)
            while let byte = rest.popFirst() {
                length |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 || shift > 28 { break }
            }
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in rest.prefix(length) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
            hashes.append(UInt32(truncatingIfNeeded: hash ^ hash >> 32))
            rest = rest.dropFirst(length)
        }
        return hashes
    }
}
