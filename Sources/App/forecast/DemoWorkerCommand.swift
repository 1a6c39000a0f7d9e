import ArgumentParser
import Demo
import Logging
import ServiceLifecycle
import UnixSignals

/// `forecast demo-worker`: one of the servers that the demo starts and stops.
struct DemoWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-worker", abstract: "A server that takes its time to start, for the demo.",
        shouldDisplay: false)

    @Option(help: "The port of 127.0.0.1 to listen on.")
    var port: Int
    @Option(help: "Seconds before it listens.")
    var startup = WorkerSettings().startupSeconds
    @Option(help: "Milliseconds a request takes.")
    var service = WorkerSettings().serviceMilliseconds
    @Option(help: "Requests served at a time.")
    var concurrency = WorkerSettings().concurrency

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be between 0 and 65535.") }
        guard (0...3_600).contains(startup) else { throw ValidationError("--startup must be between 0 and 3600 s.") }
        guard (0...60_000).contains(service) else { throw ValidationError("--service must be between 0 and 60000 ms.") }
        guard (1...1_000).contains(concurrency) else {
            throw ValidationError("--concurrency must be between 1 and 1000.")
        }
    }

    func run() async throws {
        var settings = WorkerSettings()
        (settings.startupSeconds, settings.serviceMilliseconds) = (startup, service)
        settings.concurrency = concurrency
        let quiet = Logger(label: "demo-worker", factory: { _ in SwiftLogNoOpLogHandler() })
        let worker = DemoWorker(port: port, settings: settings)
        // A worker that returns has been told to; the group would take that for a failure.
        let service = ServiceGroupConfiguration.ServiceConfiguration(
            service: worker, successTerminationBehavior: .gracefullyShutdownGroup)
        let configuration = ServiceGroupConfiguration(
            services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        try await ServiceGroup(configuration: configuration).run()
    }
}
