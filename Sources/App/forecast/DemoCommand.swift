import ActuatorProcess
import ArgumentParser
import Demo
import Foundation
import Logging
import Reports
import SeriesStoreSQLite
import ServiceLifecycle
import Synchronization
import Units
import UnixSignals

/// `forecast demo`: the whole story on this machine, in about a minute, with live processes.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Plays a compressed day against live workers, under reactive scaling and under prewarming.",
        discussion: """
            Example: forecast demo --seed 7 --report out/demo.html

            Needs nothing but this machine and takes about a minute. The figures are what was measured; where prewarming \
            does not win, it says so.
            """)

    @Option(help: "Fixes the requests: the same seed, the same day.")
    var seed: UInt64 = 1
    @Option(help: "Where the report with pictures goes.")
    var report = "out/demo.html"
    @Flag(help: "Tells what happens underneath, on standard error.")
    var verbose = false

    func run() async throws {
        raiseFileLimit()
        // Before the run, so that a report that cannot be written does not cost a minute.
        try checkReportFile()
        let outcome = Mutex<DemoResult?>(nil)
        try await untilDoneOrStopped {
            let result = try await play()
            outcome.withLock { $0 = result }
        }
        guard let result = outcome.withLock({ $0 }) else {
            write("\nstopped; nothing is left running\n")
            throw ExitCode(130)
        }
        try tell(result)
    }

    private func play() async throws -> DemoResult {
        var settings = DemoSettings()
        settings.seed = seed
        let level: Logger.Level = verbose ? .debug : .error
        let logger = Logger(label: "demo") { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        return try await withTemporaryFolder { folder in
            let store = try SQLiteStore(path: folder.appending(path: "demo.db").path, missing: .create)
            let actuator = ProcessActuator(specs(settings.worker))
            let ports = DemoPorts(
                store: store, decisionLog: store, actuator: actuator, runActuator: { try await actuator.run() })
            return try await Demo(settings: settings, ports: ports, logger: logger, output: show).run(now: .now)
        }
    }

    /// Both fleets run the same worker: this program, as `demo-worker`.
    private func specs(_ worker: WorkerSettings) -> [WorkloadID: ProcessSpec] {
        var spec = ProcessSpec(argv: [
            Forecast.executablePath, "demo-worker", "--port", "{port}", "--startup", "\(worker.startupSeconds)",
            "--service", "\(worker.serviceMilliseconds)", "--concurrency", "\(worker.concurrency)",
        ])
        // A hundred ports of this run's own: a port is free until its worker has loaded, and a worker of another demo that took
        // the same one would answer for it.
        let first = UInt16(10_000 + Int(getpid()) % 100 * 100)
        spec.ports = first...first + 99
        (spec.readiness, spec.stopGrace) = (.http(path: "/healthz"), 5)
        spec.guardCommand = InstanceGuardCommand.guardCommand(grace: spec.stopGrace)
        let workloads = Fleet.Kind.allCases.compactMap { WorkloadID($0.rawValue) }
        return Dictionary(workloads.map { ($0, spec) }) { first, _ in first }
    }

    private func checkReportFile() throws {
        let folder = URL(filePath: report).deletingLastPathComponent()
        let files = FileManager.default
        try? files.createDirectory(at: folder, withIntermediateDirectories: true)
        let isFolder = (try? files.contentsOfDirectory(atPath: report)) != nil
        guard files.isWritableFile(atPath: folder.path), !isFolder else {
            throw DemoError("\(report): cannot be written; choose another file with --report")
        }
    }

    private func tell(_ result: DemoResult) throws {
        write("4/4 result\n\n")
        write(result.table.rendered(width: min(Terminal.columns, 110), colour: Terminal.usesColour))
        write("\n" + result.verdict.sentence(reactive: result.reactive, prewarmed: result.prewarmed) + "\n")
        try result.report.rendered().write(toFile: report, atomically: true, encoding: .utf8)
        write("Report with pictures: \(report)\n")
    }
}

/// Shows what a run has to say. On a terminal its state is one line, overwritten every second.
@Sendable private func show(_ message: DemoMessage) {
    switch message {
    case .line(let text): write(text + "\n")
    case .forecast(let history, let forecast):
        let plot = TerminalPlot(history: history, forecast: forecast, high: 0.95)
        write(
            plot.rendered(
                width: min(Terminal.columns, 110), height: 12, unicode: Terminal.usesUnicode,
                colour: Terminal.usesColour))
    case .status(let text, let isLast):
        let stays = isLast || isatty(STDOUT_FILENO) == 0
        write("    \(text)" + (stays ? "\n" : "\u{1B}[K\r"))
    }
}

/// Not by `print`, whose line would be held back until it ends.
private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

/// As many open sockets as the system lets this process have: a request in the queue holds two.
private func raiseFileLimit() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 20_000)
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// A folder for the length of `body`.
private func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "prewarm-demo-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

/// Runs `body` to its end, or until SIGINT or SIGTERM have cancelled it and all that it started has ended.
private func untilDoneOrStopped(_ body: @escaping @Sendable () async throws -> Void) async throws {
    struct Body: Service {
        let body: @Sendable () async throws -> Void
        func run() async throws { try await body() }
    }
    let quiet = Logger(label: "demo", factory: { _ in SwiftLogNoOpLogHandler() })
    let configuration = ServiceGroupConfiguration(
        services: [.init(service: Body(body: body), successTerminationBehavior: .gracefullyShutdownGroup)],
        cancellationSignals: [.sigint, .sigterm], logger: quiet)
    do {
        try await ServiceGroup(configuration: configuration).run()
    } catch is CancellationError {
        return
    }
}
