import ArgumentParser
import Foundation
import Ports
import Reports
import SeriesStoreSQLite

/// `forecast store`: what keeps a store healthy.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Checks, backs up, restores, exports and compacts a store.",
        subcommands: [Check.self, Backup.self, Restore.self, StoreExport.self, Compact.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads every byte of a store and tells what is damaged.",
            discussion: "Example: forecast store check --db prewarm.db\n\nExits with 1 where something is.")

        @Option(help: "The store.")
        var db: String

        func run() async throws {
            let report = try await SQLiteStore(path: db, missing: .refuse).check()
            for problem in report.problems { print("\(db): \(problem)") }
            guard report.problems.isEmpty else {
                throw StoreError(
                    .corrupt, "\(db): damaged; `forecast store restore BACKUP --db \(db)` brings back a backup")
            }
            print("\(db): fine, \(report.series) series, \(report.samples) samples")
        }
    }

    struct Backup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies a store into one file, also while a daemon uses it.",
            discussion: """
                Example: forecast store backup prewarm-monday.db --db prewarm.db

                The copy is checked before it gets its name: there is a whole backup or none. It holds samples, models and
                decisions.
                """)

        @Argument(help: "The file to make; it must not exist.")
        var file: String
        @Option(help: "The store.")
        var db: String

        func run() async throws {
            let store = try SQLiteStore(path: db, missing: .refuse)
            let progress = PageProgress(label: "backing up \(db)")
            defer { progress.finish() }
            let bytes = try await store.backUp(to: file) { progress.update(done: $0, of: $1) }
            progress.finish()
            print("\(file): \(bytes) bytes, checked")
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts a backup in the place of a store.",
            discussion: """
                Example: forecast store restore prewarm-monday.db --db prewarm.db

                Stop the daemon first. What was there is kept as DB.replaced.
                """)

        @Argument(help: "A file that `forecast store backup` made.")
        var file: String
        @Option(help: "The store to replace, or to make.")
        var db: String

        func run() async throws {
            let lock = try StoreLock(beside: db)
            let progress = PageProgress(label: "restoring \(db)")
            defer { progress.finish() }
            let isReplaced = FileManager.default.fileExists(atPath: db)
            try await restoreDatabase(from: file, to: db, holding: lock) { progress.update(done: $0, of: $1) }
            progress.finish()
            print("\(db): restored from \(file)" + (isReplaced ? "; what was there is \(db).replaced" : ""))
            withExtendedLifetime(lock) {}
        }
    }

    struct Compact: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Packs a store tightly and gives free space back to the disk.",
            discussion: """
                Example: forecast store compact --db prewarm.db

                Makes the rollups that are due, and those anew that are damaged, first. Giving back space rewrites the file and needs as much free disk again. A daemon may run on; its writes wait.
                """)

        @Option(help: "The store.")
        var db: String
        @Flag(help: "Makes no rollups.")
        var noRollups = false

        func run() async throws {
            let store = try SQLiteStore(path: db, missing: .refuse)
            let before = try await store.space()
            let pages = noRollups ? 0 : try await store.rollUp(now: .now, verifying: true)
            let chunks = try await store.compact()
            if try await store.space().free > 0 { try await store.vacuum() }
            let after = try await store.space()
            let packed = chunks.before > chunks.after ? "\(chunks.before) chunks packed into \(chunks.after), " : ""
            let rolled = pages > 0 ? "\(pages) rollup pages written, " : ""
            print("\(db): \(rolled)\(packed)\(before.bytes) bytes before, \(after.bytes) now")
        }
    }
}

/// A progress bar for work that learns its size on the way.
private struct PageProgress {
    private let bar: ProgressBar
    private static let units = 10_000

    init(label: String) { bar = ProgressBar(label: label, total: Self.units) }

    func update(done: Int, of total: Int) { bar.update(total > 0 ? done * Self.units / total : Self.units) }
    func finish() { bar.finish() }
}
