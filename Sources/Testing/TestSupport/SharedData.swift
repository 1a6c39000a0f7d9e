package import Foundation

/// The public traces and the reference judge, which a checkout may or may not have beside it.
///
/// Tests that read them are enabled only where they are present: `@Test(.enabled(if: SharedData.isPresent))`.
package enum SharedData {
    /// `PREWARM_SHARED`, or the folder `shared` beside the checkout.
    package static let root: URL =
        ProcessInfo.processInfo.environment["PREWARM_SHARED"].map { URL(filePath: $0) }
        ?? packageRoot.deletingLastPathComponent().appending(path: "shared")

    package static var isPresent: Bool { FileManager.default.fileExists(atPath: data("protocols.json").path) }

    package static func data(_ name: String) -> URL { root.appending(path: "data/\(name)") }
    package static func judge(_ name: String) -> URL { root.appending(path: "judge/\(name)") }
}

/// The folder that holds `Package.swift`.
package let packageRoot: URL = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
