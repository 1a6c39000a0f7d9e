import ActuatorProcess
import ConformanceKit
import Foundation
import Glibc
import Ports
import TestSupport
import Testing
import Units

/// The actuator over real processes.
@Suite(.timeLimit(.minutes(5))) struct ActuatorProcessTests {
    @Test func meetsTheConformanceKit() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            try await withActuator([workload: markedSpec(folder, marker)]) { actuator in
                let unknown = try #require(WorkloadID("unknown"))
                let kit = ActuatorConformance(
                    actuator, workload: workload, unknown: unknown, deadline: .seconds(60))
                #expect(await kit.findings() == [])
                #expect(marker.pids.isEmpty)
            }
        }
    }

    /// Ready ends with the worker, whichever of the two processes dies.
    @Test func crashEndsReadyAndIsTold() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            var spec = try markedSpec(folder, marker)
            spec.backOff = 600...600
            try await withActuator([workload: spec]) { actuator in
                try await actuator.scale(workload, to: 2)
                try await waitForReady(2, actuator, workload)
                let worker = try #require(marker.pids.first { status(of: $0)?.parent != getpid() })
                kill(worker, SIGKILL)
                try await waitFor(.backingOff, 1, actuator, workload)
                let guardian = try #require(marker.pids.first { status(of: $0)?.parent == getpid() })
                kill(guardian, SIGKILL)
                try await waitFor(.backingOff, 2, actuator, workload)
                try await waitForReasons(2, actuator, workload)
                #expect(marker.pids.isEmpty)
                let instances = try await actuator.observe(workload).instances
                #expect(instances.allSatisfy { $0.endpoint == nil && $0.restarts == 0 })
                let failures = instances.compactMap(\.lastFailure)
                #expect(failures.contains { $0.contains("signal 9 (Killed)") })
                #expect(failures.contains { $0.contains("the instance guard ended") })
            }
        }
    }

    /// A guard that is killed cannot end what its worker has started, so the actuator does.
    @Test func killedGuardLeavesNoDaemon() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            var spec = try markedSpec(folder, Marker())
            let daemon = "(setsid sleep 1000 \(marker) &); : > \"$0/ready-$1\"; exec sleep 1000"
            (spec.argv, spec.backOff) = (["/bin/sh", "-c", daemon, folder.path, "{port}"], 600...600)
            try await withActuator([workload: spec]) { actuator in
                try await actuator.scale(workload, to: 1)
                try await waitForReady(1, actuator, workload)
                let pid = try #require(marker.pids.first)
                let guardian = try #require(status(of: pid)?.parent)
                try #require(status(of: guardian)?.parent == getpid())
                kill(guardian, SIGKILL)
                try await eventually("the daemon is left") { marker.pids.isEmpty }
                try await waitFor(.backingOff, 1, actuator, workload)
            }
        }
    }

    @Test func crashedInstancesAreStartedAgain() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            try await withActuator([workload: markedSpec(folder, marker)]) { actuator in
                try await actuator.scale(workload, to: 1)
                for restarts in 1...2 {
                    try await waitForReady(1, actuator, workload)
                    for pid in marker.pids where status(of: pid)?.parent != getpid() { kill(pid, SIGKILL) }
                    try await eventually("no restart \(restarts)") {
                        let instance = try await actuator.observe(workload).instances.first
                        return instance?.restarts == restarts && instance?.state == .ready
                    }
                }
                #expect(try await actuator.observe(workload).startupSeconds.count == 3)
            }
        }
    }

    @Test func neverReadyIsStoppedToldAndTriedAgain() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            var spec = try markedSpec(folder, marker)
            spec.readiness = .command(["/bin/sh", "-c", "echo still loading; exit 4"])
            spec.readyDeadline = 0.5
            try await withActuator([workload: spec]) { actuator in
                try await actuator.scale(workload, to: 1)
                try await eventually("no second restart") {
                    try await actuator.observe(workload).instances.first.map { $0.restarts >= 2 } ?? false
                }
                let report = try await actuator.observe(workload)
                let failure = try #require(report.instances.first?.lastFailure)
                #expect(failure.contains("not ready and warm within 0.5 s"))
                #expect(failure.contains("stopped, it ended with signal 15"))
                #expect(failure.contains("worker output"))
                #expect(report.startupSeconds.isEmpty)
            }
            #expect(marker.pids.isEmpty)
        }
    }

    @Test func readinessCommandThatHangsIsEnded() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            var spec = try markedSpec(folder, Marker())
            spec.readiness = .command(["/bin/sh", "-c", "trap '' TERM; sleep 1000 \(marker); exit 0"])
            (spec.readyDeadline, spec.backOff) = (0.5, 600...600)
            try await withActuator([workload: spec]) { actuator in
                try await actuator.scale(workload, to: 1)
                try await waitFor(.backingOff, 1, actuator, workload)
                try await eventually("the command is left") { marker.pids.isEmpty }
            }
        }
    }

    @Test func whatCannotStartSaysWhy() async throws {
        let workload = try workload(), binary = try forecastBinary()
        let cases: [(argv: [String], guardian: [String], failure: String)] = [
            (["/no/such/server"], [binary, "instance-guard"], "cannot start /no/such/server: No such file"),
            (
                ["/bin/sh", "-c", "echo bad config; exit 3"], [binary, "instance-guard"],
                "ended with exit status 3; its last output:\nbad config"
            ),
            (["true"], ["/no/such/guard"], "cannot start the instance guard /no/such/guard"),
            (["true"], [binary, "no-such-command"], "the instance guard ended (exited(64)); it wrote: Error"),
        ]
        for (argv, guardian, expected) in cases {
            var spec = ProcessSpec(argv: argv)
            (spec.guardCommand, spec.backOff) = (guardian, 600...600)
            try await withActuator([workload: spec]) { actuator in
                try await actuator.scale(workload, to: 1)
                try await waitForReasons(1, actuator, workload)
                let failure = try await actuator.observe(workload).instances.first?.lastFailure ?? ""
                #expect(failure.contains(expected), "\(failure)")
            }
        }
    }

    @Test func anUnguardedSpecIsRefused() async throws {
        let workload = try workload()
        let actuator = ProcessActuator([workload: ProcessSpec(argv: ["true"])])
        await #expect(throws: ActuatorError.self) { try await actuator.scale(workload, to: 1) }
    }

    /// Three instances on two ports: two run, the third says what is missing and gets the first port that is freed.
    @Test func aPortIsNeverShared() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            var spec = try markedSpec(folder, marker)
            spec.ports = 31870...31871
            try await withActuator([workload: spec]) { actuator in
                try await actuator.scale(workload, to: 3)
                try await waitForReady(2, actuator, workload)
                try await eventually("no reason") {
                    let instances = try await actuator.observe(workload).instances
                    return instances.contains { $0.lastFailure?.contains("no port from 31870 to 31871") ?? false }
                }
                let ready = try await actuator.observe(workload).instances.filter { $0.state == .ready }
                #expect(Set(ready.compactMap(\.endpoint)) == ["127.0.0.1:31870", "127.0.0.1:31871"])
                // The one without a port goes first.
                try await actuator.scale(workload, to: 2)
                try await eventually("a third") { try await actuator.observe(workload).instances.count == 2 }
                #expect(try await actuator.observe(workload).instances.map(\.id) == ready.map(\.id))
                try await actuator.scale(workload, to: 0)
                try await actuator.scale(workload, to: 2)
                try await waitForReady(2, actuator, workload)
            }
        }
    }

    /// The older instance is still starting, the younger ready: the one that serves stays.
    @Test func cutsTakeStartingInstancesFirst() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            var spec = try markedSpec(folder, marker)
            spec.readiness = .command(["test", "-e", "\(folder.path)/go-{port}"])
            try await withActuator([workload: spec]) { actuator in
                try await actuator.scale(workload, to: 2)
                try await eventually("no ports") {
                    try await actuator.observe(workload).instances.compactMap(\.endpoint).count == 2
                }
                let younger = try #require(try await actuator.observe(workload).instances.last)
                let port = try #require(younger.endpoint?.split(separator: ":").last)
                try Data().write(to: folder.appending(path: "go-\(port)"))
                try await waitForReady(1, actuator, workload)
                try await actuator.scale(workload, to: 1)
                try await eventually("two left") { try await actuator.observe(workload).instances.count == 1 }
                #expect(try await actuator.observe(workload).instances.map(\.id) == [younger.id])
            }
        }
    }

    @Test func fiftyCyclesLeaveNothing() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            try await withActuator([workload: markedSpec(folder, marker)]) { actuator in
                for cycle in 0..<50 {
                    try await actuator.scale(workload, to: 1 + cycle % 2)
                    // Every third start is stopped at once, wherever it is.
                    if cycle % 3 != 0 { try await waitForReady(1 + cycle % 2, actuator, workload) }
                    try await actuator.scale(workload, to: 0)
                }
                try await eventually("instances are left") {
                    try await actuator.observe(workload).instances.isEmpty
                }
                #expect(marker.pids.isEmpty)
            }
            try await eventually("zombies: \(zombieChildren())") { zombieChildren().isEmpty }
        }
    }

    /// Cancelled in the middle of starts, runs and drains: when it returns, every process has ended.
    @Test func cancellationEndsEverything() async throws {
        try await withTemporaryDirectory { folder in
            let marker = Marker(), workload = try workload()
            let actuator = ProcessActuator([workload: try markedSpec(folder, marker)])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await actuator.run() }
                try await actuator.scale(workload, to: 2)
                try await waitForReady(2, actuator, workload)
                try await actuator.scale(workload, to: 1)
                try await actuator.scale(workload, to: 4)
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(marker.pids.isEmpty)
            let report = try await actuator.observe(workload)
            #expect(report.desired == 0 && report.instances.isEmpty)
            let refusal = await #expect(throws: ActuatorError.self) { try await actuator.scale(workload, to: 1) }
            #expect(refusal?.code == .cancelled)
        }
    }

    /// A lower bound holds on any machine: what passes before the process is even started counts.
    @Test func startUpsAreTimedFromTheDecision() async throws {
        try await withTemporaryDirectory { folder in
            let workload = try workload()
            let actuator = ProcessActuator([workload: try markedSpec(folder, Marker())])
            try await actuator.scale(workload, to: 1)
            try await Task.sleep(for: .milliseconds(300))
            try await running(actuator) {
                try await waitForReady(1, actuator, workload)
                let seconds = try await actuator.observe(workload).startupSeconds
                #expect(seconds.count == 1 && seconds.allSatisfy { $0 > 0.3 })
            }
        }
    }
}

