import Planning
import Series
import Units

extension Settings {
    /// Reads a YAML configuration; throws every problem found, each with its line and, for a misspelt key, a suggestion.
    /// `path` is the file as the user named it, for messages.
    package init(parsing text: String, path: String) throws(SettingsError) {
        var problems = ProblemList(path: path)
        let root = YAMLSection(parsing: text, problems: &problems)
        let settings = root.flatMap { Settings(reading: $0, &problems) }
        guard problems.found.isEmpty, let settings else { throw SettingsError(problems: problems.found) }
        self = settings
    }

    private init?(reading root: YAMLSection, _ problems: inout ProblemList) {
        root.allow(["store", "listen", "tick", "workloads"], &problems)
        let store = root.section("store", &problems)
        store?.allow(["path", "retention"], &problems)
        let address = root.section("listen", &problems)?.string("address") ?? "127.0.0.1:9201"
        let listen = Self.hostAndPort(address)
        if listen == nil { problems.add(root, "listen.address", "'\(address)' is not HOST:PORT") }
        let tick = root.seconds("tick", default: 15, &problems)
        if tick < 1 || tick > 3_600 { problems.add(root, "tick", "must be between 1s and 1h") }
        let workloads = root.sections("workloads", &problems).compactMap { WorkloadSettings(reading: $0, &problems) }
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
            storePath: store?.string("path") ?? "prewarm.db", listenHost: listen.host, listenPort: listen.port,
            tickSeconds: Int(tick), workloads: workloads)
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

extension WorkloadSettings {
    fileprivate init?(reading section: YAMLSection, _ problems: inout ProblemList) {
        section.allow(
            ["name", "demand", "capacity", "limits", "slo", "aggressiveness", "price", "trust", "actuator"], &problems)
        guard
            let id = section.required("name", WorkloadID.init, "letters, digits, '.', '_', '-'; at most 63", &problems),
            let demand = section.requiredSection("demand", &problems),
            let capacity = section.requiredSection("capacity", &problems)
        else { return nil }
        demand.allow(["series", "kind"], &problems)
        capacity.allow(["perInstance"], &problems)
        let parse = { (text: String) in try? SeriesSelector(parsing: text) }
        let series = demand.required("series", parse, "a selector such as requests_total{job=\"web\"}", &problems)
        let kind = demand.choice("kind", DemandKind.self, default: .rate, &problems)
        let positive = { (text: String) in
            Double(text).flatMap { $0 > 0 ? DemandRate(perSecond: $0) : nil }
        }
        let perInstance = capacity.required("perInstance", positive, "a number above 0", &problems)
        let limits = Self.limits(section, &problems)
        let trust = section.choice("trust", TrustStage.self, default: .shadow, &problems)
        let prices = Self.prices(section, &problems)
        let aggressiveness = Self.aggressiveness(section, hasPrices: prices != nil, &problems)
        let slo = section.section("slo", &problems)?.seconds("wait", default: 1, &problems) ?? 1
        let process = section.section("actuator", &problems).flatMap { ProcessSettings(reading: $0, &problems) }
        guard let series, let perInstance else { return nil }
        self.init(
            id: id, series: series, kind: kind, perInstance: perInstance, minInstances: limits.min,
            maxInstances: limits.max, sloWaitSeconds: slo, aggressiveness: aggressiveness, prices: prices,
            trust: trust, process: process)
    }

    private static func limits(_ section: YAMLSection, _ problems: inout ProblemList) -> (min: Int, max: Int) {
        guard let limits = section.section("limits", &problems) else { return (1, 10) }
        limits.allow(["min", "max"], &problems)
        let low = limits.integer("min", default: 1, &problems)
        let high = limits.integer("max", default: 10, &problems)
        guard (0...10_000).contains(low), (low...max(low, 10_000)).contains(high) else {
            problems.add(limits, "max", "need 0 <= min <= max <= 10000, got min \(low), max \(high)")
            return (1, 10)
        }
        return (low, high)
    }

    private static func prices(_ section: YAMLSection, _ problems: inout ProblemList) -> Prices? {
        guard let price = section.section("price", &problems) else { return nil }
        price.allow(["idle", "late"], &problems)
        let idle = price.number("idle", &problems), late = price.number("late", &problems)
        guard let idle, let late, let prices = Prices(idlePerInstanceHour: idle, latePerRequest: late) else {
            problems.add(price, "idle", "price needs idle (per instance-hour) and late (per late request), 0 or more")
            return nil
        }
        return prices
    }

    private static func aggressiveness(
        _ section: YAMLSection, hasPrices: Bool, _ problems: inout ProblemList
    ) -> Aggressiveness {
        let text = section.string("aggressiveness") ?? (hasPrices ? "auto" : "0.95")
        if text == "auto" {
            if !hasPrices { problems.add(section, "aggressiveness", "auto needs a price: {idle: …, late: …}") }
            return .auto
        }
        guard let quantile = Double(text), (0.5...0.999).contains(quantile) else {
            problems.add(section, "aggressiveness", "'\(text)' is neither auto nor between 0.5 and 0.999")
            return .auto
        }
        return .quantile(quantile)
    }
}

extension ProcessSettings {
    fileprivate init?(reading actuator: YAMLSection, _ problems: inout ProblemList) {
        actuator.allow(["process"], &problems)
        guard let process = actuator.requiredSection("process", &problems) else { return nil }
        process.allow(["command", "ready", "warm", "ports"], &problems)
        let command = process.strings("command", &problems)
        if command.isEmpty {
            problems.add(process, "command", "needed: an argument list, [./server, --port, \"{port}\"]")
        }
        let ready = process.section("ready", &problems)
        ready?.allow(["http", "command"], &problems)
        let ports = (process.string("ports") ?? "20000-29999").split(separator: "-").compactMap { Int($0) }
        guard ports.count == 2, ports[0] <= ports[1], (1...65_535).contains(ports[0]), ports[1] <= 65_535 else {
            problems.add(process, "ports", "a range such as 20000-29999")
            return nil
        }
        self.init(
            command: command, readyPath: ready?.string("http"),
            readyCommand: ready?.strings("command", &problems) ?? [],
            warmPaths: process.section("warm", &problems)?.strings("http", &problems) ?? [], firstPort: ports[0],
            lastPort: ports[1])
    }
}
