package import Ports
package import Series
package import Units

/// A chunk that cannot be read, by what its row says; or a list of chunks.
package struct LostChunk: Hashable, Sendable {
    /// Both within it.
    package let first: Timestamp, last: Timestamp
    /// Nil for a list: which chunks of which series were in it is lost too.
    package let samples: Int?
    package let reason: String
}

/// Where the samples of a series lie, and about how many there are: a sample written twice may be counted twice.
package struct SeriesExtent: Hashable, Sendable {
    /// Both within it.
    package let first: Timestamp, last: Timestamp
    package let samples: Int
}

/// Reading that passes over damage and tells it, for whoever wants what is left.
extension HeadStore {
    /// Nil where there are none. No chunk is read for it; damaged lists of chunks that it may have some in count with their times.
    package func extent(of key: SeriesKey) async throws(StoreError) -> SeriesExtent? {
        let fresh = freshRun(of: key, in: .always)
        let stored = try await database.extent(of: key)
        let first = [stored?.first, fresh.times.first].compactMap(\.self).min()
        let last = [stored?.last, fresh.times.last].compactMap(\.self).max()
        guard let first, let last else { return nil }
        return SeriesExtent(
            first: Timestamp(millisecondsSinceEpoch: first), last: Timestamp(millisecondsSinceEpoch: last),
            samples: (stored?.samples ?? 0) + fresh.times.count)
    }

    /// As `samples(of:in:)`, but for the damaged chunks, and lists of chunks, that touch the range: those are told.
    package func soundSamples(
        of key: SeriesKey, in range: Range<Timestamp>
    ) async throws(StoreError) -> (samples: SampleColumns, lost: [LostChunk]) {
        let fresh = freshRun(of: key, in: range)
        let (stored, lost) = try await database.soundRun(of: key, in: range)
        return (SampleColumns(Run.merged([stored, fresh])), lost)
    }
}

extension SQLiteStore {
    fileprivate func extent(of key: SeriesKey) async throws(StoreError) -> (first: Int64, last: Int64, samples: Int)? {
        try await read { database in
            guard let series = try SeriesTable(database).number(of: key) else { return nil }
            let (rows, damaged) = try ChunkDirectory(database).soundChunks(of: series, from: .min, to: .max)
            let first = (rows.map(\.start) + damaged.map(\.start)).min()
            let last = (rows.map(\.last) + damaged.map(\.last)).max()
            guard let first, let last else { return nil }
            return (first, last, rows.reduce(0) { $0 + $1.count })
        }
    }

    fileprivate func soundRun(
        of key: SeriesKey, in range: Range<Timestamp>
    ) async throws(StoreError) -> (run: Run, lost: [LostChunk]) {
        try await read { database in
            guard let series = try SeriesTable(database).number(of: key) else { return (Run(), []) }
            let (from, to) = (range.lowerBound.millisecondsSinceEpoch, range.upperBound.millisecondsSinceEpoch)
            var (reader, runs, lost) = (ChunkReader(database), [Run](), [LostChunk]())
            let (rows, damaged) = try ChunkDirectory(database).soundChunks(of: series, from: from, to: to)
            for list in damaged { lost.append(LostChunk(list)) }
            for row in rows {
                switch try reader.readOrTell(row) {
                case .success(let run): runs.append(run.within(from, to))
                case .failure(let damage): lost.append(LostChunk(row, damage))
                }
            }
            return (Run.merged(runs), lost)
        }
    }
}

extension LostChunk {
    fileprivate init(_ row: ChunkRow, _ damage: ChunkDamage) {
        self.init(
            first: Timestamp(millisecondsSinceEpoch: row.start), last: Timestamp(millisecondsSinceEpoch: row.last),
            samples: row.count, reason: damage.description)
    }

    fileprivate init(_ list: DamagedList) {
        self.init(
            first: Timestamp(millisecondsSinceEpoch: list.start), last: Timestamp(millisecondsSinceEpoch: list.last),
            samples: nil, reason: list.damage.description)
    }
}
