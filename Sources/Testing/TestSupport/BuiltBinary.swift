package import Foundation
import Synchronization

/// The `forecast` that was built with the tests, run as a user runs it.
package enum BuiltBinary {
    /// Beside the test bundle.
    package static let path: String = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = URL(filePath: bundle).deletingLastPathComponent().appending(path: "forecast").path
        return FileManager.default.isExecutableFile(atPath: beside)
            ? beside : packageRoot.appending(path: ".build/release/forecast").path
    }()

    package struct Outcome: Sendable {
        package let status: Int32
        package let output: String, errors: String
        /// Whether it ended by itself and not by a signal.
        package let isExit: Bool
    }

    /// Runs it to its end, or kills it after a bound that nothing honest reaches.
    package static func run(
        _ arguments: [String], input: URL? = nil, boundSeconds: Double = 120
    ) async throws -> Outcome {
        try await run(path, arguments, input: input, boundSeconds: boundSeconds)
    }

    /// Runs any program, found by `PATH`.
    package static func run(
        _ program: String, _ arguments: [String], input: URL? = nil, boundSeconds: Double = 120
    ) async throws -> Outcome {
        try await withTemporaryDirectory { directory in
            // Files and not pipes, which fill up.
            let output = directory.appending(path: "out"), errors = directory.appending(path: "err")
            let process = try started(program, arguments, input: input, output: output, errors: errors)
            let pid = process.processIdentifier
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await ended(process) }
                group.addTask {
                    guard (try? await Task.sleep(for: .seconds(boundSeconds))) != nil else { return }
                    kill(pid, SIGKILL)
                }
                await group.next()
                group.cancelAll()
            }
            return Outcome(
                status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
                errors: try String(contentsOf: errors, encoding: .utf8), isExit: process.terminationReason == .exit)
        }
    }

    /// Starts it with its output going to files; the caller ends it and waits for its end.
    package static func started(
        _ program: String = path, _ arguments: [String], input: URL? = nil, output: URL, errors: URL
    ) throws -> Process {
        for url in [output, errors] { try Data().write(to: url) }
        let process = Process()
        process.executableURL = URL(filePath: program.contains("/") ? program : "/usr/bin/env")
        process.arguments = program.contains("/") ? arguments : [program] + arguments
        var environment = ProcessInfo.processInfo.environment
        environment["LC_ALL"] = "C.UTF-8"
        process.environment = environment
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        return process
    }

    /// Waits without holding a thread.
    package static func ended(_ process: Process) async {
        while process.isRunning { try? await Task.sleep(for: .milliseconds(10)) }
    }
}

/// Waits until `condition` holds, asking every 20 ms; false when the bound passes first.
package func eventually(
    withinSeconds bound: Double = 30, _ condition: () async throws -> Bool
) async rethrows -> Bool {
    for _ in 0..<Int(bound * 50) {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(20))
    }
    return try await condition()
}
