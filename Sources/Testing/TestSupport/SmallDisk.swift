package import Foundation

/// A file system of a few megabytes in memory, for tests of a disk that is full. Needs the right to mount.
package enum SmallDisk {
    package static let isPossible: Bool = {
        let directory = FileManager.default.temporaryDirectory.appending(path: "prewarm-mount-\(UUID().uuidString)")
        try? FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        guard mounted(directory, "size=1m") else { return false }
        unmount(directory)
        return true
    }()

    /// Runs `body` with a folder on a disk of `kilobytes`, which is gone afterwards.
    package static func with<Result>(kilobytes: Int, _ body: (URL) async throws -> Result) async throws -> Result {
        try await withTemporaryDirectory { directory in
            guard mounted(directory, "size=\(kilobytes)k") else { throw CocoaError(.fileWriteNoPermission) }
            defer { unmount(directory) }
            return try await body(directory)
        }
    }

    /// Nothing may be open for writing on it.
    package static func makeReadOnly(_ directory: URL) -> Bool { mounted(directory, "remount,ro") }

    private static func mounted(_ directory: URL, _ options: String) -> Bool {
        run(["mount", "-t", "tmpfs", "-o", options, "none", directory.path])
    }

    /// Lazily: whatever a failed test left open goes with its process.
    private static func unmount(_ directory: URL) { _ = run(["umount", "--lazy", directory.path]) }

    private static func run(_ command: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