// MARK: Helpers

func workload() throws -> WorkloadID { try #require(WorkloadID("checkout")) }

/// A worker that does nothing, and is ready once its file is there.
func markedSpec(_ folder: URL, _ marker: Marker) throws -> ProcessSpec {
    let script = "echo worker output; : > \"$0/ready-$1\"; exec sleep 1000 \(marker)"
    // The marker stands among the shell's arguments too, so the guard and the shell are counted as well.
    var spec = ProcessSpec(argv: ["/bin/sh", "-c", script, folder.path, "{port}", "\(marker)"])
    spec.guardCommand = [try forecastBinary(), "instance-guard", "--grace", "10"]
    spec.readiness = .command(["test", "-e", "\(folder.path)/ready-{port}"])
    spec.backOff = 0.05...0.2
    return spec
}

func withActuator(_ specs: [WorkloadID: ProcessSpec], _ body: (ProcessActuator) async throws -> Void) async throws {
    let actuator = ProcessActuator(specs)
    try await running(actuator) { try await body(actuator) }
}

/// Runs the actuator while `body` works, and to its end afterwards, also when `body` throws.
func running(_ actuator: ProcessActuator, _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await actuator.run() }
        defer { group.cancelAll() }
        try await body()
    }
}

func waitFor(_ state: Instance.State, _ count: Int, _ actuator: ProcessActuator, _ workload: WorkloadID) async throws {
    try await eventually("not \(count) \(state)") { try await actuator.observe(workload).count(state) == count }
}

func waitForReady(_ count: Int, _ actuator: ProcessActuator, _ workload: WorkloadID) async throws {
    try await waitFor(.ready, count, actuator, workload)
}

/// Waits until so many instances have failed and nothing is left of them, which is later than that they are not ready.
func waitForReasons(_ count: Int, _ actuator: ProcessActuator, _ workload: WorkloadID) async throws {
    try await eventually("not \(count) reasons") {
        try await actuator.observe(workload).instances.compactMap(\.lastFailure).count == count
    }
}
