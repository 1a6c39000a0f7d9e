import ArgumentParser
import Calendars
import Foundation
import Settings
import Units

/// `forecast config`: a configuration to start from, and a check of one.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Prints a commented configuration to start from, or checks one.",
        subcommands: [Init.self, Check.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a configuration with every key explained.",
            discussion: "Example: forecast config init > prewarm.yaml")

        func run() { print(defaultConfiguration, terminator: "") }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reports everything that is wrong with a configuration, line by line.",
            discussion: "Example: forecast config check prewarm.yaml")

        @Argument(help: "The configuration.")
        var file: String

        func run() throws {
            let settings = try Settings(path: file)
            for workload in settings.workloads { _ = try workload.events?.known(end: .now) }
            print("\(file): fine, \(settings.workloads.count) workload\(settings.workloads.count == 1 ? "" : "s")")
        }
    }
}

extension Settings {
    /// Reads the configuration in a file.
    init(path: String) throws {
        guard let file = FileHandle(forReadingAtPath: path), let data = try file.readToEnd() else {
            throw DaemonError("\(path): cannot be read; `forecast config init > \(path)` makes one to start from")
        }
        var zones = KnownZones()
        try self.init(parsing: String(decoding: data, as: UTF8.self), path: path) { name throws(NoSuchZone) in
            try zones.rules(of: name)
        }
    }
}

/// Time zones that have been asked for: each costs the system some thousand questions.
struct KnownZones {
    private var known: [String: ZoneRules] = [:]

    mutating func rules(of name: String) throws(NoSuchZone) -> ZoneRules {
        if let rules = known[name] { return rules }
        let rules = try SystemZones.zone(named: name)
        known[name] = rules
        return rules
    }
}
