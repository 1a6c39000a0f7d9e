internal import GRDB
internal import Series

/// The tables, in the order in which versions of the program added to them. A published migration never changes.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: first) }
        migrator.registerMigration("2") { try $0.execute(sql: second) }
        migrator.registerMigration("backfill") { try $0.execute(sql: backfill) }
        migrator.registerMigration("packed") { try pack($0) }
        migrator.registerMigration("rollups") { try $0.execute(sql: rollups) }
        migrator.registerMigration("models-2") { try $0.execute(sql: lineage) }
        return migrator
    }

    /// Times are milliseconds since 1970. `series.key` was the canonical text of a series' name and labels.
    private static let first = """
        CREATE TABLE series (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            metric TEXT NOT NULL
        ) STRICT;
        CREATE INDEX series_by_metric ON series (metric);

        CREATE TABLE sample (
            series INTEGER NOT NULL REFERENCES series (id),
            time INTEGER NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (series, time)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE model (
            series TEXT NOT NULL,
            version INTEGER NOT NULL,
            name TEXT NOT NULL,
            step INTEGER NOT NULL,
            kind TEXT NOT NULL,
            trained_from INTEGER NOT NULL,
            trained_to INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            scores TEXT NOT NULL,
            bytes BLOB NOT NULL,
            PRIMARY KEY (series, version)
        ) STRICT;

        CREATE TABLE decision (
            workload TEXT NOT NULL,
            time INTEGER NOT NULL,
            record TEXT NOT NULL,
            PRIMARY KEY (workload, time)
        ) STRICT, WITHOUT ROWID;
        """

    /// Samples in chunks, packed into blocks; those of version 1 wait for "packed". `head` tells which write-ahead segments are in them. `series.labels` is the label
    /// block without the name, `series_hash.hash` that of the block whole.
    private static let second = """
        ALTER TABLE series RENAME TO old_series;
        DROP INDEX series_by_metric;

        CREATE TABLE metric (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT;

        CREATE TABLE series (
            id INTEGER PRIMARY KEY,
            metric INTEGER NOT NULL REFERENCES metric (id),
            labels BLOB NOT NULL
        ) STRICT;
        CREATE INDEX series_by_metric ON series (metric);

        CREATE TABLE series_hash (
            hash INTEGER NOT NULL,
            series INTEGER NOT NULL REFERENCES series (id),
            PRIMARY KEY (hash, series)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE block (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            data BLOB NOT NULL
        ) STRICT;

        CREATE TABLE chunk (
            series INTEGER NOT NULL REFERENCES series (id),
            start INTEGER NOT NULL,
            block INTEGER NOT NULL REFERENCES block (id),
            offset INTEGER NOT NULL,
            last INTEGER NOT NULL,
            count INTEGER NOT NULL,
            size INTEGER NOT NULL,
            PRIMARY KEY (series, start, block, offset)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE head (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// How far each backfill has come: all of [`start`, `done`) of a source is stored, milliseconds.
    private static let backfill = """
        CREATE TABLE backfill (
            source TEXT PRIMARY KEY,
            start INTEGER NOT NULL,
            done INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Pages of windows; `rollup_due` holds the days, since 1970, whose pages are to be made, `rollup_state` how far that has come.
    private static let rollups = """
        CREATE TABLE rollup (
            id INTEGER PRIMARY KEY,
            series INTEGER NOT NULL,
            step INTEGER NOT NULL,
            page INTEGER NOT NULL,
            data BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX rollup_by_page ON rollup (series, step, page);

        CREATE TABLE rollup_due (
            series INTEGER NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            PRIMARY KEY (series, first, last)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE rollup_state (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Where each version of a model comes from. What was stored before was trained by hand.
    private static let lineage = """
        ALTER TABLE model ADD COLUMN reason TEXT NOT NULL DEFAULT 'hand';
        ALTER TABLE model ADD COLUMN parent INTEGER;
        ALTER TABLE model ADD COLUMN seed INTEGER;
        ALTER TABLE model ADD COLUMN program TEXT NOT NULL DEFAULT '';
        ALTER TABLE model ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
        """
}
