internal import Foundation
internal import GRDB
package import Ports
internal import Series

/// What a look at every byte found.
package struct StoreReport: Hashable, Sendable {
    package let series: Int, chunks: Int, samples: Int, blocks: Int
    /// Each a sentence; empty where all is well.
    package let problems: [String]
}

extension SQLiteStore {
    /// Merges the small chunks of each series into large ones and gives back the space of those before.
    ///
    /// Page by page of series, some hundred in a transaction, so that readers and writers get their turn. A series with a damaged
    /// chunk stays as it is. Returns how many chunks there were and are.
    package func compact() async throws(StoreError) -> (before: Int, after: Int) {
        let before = try await chunkCount()
        var next: Int64 = 0
        while let reached = try await compactSome(after: next) { next = reached }
        try await write { try Self.removeEmptyBlocks($0) }
        return (before, try await chunkCount())
    }

    /// Rewrites the file without its holes. Needs as much free disk again as the file is large.
    package func vacuum() async throws(StoreError) {
        do {
            try await pool.barrierWriteWithoutTransaction { database in
                try database.execute(sql: "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Reads every chunk and asks SQLite for the rest.
    package func check() async throws(StoreError) -> StoreReport {
        var segmentProblems: [String] = []
        let files = SegmentFiles(database: path), flushed = try await flushedSegment()
        for number in try files.numbers() where number > flushed {
            let findings = LogRecord.read(try files.content(number)) { _, _ in
            } sample: { _, _, _ in
            }
            if let problem = findings.problem(in: files.path(number)) { segmentProblems.append(problem) }
        }
        let report = try await checkDatabase()
        return StoreReport(
            series: report.series, chunks: report.chunks, samples: report.samples, blocks: report.blocks,
            problems: report.problems + segmentProblems)
    }

    private func checkDatabase() async throws(StoreError) -> StoreReport {
        try await read { database in
            var problems = try String.fetchAll(database, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
            problems += try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").prefix(20).map {
                "table \($0[0] as String): a row refers to one that is not there"
            }
            let known = try Self.checkSeries(database, &problems)
            var reader = ChunkReader(database)
            var (chunks, samples) = (0, 0)
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM chunk ORDER BY block, offset")
            while let row = try rows.next() {
                do {
                    try ChunkDirectory.forEach(row) { chunk in
                        (chunks, samples) = (chunks + 1, samples + chunk.count)
                        guard problems.count < 100 else { return }
                        if !known.contains(chunk.series) { problems.append("series \(chunk.series): has no labels") }
                        if case .failure(let damage) = try reader.readOrTell(chunk) {
                            problems.append("series \(chunk.series): \(damage)")
                        }
                    }
                } catch let damage as ChunkDamage { problems.append("\(damage)") }
            }
            problems += try Self.rollupProblems(database)
            return StoreReport(
                series: known.count, chunks: chunks, samples: samples,
                blocks: try Int.fetchOne(database, sql: "SELECT count(*) FROM block") ?? 0, problems: problems)
        }
    }

    /// The numbers of all series whose labels can be read and that their hashes lead to.
    private static func checkSeries(_ database: Database, _ problems: inout [String]) throws -> Set<Int64> {
        var known: Set<Int64> = []
        let find = try database.cachedStatement(sql: "SELECT 1 FROM series_hash WHERE hash = ? AND series = ?")
        for metric in try String.fetchAll(database, sql: "SELECT name FROM metric ORDER BY id") {
            do {
                for (number, key) in try SeriesTable(database).all(of: metric) {
                    known.insert(number)
                    let isFound = try Int.fetchOne(find, arguments: [CanonicalBlock(key).hash, number]) != nil
                    if !isFound { problems.append("series \(number): its labels do not lead to it") }
                }
            } catch let error where error is ChunkDamage || error is SeriesNameError {
                problems.append("the series of \(metric): \(error)")
            }
        }
        return known
    }

    private func chunkCount() async throws(StoreError) -> Int {
        try await read { database in
            var count = 0
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM chunk")
            while let row = try rows.next() {
                do { try ChunkDirectory.forEach(row) { _ in count += 1 } } catch is ChunkDamage {}
            }
            return count
        }
    }

    /// Compacts the series that need it of some pages after `page`; the last of them, nil where none is left.
    private func compactSome(after page: Int64) async throws(StoreError) -> Int64? {
        try await write { database in
            let pages = try Int64.fetchAll(
                database, sql: "SELECT id FROM series_page WHERE id > ? ORDER BY id LIMIT 8", arguments: [page])
            var (reader, writer) = (ChunkReader(database), BlockWriter(database))
            let directory = ChunkDirectory(database)
            for page in pages {
                guard let rows = try Self.intact({ try directory.chunks(ofPage: page) }) else { continue }
                try directory.remove(Self.compact(rows, &reader, &writer))
            }
            try writer.finish()
            return pages.last
        }
    }

    /// Writes the chunks of each series anew where that is worth it: where they are more than one and less than half full.
    /// Returns those that were replaced.
    private static func compact(
        _ rows: [ChunkRow], _ reader: inout ChunkReader, _ writer: inout BlockWriter
    ) throws -> [ChunkRow] {
        var replaced: [ChunkRow] = []
        for (series, rows) in Dictionary(grouping: rows, by: \.series).sorted(by: { $0.key < $1.key }) {
            guard rows.count > 1, rows.reduce(0, { $0 + $1.count }) < rows.count * Chunk.maximumCount / 2,
                let runs = try reader.readAll(rows)
            else { continue }
            try writer.append(Run.merged(runs), of: series)
            replaced += rows
        }
        return replaced
    }
}
