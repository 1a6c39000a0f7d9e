import Planning
import Series
import Units

extension WorkloadSettings {
    init?(
        reading section: YAMLSection, _ zones: (String) throws(NoSuchZone) -> ZoneRules,
        _ problems: inout ProblemList
    ) {
        section.allow(
            [
                "name", "demand", "capacity", "limits", "slo", "leadTime", "aggressiveness", "price", "trust",
                "actuator", "events", "schedules",
            ], &problems)
        guard
            let id = section.required("name", WorkloadID.init, "letters, digits, '.', '_', '-'; at most 63", &problems),
            let demand = section.requiredSection("demand", &problems),
            let capacity = section.requiredSection("capacity", &problems)
        else { return nil }
        demand.allow(["series", "kind", "step", "delay"], &problems)
        let parse = { (text: String) in try? SeriesSelector(parsing: text) }
        let series = demand.required("series", parse, "a selector such as requests_total{job=\"web\"}", &problems)
        let implied = DemandKind(impliedBy: series?.metric ?? "")
        let kind = demand.choice("kind", DemandKind.self, default: implied, &problems)
        let step = demand.wholeSeconds("step", default: 60, in: 1...86_400, &problems)
        let delay = demand.wholeSeconds("delay", default: 5, in: 0...3_600, &problems)
        var limits = Self.limits(section, &problems)
        limits.plan.schedules = FloorSchedule.list(section, max: limits.max, zones, &problems)
        let trust = section.choice("trust", TrustStage.self, default: .shadow, &problems)
        let prices = Self.prices(section, &problems)
        let aggressiveness = Self.aggressiveness(section, hasPrices: prices != nil, &problems)
        let slo = section.section("slo", &problems)
        slo?.allow(["wait"], &problems)
        let wait = slo?.seconds("wait", default: 1, &problems) ?? 1
        let carries = InstanceCapacity(reading: capacity, waitSeconds: wait, &problems)
        let lead = section.seconds("leadTime", default: 60, &problems)
        let process = section.section("actuator", &problems).flatMap { ProcessSettings(reading: $0, &problems) }
        let events = section.section("events", &problems).flatMap { EventSettings(reading: $0, &problems) }
        guard let series, let carries, let perInstance = carries.sustained else { return nil }
        self.init(
            id: id, series: series, kind: kind, stepSeconds: step, delaySeconds: delay, capacity: carries,
            perInstance: perInstance, minInstances: limits.min, maxInstances: limits.max, limits: limits.plan,
            sloWaitSeconds: wait, leadSeconds: min(lead, 86_400),
            aggressiveness: aggressiveness, prices: prices, trust: trust, process: process,
            events: events)
    }

    private static func limits(
        _ section: YAMLSection, _ problems: inout ProblemList
    ) -> (min: Int, max: Int, plan: PlanLimits) {
        guard let limits = section.section("limits", &problems) else { return (1, 10, .none) }
        limits.allow(["min", "max"] + PlanLimits.keys, &problems)
        let low = limits.integer("min", default: 1, &problems)
        let high = limits.integer("max", default: 10, &problems)
        guard (0...10_000).contains(low), (low...max(low, 10_000)).contains(high) else {
            problems.add(limits, "max", "need 0 <= min <= max <= 10000, got min \(low), max \(high)")
            return (1, 10, .none)
        }
        return (low, high, PlanLimits(reading: limits, min: low, &problems))
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

extension EventSettings {
    fileprivate init?(reading section: YAMLSection, _ problems: inout ProblemList) {
        section.allow(["file", "zone"], &problems)
        guard let file = section.string("file"), !file.isEmpty else {
            problems.add(section, "file", "needed: an iCalendar or CSV file of known events")
            return nil
        }
        self.init(file: file, zone: section.string("zone"))
    }
}

extension ProcessSettings {
    fileprivate init?(reading actuator: YAMLSection, _ problems: inout ProblemList) {
        actuator.allow(["process"], &problems)
        guard let process = actuator.requiredSection("process", &problems) else { return nil }
        process.allow(["command", "ready", "warm", "ports", "readyDeadline", "stopGrace"], &problems)
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
        let warm = process.section("warm", &problems)
        warm?.allow(["http"], &problems)
        let readyPath = ready?.string("http"), readyCommand = ready?.strings("command", &problems) ?? []
        if readyPath == nil, readyCommand.isEmpty {
            problems.add(process, "ready", "needed: {http: /healthz} or {command: [./check, \"{port}\"]}")
        }
        self.init(
            command: command, readyPath: readyPath, readyCommand: readyCommand,
            warmPaths: warm?.strings("http", &problems) ?? [], firstPort: ports[0], lastPort: ports[1],
            readyDeadline: process.seconds("readyDeadline", default: 300, &problems),
            stopGrace: process.seconds("stopGrace", default: 10, &problems))
    }
}
