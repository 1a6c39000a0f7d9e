internal import GRDB

/// The tables, in the order in which versions of the program added to them. A published migration never changes.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: first) }
        return migrator
    }

    /// Times are milliseconds since 1970. `series.key` is the canonical text of the series' name and labels.
    /// A missing row is absent: `sample.value` is never NULL.
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
}
