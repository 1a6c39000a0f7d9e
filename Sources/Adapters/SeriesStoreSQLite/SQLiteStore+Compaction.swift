internal import Foundation
internal import GRDB
package import Ports

/// What a look at every byte found.
package struct StoreReport: Hashable, Sendable {
    package let series: Int, chunks: Int, samples: Int, blocks: Int
    /// Each a sentence; empty where all is well.
    package let problems: [String]
}

extension SQLiteStore {
    /// Merges the small chunks of each series into large ones and gives back the space of those before.
    ///
    /// Series by series in transactions of some hundred, so that readers and writers get their turn. A series with a damaged
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
            var reader = ChunkReader(database)
            var (chunks, samples) = (0, 0)
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM chunk ORDER BY block, offset")
            while let row = try rows.next() {
                let chunk = ChunkRow(row)
                (chunks, samples) = (chunks + 1, samples + chunk.count)
                if case .failure(let damage) = try reader.readOrTell(chunk), problems.count < 100 {
                    problems.append("series \(chunk.series): \(damage)")
                }
            }
            problems += try Self.rollupProblems(database)
            return StoreReport(
                series: try Int.fetchOne(database, sql: "SELECT count(*) FROM series") ?? 0, chunks: chunks,
                samples: samples, blocks: try Int.fetchOne(database, sql: "SELECT count(*) FROM block") ?? 0,
                problems: problems)
        }
    }

    private func chunkCount() async throws(StoreError) -> Int {
        try await read { try Int.fetchOne($0, sql: "SELECT count(*) FROM chunk") ?? 0 }
    }

    /// Compacts the series after `number` that need it, a bounded number; the last of them, nil where none is left.
    private func compactSome(after number: Int64) async throws(StoreError) -> Int64? {
        try await write { database in
            // Worth it where a series has more than a chunk and they are less than half full.
            let numbers = try Int64.fetchAll(
                database,
                sql: """
                    SELECT series FROM chunk WHERE series > ? GROUP BY series
                    HAVING count(*) > 1 AND sum(count) < count(*) * 2048 ORDER BY series LIMIT 500
                    """, arguments: [number])
            var (reader, writer) = (ChunkReader(database), BlockWriter(database))
            for series in numbers {
                let rows = try reader.rows(of: series, from: .min, to: .max)
                guard let runs = try reader.readAll(rows) else { continue }
                try writer.append(Run.merged(runs), of: series)
                for row in rows { try Self.delete(row, database) }
            }
            try writer.finish()
            return numbers.last
        }
    }
}
