import Foundation
package import Testing

/// Compares `actual` with `Golden/<name>` beside the calling test; `RECORD_GOLDEN=1` writes it anew instead.
package func expectGolden(
    _ actual: String, _ name: String, file: String = #filePath, at location: SourceLocation = #_sourceLocation
) throws {
    let url = URL(filePath: file).deletingLastPathComponent().appending(path: "Golden/\(name)")
    if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1" {
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try actual.write(to: url, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: url, encoding: .utf8)
    #expect(actual == expected, "differs from Golden/\(name); RECORD_GOLDEN=1 records it", sourceLocation: location)
}
