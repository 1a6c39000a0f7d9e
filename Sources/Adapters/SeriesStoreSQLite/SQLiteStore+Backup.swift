internal import Foundation
internal import GRDB
internal import Glibc
package import Ports
internal import Units

extension SQLiteStore {
    /// Pages copied between two words about progress. Writers need not wait: the copy is of one snapshot.
    fileprivate static let pagesPerStep: CInt = 2_048

    /// Copies the database as it stands now into one new file at `target`, while others read and write it.
    ///
    /// The copy is made under another name, checked and made durable before it is called `target`, so that there is a whole
    /// backup or none. `onProgress` gets pages done and pages in all. Returns the size of the copy, bytes.
    /// - Throws: where `target` exists, cannot be written, or the copy is damaged.
    package func backUp(
        to target: String, onProgress: @Sendable @escaping (Int, Int) -> Void = { _, _ in }
    ) async throws(StoreError) -> Int {
        guard !FileManager.default.fileExists(atPath: target) else {
            throw StoreError(.unwritable, "\(target): exists already; name a new file or remove this one")
        }
        let part = target + ".partial"
        removeDatabase(part)
        do {
            try await copy(into: part, onProgress)
            try renameDurably(part, to: target)
        } catch {
            removeDatabase(part)
            throw StoreError(error, path: target)
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        return (attributes?[.size] as? Int) ?? 0
    }

    /// The segments go first: what is in none of those copied is in the database by the time it is copied.
    @concurrent
    private func copy(into part: String, _ onProgress: @Sendable @escaping (Int, Int) -> Void) async throws {
        let segments = SegmentFiles(database: path)
        for number in try segments.numbers() {
            try Data(try segments.content(number)).write(to: URL(filePath: SegmentFiles(database: part).path(number)))
        }
        let copy = try DatabaseQueue(path: part)
        try pool.backup(to: copy, pagesPerStep: Self.pagesPerStep) { progress in
            onProgress(progress.completedPageCount, progress.totalPageCount)
        }
        try copy.close()
        try await Self.foldSegments(into: part)
        let folded = try DatabaseQueue(path: part)
        try await folded.writeWithoutTransaction { database in
            // One file and nothing beside it; whoever opens it as a store turns the write-ahead log on again.
            try database.execute(sql: "PRAGMA journal_mode = DELETE")
            try requireIntact(database, path: part)
        }
        try folded.close()
    }

    /// Stores what the segments hold that the database beside them does not, and removes them.
    private static func foldSegments(into path: String) async throws {
        let segments = SegmentFiles(database: path)
        guard try !segments.numbers().isEmpty else { return }
        let store = try SQLiteStore(path: path, missing: .refuse)
        var limits = HeadStore.Limits()
        limits.headBytes = .max
        let head = try await HeadStore(store, limits: limits, now: { Timestamp(millisecondsSinceEpoch: 0) })
        await head.flush()
        if let failure = head.flushFailure { throw failure }
        try store.pool.close()
        for number in try segments.numbers() { segments.remove(number) }
    }
}

/// Puts the backup at `source` in the place of the database at `target`.
///
/// The caller holds the `StoreLock` beside `target`. The backup is copied and checked first; a database that was there is kept
/// as `target.replaced`, also where it is damaged, and whoever still writes to it writes to that.
/// - Throws: where the backup is no whole database of this program, where `target.replaced` exists, and where nothing can be
///   written; the database at `target` is untouched then.
package func restoreDatabase(
    from source: String, to target: String, holding lock: borrowing StoreLock,
    onProgress: @Sendable @escaping (Int, Int) -> Void = { _, _ in }
) async throws(StoreError) {
    let target = databasePath(target)
    let kept = target + ".replaced", part = target + ".restoring"
    guard FileManager.default.fileExists(atPath: source) else {
        throw StoreError(.unwritable, "\(source): no such backup")
    }
    guard !FileManager.default.fileExists(atPath: kept) else {
        throw StoreError(.unwritable, "\(kept): kept from an earlier restore; remove it or move it away first")
    }
    removeDatabase(part)
    do {
        try await SQLiteStore.copyBackup(source, into: part, onProgress)
        try moveDatabase(target, to: kept)
        try renameDurably(part, to: target)
    } catch {
        removeDatabase(part)
        throw StoreError(error, path: source)
    }
}

extension SQLiteStore {
    /// Reads the backup without writing to it or beside it.
    @concurrent
    fileprivate static func copyBackup(
        _ source: String, into part: String, _ onProgress: @Sendable @escaping (Int, Int) -> Void
    ) async throws {
        var readOnly = Configuration()
        readOnly.readonly = true
        let backup = try DatabaseQueue(path: source, configuration: readOnly)
        let migrator = Schema.migrator
        guard try await !backup.read(migrator.hasBeenSuperseded) else {
            throw StoreError(.newerFormat, "\(source): written by a newer version of forecast; upgrade this one")
        }
        guard try await backup.read(migrator.appliedIdentifiers).isEmpty == false else {
            throw StoreError(.corrupt, "\(source): a database, but no backup of forecast")
        }
        let copy = try DatabaseQueue(path: part)
        try backup.backup(to: copy, pagesPerStep: pagesPerStep) { progress in
            onProgress(progress.completedPageCount, progress.totalPageCount)
        }
        try await copy.writeWithoutTransaction { try requireIntact($0, path: source) }
        try copy.close()
    }
}

private func requireIntact(_ database: Database, path: String) throws {
    let problems = try String.fetchAll(database, sql: "PRAGMA integrity_check(3)").filter { $0 != "ok" }
    guard problems.isEmpty else {
        throw StoreError(.corrupt, "\(path): damaged: \(problems.joined(separator: "; "))")
    }
}

/// What SQLite and the store keep beside a database; a stale one beside another database would damage it.
private func companions(of path: String) -> [String] {
    let url = URL(filePath: path), name = url.lastPathComponent
    let folder = url.deletingLastPathComponent()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap { found in
        guard found.hasPrefix(name) else { return nil }
        let ending = String(found.dropFirst(name.count))
        let isOurs = ["-wal", "-shm", "-journal"].contains(ending) || ending.hasPrefix("-head-")
        return isOurs ? ending : nil
    }
}

private func removeDatabase(_ path: String) {
    for ending in companions(of: path) + [""] { try? FileManager.default.removeItem(atPath: path + ending) }
}

/// Renames a database with all that lies beside it, the database first: what is left of a crash between is never a database
/// with the companions of another.
private func moveDatabase(_ path: String, to target: String) throws {
    for ending in [""] + companions(of: path) where FileManager.default.fileExists(atPath: path + ending) {
        guard unsafe rename(path + ending, target + ending) == 0 else {
            throw StoreError(
                .unwritable, "\(path)\(ending): cannot be renamed: \(unsafe String(cString: strerror(errno)))")
        }
    }
}

/// Makes the content of `path` durable, then its new name.
private func renameDurably(_ path: String, to target: String) throws {
    try synchronise(path, O_RDONLY)
    guard unsafe rename(path, target) == 0 else {
        throw StoreError(.unwritable, "\(target): cannot be made: \(unsafe String(cString: strerror(errno)))")
    }
    try synchronise(URL(filePath: target).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY)
}

private func synchronise(_ path: String, _ flags: Int32) throws {
    let descriptor = unsafe open(path, flags | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fsync(descriptor) == 0 else {
        throw StoreError(
            .unwritable, "\(path): cannot be made durable: \(unsafe String(cString: strerror(errno)))")
    }
}
