internal import GRDB
package import Ports
package import Series
package import Units

extension SQLiteStore {
    /// Series looked up in one read at most, whatever the limit on samples.
    static let keysAtOnce = 1_024
    /// As many at most are looked up together, as neighbours share a page of labels.
    private static let keysLookedUp = 64

    package func keys(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesKey] {
        try await read { [index] database in
            let table = SeriesTable(database)
            let candidates = try selector.flatMap { selector throws -> [UInt32]? in
                guard selector.namesLabels else { return nil }
                return try index.candidates(selector, generation: try table.removals()) { place, take in
                    try table.blocks(addedAfter: place, take)
                }
            }
            let keys =
                try candidates.map { try table.keys(of: $0.map(Int64.init)) }
                ?? table.all(of: selector?.metric).map(\.key)
            return keys.filter { selector?.matches($0) ?? true }.sorted()
        }
    }

    package func keys(
        matching selector: SeriesSelector?, in range: Range<Timestamp>
    ) async throws(StoreError) -> [SeriesKey] {
        try await keys(try await keys(matching: selector), with: range)
    }

    /// Those of `keys` that have a sample within `range`. A damaged chunk counts as holding one.
    func keys(_ keys: [SeriesKey], with range: Range<Timestamp>) async throws(StoreError) -> [SeriesKey] {
        try await read { database in
            let (from, to) = (range.lowerBound.millisecondsSinceEpoch, range.upperBound.millisecondsSinceEpoch)
            let (table, directory) = (SeriesTable(database), ChunkDirectory(database))
            var (reader, found) = (ChunkReader(database), [SeriesKey]())
            for first in stride(from: 0, to: keys.count, by: Self.keysAtOnce) {
                let some = keys[first..<min(first + Self.keysAtOnce, keys.count)]
                let numbers = try table.numbers(of: some)
                let chunks = try directory.chunks(ofEach: numbers.compactMap(\.self), from: from, to: to)
                for (key, number) in zip(some, numbers) {
                    guard let number, let rows = chunks[number] else { continue }
                    if try Self.holdSamples(rows, from: from, to: to, &reader) { found.append(key) }
                }
            }
            return found
        }
    }

    /// Whether one of these chunks, which touch the range, has a sample in it.
    private static func holdSamples(
        _ rows: [ChunkRow], from: Int64, to: Int64, _ reader: inout ChunkReader
    ) throws -> Bool {
        // Where a chunk reaches beyond both ends, only a look inside tells.
        if rows.contains(where: { $0.start >= from || $0.last < to }) { return true }
        return try rows.contains { row in
            guard case .success(let run) = try reader.readOrTell(row) else { return true }
            return !run.within(from, to).times.isEmpty
        }
    }

    package func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        SampleColumns(try await run(of: key, in: range))
    }

    func run(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> Run {
        try await runs(ofFirst: [key], in: range, limit: .max).first ?? Run()
    }

    package func samples(
        ofFirst keys: ArraySlice<SeriesKey>, in range: Range<Timestamp>, limit: Int
    ) async throws(StoreError) -> [SampleColumns] {
        try await runs(ofFirst: keys, in: range, limit: limit).map { SampleColumns($0) }
    }

    /// The runs of the first of `keys`, of as many as hold about `limit` samples, and of one at least.
    ///
    /// Chunks are read in the order in which they lie in the file, so that a block that holds chunks of many series is read once.
    func runs(
        ofFirst keys: ArraySlice<SeriesKey>, in range: Range<Timestamp>, limit: Int
    ) async throws(StoreError) -> [Run] {
        try await read { database in
            let (from, to) = (range.lowerBound.millisecondsSinceEpoch, range.upperBound.millisecondsSinceEpoch)
            let table = SeriesTable(database)
            var reader = ChunkReader(database)
            var (asked, chunks, samples) = (0, [(slot: Int, row: ChunkRow)](), 0.0)
            // More and more at once: neighbours share pages and lists, but what is beyond the limit is looked up in vain.
            var (rest, size) = (keys.prefix(Self.keysAtOnce), 1)
            while !rest.isEmpty, asked == 0 || samples < Double(limit) {
                let numbers = try table.numbers(of: rest.prefix(size))
                let found = try ChunkDirectory(database).chunks(ofEach: numbers.compactMap(\.self), from: from, to: to)
                for series in numbers {
                    if let series {
                        let rows = found[series] ?? []
                        samples += rows.reduce(0) { $0 + $1.samples(from: from, to: to) }
                        chunks += rows.map { (asked, $0) }
                    }
                    asked += 1
                    if samples >= Double(limit) { break }
                }
                rest = rest.dropFirst(size)
                size = min(2 * size, Self.keysLookedUp)
            }
            if asked > 1 { chunks.sort { ($0.row.block, $0.row.offset) < ($1.row.block, $1.row.offset) } }
            var runs = [[Run]](repeating: [], count: asked)
            for chunk in chunks { runs[chunk.slot].append(try reader.read(chunk.row).within(from, to)) }
            return runs.map(Run.merged)
        }
    }
}

extension ChunkRow {
    /// About how many of its samples lie within [`from`, `to`), were they evenly spread.
    fileprivate func samples(from: Int64, to: Int64) -> Double {
        let span = Double(last) - Double(start) + 1
        return Double(count) * max(0, min(Double(to), Double(last) + 1) - max(Double(from), Double(start))) / span + 1
    }
}

extension SampleColumns {
    init(_ run: Run) {
        self.init(timestamps: run.times.map { Timestamp(millisecondsSinceEpoch: $0) }, values: run.values)
    }
}

extension Run {
    func within(_ range: Range<Timestamp>) -> Run {
        within(range.lowerBound.millisecondsSinceEpoch, range.upperBound.millisecondsSinceEpoch)
    }
}

extension SeriesSelector {
    /// Whether labels narrow it down, and an index is of use.
    var namesLabels: Bool { labels.contains { !$0.value.isEmpty } }
}

extension Range<Timestamp> {
    static var always: Self { Timestamp(millisecondsSinceEpoch: .min)..<Timestamp(millisecondsSinceEpoch: .max) }

    func contains(milliseconds: Int64) -> Bool {
        lowerBound.millisecondsSinceEpoch <= milliseconds && milliseconds < upperBound.millisecondsSinceEpoch
    }
}
