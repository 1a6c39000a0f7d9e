import Planning
import Series
package import Units

extension Settings {
    /// Reads a YAML configuration; throws every problem found, each with its line and, for a misspelt key, a suggestion.
    /// `path` is the file as the user named it, for messages; `zones` knows the time zones, without it there is UTC alone.
    package init(
        parsing text: String, path: String,
        zones: (String) throws(NoSuchZone) -> ZoneRules = { name throws(NoSuchZone) in
            guard name == "UTC" else { throw NoSuchZone(name, near: nil) }
            return .utc
        }
    ) throws(SettingsError) {
        var problems = ProblemList(path: path)
        let root = YAMLSection(parsing: text, problems: &problems)
        let settings = root.flatMap { Settings(reading: $0, zones, &problems) }
        guard problems.found.isEmpty, let settings else { throw SettingsError(problems: problems.found) }
        self = settings
    }

    private init?(
        reading root: YAMLSection, _ zones: (String) throws(NoSuchZone) -> ZoneRules, _ problems: inout ProblemList
    ) {
        root.allow(["store", "listen", "tick", "scrape", "statsd", "workloads"], &problems)
        let store = StoreSettings(reading: root.section("store", &problems), &problems)
        let listening = root.section("listen", &problems)
        listening?.allow(["address", "tokenFile"], &problems)
        let address = listening?.string("address") ?? "127.0.0.1:9201"
        let listen = Self.hostAndPort(address)
        if listen == nil { problems.add(root, "listen.address", "'\(address)' is not HOST:PORT") }
        let tick = root.seconds("tick", default: 15, &problems)
        if tick < 1 || tick > 3_600 { problems.add(root, "tick", "must be between 1s and 1h") }
        let scrape = ScrapeSettings.list(root, &problems), statsd = StatsDSettings(reading: root, &problems)
        let workloads = root.sections("workloads", &problems).compactMap {
            WorkloadSettings(reading: $0, zones, &problems)
        }
        var seen: Set<WorkloadID> = []
        for workload in workloads where !seen.insert(workload.id).inserted {
            problems.add(root, "workloads", "two workloads are called '\(workload.id)'")
        }
        if workloads.isEmpty && problems.found.isEmpty { problems.add(root, "workloads", "at least one is needed") }
        guard let listen else { return nil }
        if !Self.isLoopback(listen.host) {
            problems.add(
                root, "listen.address", "only loopback (127.0.0.1, ::1, localhost) for now: there is no TLS yet")
        }
        self.init(
            store: store, listenHost: listen.host, listenPort: listen.port, tokenFile: listening?.string("tokenFile"),
            tickSeconds: Int(tick), scrape: scrape, statsd: statsd, workloads: workloads)
    }

    /// A store and its API alone: no workloads.
    package init(storePath: String, listen: String) throws(SettingsError) {
        guard let address = Self.hostAndPort(listen), Self.isLoopback(address.host) else {
            throw SettingsError(problems: [
                "--listen \(listen): HOST:PORT on loopback (127.0.0.1, ::1, localhost) is wanted, as in 127.0.0.1:9201"
            ])
        }
        self.init(
            store: StoreSettings(path: storePath), listenHost: address.host,
            listenPort: address.port, tokenFile: nil, tickSeconds: 15, scrape: [], statsd: nil, workloads: [])
    }

    /// Splits `127.0.0.1:9201` or `[::1]:9201`; nil where it is not an address with a port.
    package static func hostAndPort(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        let host = text[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        return host.isEmpty ? nil : (String(host), port)
    }

    package static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
    }
}
