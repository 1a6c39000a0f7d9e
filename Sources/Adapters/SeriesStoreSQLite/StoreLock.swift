internal import Glibc
package import Ports

/// Held by the one daemon that acts on a database, in a lock file beside it.
///
/// The kernel lets go of it when the process ends, however it ends. Readers and `forecast ingest` do not need it.
package struct StoreLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// Takes the lock beside the database at `path`.
    ///
    /// - Throws: `inUse` where another process has it.
    package init(beside path: String) throws(StoreError) {
        let lockPath = databasePath(path) + ".lock"
        descriptor = unsafe open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(.unwritable, "\(lockPath): cannot be made: \(unsafe String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw StoreError(
                .inUse, "\(path): another daemon runs on this database; stop it, or give this one a store of its own")
        }
    }

    deinit { close(descriptor) }
}
