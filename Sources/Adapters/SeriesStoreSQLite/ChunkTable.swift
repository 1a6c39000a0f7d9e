internal import Foundation
internal import GRDB
internal import Series

/// The times and values of one chunk, or of several merged.
struct Run: Hashable, Sendable {
    var times: [Int64] = []
    var values: [Double] = []

    /// One run of several, given in the order they were written: ascending in time, of equal times the last written counts.
    ///
    /// Complexity: linear where they follow one another in time, else O(n log n).
    static func merged(_ runs: [Run]) -> Run {
        let ascending = runs.filter { !$0.times.isEmpty }.sorted { ($0.times.first ?? 0) < ($1.times.first ?? 0) }
        let isApart = zip(ascending, ascending.dropFirst()).allSatisfy { ($0.times.last ?? 0) < ($1.times.first ?? 0) }
        var all = Run()
        for run in isApart ? ascending : runs {
            all.times += run.times
            all.values += run.values
        }
        return isApart ? all : all.sortedByTime()
    }

    /// Ascending in time; of equal times the one that stands last stays.
    func sortedByTime() -> Run {
        if zip(times, times.dropFirst()).allSatisfy(<) { return self }
        let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
        var sorted = Run()
        sorted.times.reserveCapacity(times.count)
        sorted.values.reserveCapacity(times.count)
        for index in order {
            if sorted.times.last == times[index] {
                sorted.values[sorted.values.count - 1] = values[index]
            } else {
                sorted.times.append(times[index])
                sorted.values.append(values[index])
            }
        }
        return sorted
    }

    /// The part within [`from`, `to`), of a run that ascends. Complexity: O(log n) and the size of the part.
    func within(_ from: Int64, _ to: Int64) -> Run {
        let first = times.partitioningIndex { $0 >= from }, end = times.partitioningIndex { $0 >= to }
        guard first > 0 || end < times.count else { return self }
        guard first < end else { return Run() }
        return Run(times: Array(times[first..<end]), values: Array(values[first..<end]))
    }
}

/// Reads chunks, keeping the block read last: neighbours often lie in one.
struct ChunkReader {
    private let database: Database
    private var block: (number: Int64, bytes: [UInt8])?

    init(_ database: Database) { self.database = database }

    /// The rows of a series whose times touch [`from`, `to`), in the order they were written.
    func rows(of series: Int64, from: Int64, to: Int64) throws -> [ChunkRow] {
        try ChunkDirectory(database).chunks(of: series, from: from, to: to)
    }

    mutating func read(_ row: ChunkRow) throws -> Run {
        if block?.number != row.block {
            let statement = try database.cachedStatement(sql: "SELECT data FROM block WHERE id = ?")
            let data = try Data.fetchOne(statement, arguments: [row.block])
            block = (row.block, data.map { Array($0) } ?? [])
        }
        let bytes = block?.bytes ?? []
        guard row.offset >= 0, row.size > 0, row.size <= bytes.count, row.offset <= bytes.count - row.size
        else {
            throw ChunkDamage("block \(row.block) does not hold the chunk at \(row.offset)")
        }
        let (times, values) = try Chunk.decode(bytes[row.offset..<row.offset + row.size])
        guard times.count == row.count, times.first == row.start, times.last == row.last else {
            throw ChunkDamage("block \(row.block): the chunk at \(row.offset) is not the one its row speaks of")
        }
        return Run(times: times, values: values)
    }

    /// The samples of a chunk, or what is wrong with it; throws where the database itself cannot be read.
    mutating func readOrTell(_ row: ChunkRow) throws -> Result<Run, ChunkDamage> {
        do { return .success(try read(row)) } catch let damage as ChunkDamage {
            return .failure(damage)
        } catch let error as ChunkError {
            return .failure(ChunkDamage("block \(row.block), the chunk at \(row.offset): \(error)"))
        }
    }

    /// The samples of every chunk; nil where one of them is damaged.
    mutating func readAll(_ rows: [ChunkRow]) throws -> [Run]? {
        var runs: [Run] = []
        for row in rows {
            guard case .success(let run) = try readOrTell(row) else { return nil }
            runs.append(run)
        }
        return runs
    }

    /// The samples of a series within [`from`, `to`), ascending.
    mutating func samples(of series: Int64, from: Int64, to: Int64) throws -> Run {
        var runs: [Run] = []
        for row in try rows(of: series, from: from, to: to) { runs.append(try read(row).within(from, to)) }
        return Run.merged(runs)
    }
}

struct ChunkDamage: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Packs chunks of many series into blocks, so that a small chunk costs no page of its own.
struct BlockWriter {
    /// A block is written once it holds as much.
    private static let blockBytes = 64 << 10

    private let database: Database
    private var bytes: [UInt8] = []
    private var pending: [NewChunk] = []

    init(_ database: Database) { self.database = database }

    /// Adds a run, which ascends, as one or more chunks.
    mutating func append(_ run: Run, of series: Int64) throws {
        for first in stride(from: 0, to: run.times.count, by: Chunk.maximumCount) {
            let end = min(first + Chunk.maximumCount, run.times.count)
            let whole = first == 0 && end == run.times.count
            let times = whole ? run.times : Array(run.times[first..<end])
            let values = whole ? run.values : Array(run.values[first..<end])
            let chunk = Chunk.encode(times: times, values: values)
            pending.append(
                NewChunk(
                    series: series, start: times[0], last: times[times.count - 1], count: times.count,
                    offset: bytes.count, size: chunk.count))
            bytes += chunk
            if bytes.count >= Self.blockBytes { try finish() }
        }
    }

    /// Writes what is pending. To be called at the end.
    mutating func finish() throws {
        guard !pending.isEmpty else { return }
        let block = try database.cachedStatement(sql: "INSERT INTO block (data) VALUES (?)")
        try block.execute(arguments: [Data(bytes)])
        try ChunkDirectory(database).add(pending, block: database.lastInsertedRowID)
        bytes.removeAll(keepingCapacity: true)
        pending.removeAll(keepingCapacity: true)
    }
}
