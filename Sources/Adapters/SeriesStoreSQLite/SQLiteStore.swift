internal import Foundation
internal import GRDB
internal import Glibc
package import Ports
internal import Series

/// Samples, models and decisions in one SQLite file, in WAL mode: one writer at a time, readers never wait for it.
///
/// What is acknowledged survives the end of the process. A power cut can take the last transactions where `synchronous` is
/// `normal`, never the file.
package final class SQLiteStore: Sendable {
    package let path: String
    let pool: DatabasePool
    /// Of the stored series, by their rows.
    let index = SeriesIndex()
    /// Which file was opened.
    private let file: FileIdentity?

    /// Whether a transaction waits until the disk has it.
    package enum Synchronous: String, CaseIterable, Sendable {
        case full, normal
        var pragma: String { "PRAGMA synchronous = \(rawValue)" }
    }
    /// Of everything but a flush of the head, which is always `full`.
    let synchronous: Synchronous

    /// What to do where there is no database at the path.
    package enum Missing: Sendable { case create, refuse }

    /// Opens the database and brings it to this program's format.
    ///
    /// - Throws: where it cannot be opened or written, is no database, or was written by a newer program. Nothing is made
    ///   or changed then.
    package init(path: String, missing: Missing, synchronous: Synchronous = .normal) throws(StoreError) {
        if missing == .refuse, !FileManager.default.fileExists(atPath: path) {
            throw StoreError(.unwritable, "\(path): no such database; `forecast ingest FILE --db \(path)` makes one")
        }
        let path = databasePath(path)
        (self.path, self.synchronous) = (path, synchronous)
        do {
            pool = try DatabasePool(path: path, configuration: Self.configuration)
            file = FileIdentity(path)
            let migrator = Schema.migrator
            guard try !pool.read(migrator.hasBeenSuperseded) else {
                throw StoreError(.newerFormat, "\(path): written by a newer version of forecast; upgrade this one")
            }
            try migrator.migrate(pool)
            // A pool sets the level of its writer to NORMAL when it opens.
            try pool.writeWithoutTransaction { try $0.execute(sql: synchronous.pragma) }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// - Throws: where the file was removed, moved or replaced since it was opened: SQLite would go on writing to it.
    func requireInPlace() throws(StoreError) {
        guard let file, FileIdentity(path) == file else {
            throw StoreError(
                .unwritable,
                "\(path): was removed or replaced beneath this program; put it back, or start the program anew")
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        // Others on the file (an ingest beside the daemon) finish their batch in far less.
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 2
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
        }
        return configuration
    }

    /// The level that the next transaction would be written with; nil for one this program does not set.
    package func effectiveSynchronous() async throws(StoreError) -> Synchronous? {
        // By SQLite's numbers.
        try await write { [1: .normal, 2: .full][try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? 0] }
    }

    /// Moves what SQLite's own log holds into the file, as far as readers let it. Nothing is lost where that fails.
    func checkpoint() async {
        _ = try? await pool.writeWithoutTransaction { database in
            try database.checkpoint(.truncate)
        }
    }

    func read<Value: Sendable>(_ body: @Sendable @escaping (Database) throws -> Value) async throws(StoreError) -> Value
    {
        do { return try await pool.read(body) } catch { throw StoreError(error, path: path) }
    }

    func write<Value: Sendable>(
        _ body: @Sendable @escaping (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do { return try await pool.write(body) } catch { throw StoreError(error, path: path) }
    }
}

/// Tells one file from another of the same name.
private struct FileIdentity: Hashable, Sendable {
    private let device: UInt, number: UInt

    /// Nil where there is none.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        (device, number) = (UInt(status.st_dev), UInt(status.st_ino))
    }
}

/// The file that `path` means, where it is a link: whoever opens one database by several names then finds the same lock and the
/// same segments beside it. A link that leads nowhere yet leads to where the file is going to be.
package func databasePath(_ path: String) -> String {
    var path = path
    // As many as the kernel follows.
    for _ in 0..<40 {
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return path }
        let folder = URL(filePath: path).deletingLastPathComponent()
        path = target.hasPrefix("/") ? target : folder.appending(path: target).path
    }
    return path
}

extension StoreError {
    /// What an operator needs to know of a failure of SQLite.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case is CancellationError: self.init(.cancelled, "\(path): cancelled")
        case let error as DatabaseError: self.init(error, path: path)
        case is ChunkDamage, is ChunkError:
            self.init(.corrupt, "\(path): \(error); `forecast store check` tells how much, a backup mends it")
        default: self.init(.other, "\(path): \(error)")
        }
    }

    private init(_ error: DatabaseError, path: String) {
        let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.busy, "\(path): another program is writing to it; try again")
        case .SQLITE_FULL: self.init(.full, "\(path): the disk is full; free some space and run this again")
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                .unwritable,
                "\(path): cannot be opened for writing (\(reason)); check the folder, the rights and the disk")
        case .SQLITE_NOTADB: self.init(.corrupt, "\(path): this file is no SQLite database; name another with --db")
        case .SQLITE_CORRUPT: self.init(.corrupt, "\(path): the database is damaged (\(reason)); restore a backup")
        default: self.init(.other, "\(path): \(reason)")
        }
    }
}
