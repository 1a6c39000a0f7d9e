import ArgumentParser
import ControlLoop
import CoreMetrics
import Foundation
import HTTPAPI
import Logging
import Ports
import SeriesStoreSQLite
import ServiceLifecycle
import Settings
import Telemetry
import Units
import UnixSignals

/// `forecast daemon`: the long-running service.
struct Daemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes in metrics, forecasts, plans and acts, until it is told to stop.",
        discussion: """
            Examples:
              forecast daemon --config prewarm.yaml
              forecast daemon --db prewarm.db --listen 127.0.0.1:9201     the store and its HTTP API alone

            `forecast config init` prints a configuration to start from. SIGTERM and ^C stop it in order: it takes no more
            requests, decides no more, and stops the processes it started.
            """)

    @Option(help: "The configuration, a YAML file.")
    var config: String?
    @Option(help: "Without a configuration: the store, made where there is none.")
    var db: String?
    @Option(help: "Without a configuration: where to listen, HOST:PORT on loopback.")
    var listen: String?
    @Option(help: "How much is logged.")
    var logLevel = LogLevel.info

    func validate() throws {
        guard (config == nil) != (db == nil) else { throw ValidationError("Give either --config or --db.") }
        if config != nil, listen != nil {
            throw ValidationError("--listen goes with --db; a configuration says it itself.")
        }
    }

    func run() async throws {
        let settings = try readSettings()
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        let level = logLevel.level
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let lock = try StoreLock(beside: settings.store.path)
        let logger = Logger(label: "prewarm")
        let services = try await DaemonAssembly(settings: settings, logger: logger).services(registry)
        do {
            try await ServiceGroup(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger.atLeast(.error)
            ).run()
        } catch  where isAddressInUse(error) {
            throw DaemonError("\(settings.listenHost):\(settings.listenPort) is taken; is another daemon running?")
        }
        logger.info("stopped")
        withExtendedLifetime(lock) {}
    }

    private func readSettings() throws -> Settings {
        guard let config else { return try Settings(storePath: db ?? "", listen: listen ?? "127.0.0.1:9201") }
        return try Settings(path: config)
    }

    private func isAddressInUse(_ error: any Error) -> Bool { "\(error)".contains("Address already in use") }
}

struct DaemonError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// How much is logged.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, warning, error

    var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}

extension Logger {
    /// The same, but for lines below `level`.
    fileprivate func atLeast(_ level: Logger.Level) -> Logger {
        var logger = self
        logger.logLevel = max(level, logLevel)
        return logger
    }
}
