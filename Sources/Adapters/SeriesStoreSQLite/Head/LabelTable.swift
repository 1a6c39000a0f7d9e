/// Which series a label block names: an open-addressing table over one arena of bytes, so that a known series costs a hash
/// and a comparison and no allocation.
struct LabelTable {
    private struct Entry {
        let offset: Int, length: Int32
        let series: UInt32
    }

    private var arena: [UInt8] = []
    private var entries: [Entry] = []
    /// By hash: the number of an entry and one, 0 where free. Twice as many as entries, at least, and a power of two.
    private var slots = [UInt32](repeating: 0, count: 1 << 12)

    var count: Int { entries.count }
    /// Bytes held.
    var bytes: Int { arena.capacity + entries.capacity * MemoryLayout<Entry>.stride + slots.count * 4 }

    /// The series that the block names; nil where it has not been added.
    ///
    /// - Precondition: `range` is within `bytes`.
    func series(of bytes: [UInt8], in range: Range<Int>) -> UInt32? {
        unsafe bytes.withUnsafeBytes { all in
            unsafe find(UnsafeRawBufferPointer(rebasing: all[range])).map { entries[$0].series }
        }
    }

    /// Adds a block that is not there yet.
    mutating func add(_ block: ArraySlice<UInt8>, series: UInt32) {
        if 2 * (entries.count + 1) > slots.count { grow() }
        entries.append(Entry(offset: arena.count, length: Int32(block.count), series: series))
        arena.append(contentsOf: block)
        place(entries.count - 1)
    }

    private func find(_ block: UnsafeRawBufferPointer) -> Int? {
        var slot = Int(truncatingIfNeeded: unsafe Self.hash(block)) & (slots.count - 1)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1, entry = entries[number]
            if entry.length == block.count, unsafe isEqual(entry, block) { return number }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private func isEqual(_ entry: Entry, _ block: UnsafeRawBufferPointer) -> Bool {
        unsafe arena.withUnsafeBytes { arena in
            unsafe UnsafeRawBufferPointer(rebasing: arena[entry.offset..<entry.offset + block.count])
                .elementsEqualFast(block)
        }
    }

    private mutating func place(_ number: Int) {
        let entry = entries[number]
        let hash = unsafe arena.withUnsafeBytes { arena in
            unsafe Self.hash(UnsafeRawBufferPointer(rebasing: arena[entry.offset..<entry.offset + Int(entry.length)]))
        }
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = UInt32(number + 1)
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for number in entries.indices { place(number) }
    }

    /// Eight bytes at a time, each multiplied and folded; good enough to spread labels, and no defence against a sender
    /// that wants collisions: the bound on series is that.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = UInt64(bytes.count) &* 0x9E37_79B9_7F4A_7C15
        var position = 0
        while position + 8 <= bytes.count {
            hash = mixed(hash ^ (unsafe bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
            position += 8
        }
        var rest: UInt64 = 0
        while position < bytes.count {
            rest = rest << 8 | UInt64(unsafe bytes[position])
            position += 1
        }
        return mixed(hash ^ rest)
    }

    @inline(__always)
    private static func mixed(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are the same, eight at a time. Both are of one length.
    fileprivate func elementsEqualFast(_ other: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while position + 8 <= count {
            guard
                unsafe loadUnaligned(fromByteOffset: position, as: UInt64.self)
                    == other.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            else { return false }
            position += 8
        }
        while position < count {
            guard unsafe self[position] == other[position] else { return false }
            position += 1
        }
        return true
    }
}
