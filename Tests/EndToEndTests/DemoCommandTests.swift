import Foundation
import TestSupport
import Testing

/// The built demo with its worker processes. A whole run takes a minute and is left to `make demo`; here it is stopped.
@Suite(.serialized) struct DemoCommandTests {
    @Test(.timeLimit(.minutes(2)), arguments: [SIGINT, SIGTERM, SIGKILL])
    func aStoppedDemoLeavesNoProcess(signal: Int32) async throws {
        try await withTemporaryDirectory { directory in
            let output = directory.appending(path: "out"), errors = directory.appending(path: "err")
            let folders = directory.appending(path: "tmp")
            try FileManager.default.createDirectory(at: folders, withIntermediateDirectories: false)
            let report = directory.appending(path: "new/demo.html").path
            let demo = try BuiltBinary.started(
                "env", ["TMPDIR=\(folders.path)", BuiltBinary.path, "demo", "--report", report], output: output,
                errors: errors)
            let pid = demo.processIdentifier
            // Two fleets of two workers, each under a guard.
            let isUp = await eventually { descendants(of: pid).count >= 8 }
            let started = descendants(of: pid)
            kill(pid, signal)
            await BuiltBinary.ended(demo)
            let text = try String(contentsOf: output, encoding: .utf8) + String(contentsOf: errors, encoding: .utf8)
            #expect(isUp, "no workers were started: \(text)")
            if signal != SIGKILL {
                #expect(demo.terminationReason == .exit && demo.terminationStatus == 130, "\(text)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folders.path) == [], "the store is left")
                #expect(text.contains("stopped; nothing is left running"), "\(text)")
            }
            #expect(await eventually { started.allSatisfy { !isAlive($0) } }, "processes are left")
            #expect(!FileManager.default.fileExists(atPath: report), "a report of a run that was stopped")
        }
    }

    @Test func aReportThatCannotBeWrittenIsToldBeforeTheRun() async throws {
        try await withTemporaryDirectory { directory in
            for place in [directory.path, "/proc/none/demo.html"] {
                let outcome = try await BuiltBinary.run(["demo", "--report", place], boundSeconds: 20)
                #expect(outcome.status == 1 && outcome.errors.contains("\(place): cannot be written"))
                #expect(outcome.output.isEmpty)
            }
        }
    }

    /// Every process that has `root` above it, by pid.
    private func descendants(of root: Int32) -> [Int32] {
        let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        let parents = Dictionary(pids.compactMap { pid in parent(of: pid).map { (pid, $0) } }) { first, _ in first }
        var found: Set<Int32> = [], last = -1
        while found.count > last {
            last = found.count
            for (pid, parent) in parents where parent == root || found.contains(parent) { found.insert(pid) }
        }
        return found.sorted()
    }

    /// The fourth word of its `stat`, counted after the name in brackets, which may hold blanks.
    private func parent(of pid: Int32) -> Int32? {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let words = stat.split(separator: ")").last?.split(separator: " "), words.count > 1
        else { return nil }
        return Int32(words[1])
    }

    /// Not there, or ended and waiting to be reaped by whoever adopted it, counts as ended.
    private func isAlive(_ pid: Int32) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
    }
}
