import Foundation
import Glibc
import Testing

/// The built `forecast`, which stands beside the test bundle.
func forecastBinary() throws -> String {
    let folder = URL(filePath: try #require(CommandLine.arguments.first)).deletingLastPathComponent()
    let path = folder.appending(path: "forecast").path
    try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is missing; build the tests")
    return path
}

/// What tells the processes of one test from all others: an argument that `sleep` takes for next to no time.
struct Marker: CustomStringConvertible, Sendable {
    let description = "0.000\(UInt32.random(in: 1_000_000_000...4_000_000_000))"

    /// Processes that have the marker among their arguments. A zombie has none.
    var pids: [pid_t] {
        allPIDs().filter { pid in
            // Not `contents(atPath:)`, which leaks a page where there are none.
            let file = FileHandle(forReadingAtPath: "/proc/\(pid)/cmdline")
            guard let line = try? file?.readToEnd() else { return false }
            return line.split(separator: 0).contains { String(decoding: $0, as: UTF8.self) == description }
        }
    }
}

private func allPIDs() -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }
}

/// State and parent of a process, from `/proc/PID/stat`; nil when there is none.
func status(of pid: pid_t) -> (state: Character, parent: pid_t)? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    let fields = String(decoding: data, as: UTF8.self).split(separator: ") ").last?.split(separator: " ") ?? []
    guard fields.count > 1, let state = fields[0].first, let parent = pid_t(fields[1]) else { return nil }
    return (state, parent)
}

/// Children of this process that have ended and that nobody has asked about.
func zombieChildren() -> [pid_t] {
    allPIDs().filter { status(of: $0).map { $0.state == "Z" && $0.parent == getpid() } ?? false }
}

/// The process number that a script has written to a file; nil until the line is whole.
func pid(in file: URL) -> pid_t? {
    guard let text = try? String(contentsOf: file, encoding: .utf8), text.hasSuffix("\n") else { return nil }
    return pid_t(text.dropLast())
}

/// Waits until the condition holds, at most a minute; fails the test when it never does.
func eventually(
    _ what: Comment, at location: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record(what, sourceLocation: location)
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// A started guard, its input held open by this process.
struct RunningGuard {
    let process = Process()
    let input = Pipe()
    let output = Pipe()

    init(grace: String = "10", _ command: [String]) throws {
        process.executableURL = URL(filePath: try forecastBinary())
        process.arguments = ["instance-guard", "--grace", grace, "--"] + command
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
    }

    /// The exit status, and what it reported, once it has ended.
    func end() async throws -> (status: Int32, report: String) {
        try await eventually("the guard does not end") { !process.isRunning }
        if process.isRunning {
            kill(SIGKILL)
            throw CancellationError()
        }
        let report = try output.fileHandleForReading.readToEnd() ?? Data()
        return (process.terminationStatus, String(decoding: report, as: UTF8.self))
    }

    func kill(_ signal: Int32) { _ = Glibc.kill(process.processIdentifier, signal) }
}
