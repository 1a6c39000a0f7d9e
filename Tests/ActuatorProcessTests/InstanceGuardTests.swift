import Foundation
import Glibc
import TestSupport
import Testing

/// The guard as a program: whatever happens to its owner or to itself, nothing of its worker is left.
@Suite(.timeLimit(.minutes(5))) struct InstanceGuardTests {
    /// A worker that says who it is, and starts a daemon: in a session of its own, its parent gone.
    private static let familyScript = """
        (setsid sh -c 'echo $$ > "$1/daemon"; exec sleep 1000 "$2"' daemon "$1" "$2" &)
        echo $$ > "$1/worker"
        exec sleep 1000 "$2"
        """

    private func family(_ folder: URL, _ marker: Marker) -> [String] {
        ["/bin/sh", "-c", Self.familyScript, "worker", folder.path, "\(marker)"]
    }

    private func waitForFamily(_ folder: URL) async throws -> [pid_t] {
        var pids: [pid_t] = []
        try await eventually("worker and daemon do not start") {
            pids = ["worker", "daemon"].compactMap { pid(in: folder.appending(path: $0)) }
            return pids.count == 2
        }
        return pids
    }

    @Test func killedOwnerLeavesNothing() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), owner = Process()
            // The owner starts the guard with a pipe, becomes `sleep`, and holds the other end.
            let script = """
                mkfifo "$1/pipe"
                "$0" instance-guard --grace 20 -- /bin/sh -c "$3" worker "$1" "$2" < "$1/pipe" > /dev/null &
                echo $! > "$1/guard"
                exec sleep 1000 "$2" > "$1/pipe"
                """
            owner.executableURL = URL(filePath: "/bin/sh")
            owner.arguments = ["-c", script, try forecastBinary(), folder.path, "\(marker)", Self.familyScript]
            try owner.run()
            let pids = try await waitForFamily(folder)
            kill(owner.processIdentifier, SIGKILL)
            try await eventually("a process is left") { marker.pids.isEmpty }
            // Gone, not zombies: their guard has asked how they ended.
            for pid in pids { #expect(status(of: pid) == nil) }
            let guardian = try #require(pid(in: folder.appending(path: "guard")))
            try await eventually("the guard is left") { (status(of: guardian)?.state ?? "Z") == "Z" }
        }
    }

    @Test func killedGuardTakesItsWorkerAlong() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker()
            let command = ["/bin/sh", "-c", "echo $$ > \"$0/worker\"; exec sleep 1000 \(marker)", folder.path]
            let guardian = try RunningGuard(command)
            try await eventually("no worker") { pid(in: folder.appending(path: "worker")) != nil }
            guardian.kill(SIGKILL)
            try await eventually("the worker is left") { marker.pids.isEmpty }
            #expect(try await guardian.end().status == SIGKILL)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT]) func stopSignalsEndEverything(_ signal: Int32) async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker()
            let guardian = try RunningGuard(family(folder, marker))
            let pids = try await waitForFamily(folder)
            guardian.kill(signal)
            let end = try await guardian.end()
            #expect(end.status == 128 + SIGTERM)
            #expect(end.report == "ended with signal 15 (Terminated), without output\n")
            for pid in pids { #expect(status(of: pid) == nil) }
        }
    }

    @Test func closedInputStopsGracefully() async throws {
        try await withTemporaryDirectory { folder in
            let script = "trap 'echo drained; exit 5' TERM; echo $$ > \"$0/worker\"; while :; do sleep 0.05; done"
            let guardian = try RunningGuard(["/bin/sh", "-c", script, folder.path])
            try await eventually("no worker") { pid(in: folder.appending(path: "worker")) != nil }
            try guardian.input.fileHandleForWriting.close()
            let end = try await guardian.end()
            #expect(end.status == 5)
            #expect(end.report.hasPrefix("ended with exit status 5; its last output:\n"))
            #expect(end.report.hasSuffix("drained\n"))
        }
    }

    @Test func deafWorkersAreKilledAfterTheGrace() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker()
            let script = "trap '' TERM; sleep 1000 \(marker) & echo $$ > \"$0/worker\"; exec sleep 1000 \(marker)"
            let guardian = try RunningGuard(grace: "0.3", ["/bin/sh", "-c", script, folder.path])
            try await eventually("no worker") { pid(in: folder.appending(path: "worker")) != nil }
            guardian.kill(SIGTERM)
            #expect(try await guardian.end().status == 128 + SIGKILL)
            #expect(marker.pids.isEmpty)
        }
    }

    /// What a worker leaves behind is asked to end, and has the grace to do so.
    @Test func survivorsOfTheWorkerHaveTheGrace() async throws {
        try await withTemporaryDirectory { folder in
            let survivor =
                "trap 'sleep 0.3; : > \"$0/drained\"; exit' TERM; : > \"$0/set\"; while :; do sleep 0.05; done"
            let script = "/bin/sh -c \"$1\" \"$0\" & while [ ! -e \"$0/set\" ]; do sleep 0.05; done; exit 3"
            let guardian = try RunningGuard(["/bin/sh", "-c", script, folder.path, survivor])
            #expect(try await guardian.end().status == 3)
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: "drained").path))
        }
    }

    @Test func reportIsBoundedAndEndsWithTheLastLine() async throws {
        let script = "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i + 1)); done; echo last >&2; exit 7"
        let end = try await RunningGuard(["/bin/sh", "-c", script]).end()
        #expect(end.status == 7)
        #expect(end.report.hasPrefix("ended with exit status 7; its last output:\nline "))
        #expect(end.report.hasSuffix("\nline 4999\nlast\n"))
        #expect(end.report.utf8.count < 4200)
    }

    @Test func missingProgramIsNamed() async throws {
        let end = try await RunningGuard(["./no-such-server"]).end()
        #expect(end.status == 127)
        #expect(end.report == "cannot start ./no-such-server: No such file or directory\n")
    }
}
