internal import Foundation
internal import GRDB
internal import Series

extension Schema {
    /// Labels in pages of 64 series and chunks in lists, where each had a row before. The blocks stay as they are.
    static func pack(_ database: Database) throws {
        try database.execute(sql: packed)
        let numbers = try packSeries(database)
        try packChunks(database, numbers)
        try database.execute(sql: "DROP TABLE plain_chunk; DROP TABLE plain_hash; DROP TABLE plain_series")
        guard try database.tableExists("sample") else { return }
        try packSamples(database)
        try database.execute(sql: "DROP TABLE sample; DROP TABLE old_series")
    }

    /// `series_page.labels`: see `LabelPage`; `added`: the addition that last put a series into it. `series_hash.hash`: 32 bits, of the label block whole; `series` is a page times
    /// 64 and a slot. `chunk.entries`: see `ChunkDirectory`.
    private static let packed = """
        ALTER TABLE series RENAME TO plain_series;
        ALTER TABLE series_hash RENAME TO plain_hash;
        ALTER TABLE chunk RENAME TO plain_chunk;
        DROP INDEX series_by_metric;

        CREATE TABLE series_page (
            id INTEGER PRIMARY KEY,
            metric INTEGER NOT NULL REFERENCES metric (id),
            labels BLOB NOT NULL,
            added INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX series_page_by_metric ON series_page (metric);
        CREATE INDEX series_page_by_added ON series_page (added);

        CREATE TABLE series_hash (
            hash INTEGER NOT NULL,
            series INTEGER NOT NULL,
            PRIMARY KEY (hash, series)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE chunk (
            owner INTEGER NOT NULL,
            start INTEGER NOT NULL,
            block INTEGER NOT NULL REFERENCES block (id),
            offset INTEGER NOT NULL,
            last INTEGER NOT NULL,
            entries BLOB NOT NULL,
            PRIMARY KEY (owner, start, block, offset)
        ) STRICT, WITHOUT ROWID;
        """

    /// How many series are held in memory at once.
    private static let batch = 4_096

    /// Returns the new numbers by the old ones.
    private static func packSeries(_ database: Database) throws -> [Int64: Int64] {
        var (table, numbers): (SeriesTable, [Int64: Int64]) = (SeriesTable(database), [:])
        var old: [Int64] = [], blocks: [CanonicalBlock] = []
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT plain_series.id, metric.name, plain_series.labels
                FROM plain_series JOIN metric ON metric.id = plain_series.metric ORDER BY plain_series.id
                """)
        while let row = try rows.next() {
            old.append(row[0])
            blocks.append(try CanonicalBlock(SeriesKey(metric: row[1]).labelBlock + Array(row[2] as Data)))
            guard old.count == batch else { continue }
            for (old, new) in zip(old, try table.madeNumbers(of: blocks)) { numbers[old] = new }
            (old, blocks) = ([], [])
        }
        for (old, new) in zip(old, try table.madeNumbers(of: blocks)) { numbers[old] = new }
        return numbers
    }

    private static func packChunks(_ database: Database, _ numbers: [Int64: Int64]) throws {
        let directory = ChunkDirectory(database)
        var (block, chunks): (Int64, [NewChunk]) = (0, [])
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM plain_chunk ORDER BY block, offset")
        while let row = try rows.next() {
            let next: Int64 = row["block"]
            if next != block {
                try directory.add(chunks, block: block)
                (block, chunks) = (next, [])
            }
            guard let series = numbers[row["series"]] else { continue }
            chunks.append(
                NewChunk(
                    series: series, start: row["start"], last: row["last"], count: row["count"],
                    offset: row["offset"], size: row["size"]))
        }
        try directory.add(chunks, block: block)
    }

    /// The samples of version 1, a row each, into chunks.
    private static func packSamples(_ database: Database) throws {
        var (writer, table) = (BlockWriter(database), SeriesTable(database))
        for old in try Row.fetchAll(database, sql: "SELECT id, key FROM old_series ORDER BY id") {
            let selector = try SeriesSelector(parsing: old[1])
            let key = try SeriesKey(metric: selector.metric, labels: selector.labels)
            let series = try table.madeNumbers(of: [CanonicalBlock(key)])[0]
            var run = Run()
            let rows = try Row.fetchCursor(
                database, sql: "SELECT time, value FROM sample WHERE series = ? ORDER BY time",
                arguments: [old[0] as Int64])
            while let row = try rows.next() {
                run.times.append(row[0])
                run.values.append(row[1])
            }
            try writer.append(run, of: series)
        }
        try writer.finish()
    }
}
