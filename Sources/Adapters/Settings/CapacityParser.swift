import Planning
import Units

extension InstanceCapacity {
    /// One of the ways to say what an instance carries; nil, with a problem noted, where there is none, or more than one.
    init?(reading section: YAMLSection, waitSeconds: Double, _ problems: inout ProblemList) {
        let ways = ["perInstance", "queue", "usage", "concurrency", "tokens"]
        section.allow(ways, &problems)
        let given = ways.filter { section.line(of: $0) != nil }
        guard given.count == 1 else {
            let found = given.isEmpty ? "is missing" : "is given as well"
            problems.add(section, given.last ?? "perInstance", "\(found); one of \(ways.joined(separator: ", "))")
            return nil
        }
        guard given[0] != "perInstance" else {
            guard let rate = section.number("perInstance", &problems), rate > 0 else {
                let text = section.string("perInstance") ?? ""
                problems.add(section, "perInstance", "'\(text)' will not do; a number above 0")
                return nil
            }
            self = .rate(rate)
            return
        }
        guard let way = section.section(given[0], &problems),
            let capacity = Self.read(given[0], way, waitSeconds, &problems)
        else { return nil }
        guard capacity.sustained != nil else {
            problems.add(section, given[0], "carries nothing: numbers above 0 and a target of at most 1 are wanted")
            return nil
        }
        self = capacity
    }

    private static func read(
        _ way: String, _ section: YAMLSection, _ waitSeconds: Double, _ problems: inout ProblemList
    ) -> InstanceCapacity? {
        func number(_ key: String, default fallback: Double) -> Double { section.number(key, &problems) ?? fallback }
        switch way {
        case "queue":
            section.allow(["serviceTime", "places", "arrivalCV", "serviceCV"], &problems)
            let queue = QueueModel(
                serviceSeconds: section.seconds("serviceTime", default: 0, &problems),
                places: section.integer("places", default: 1, &problems), arrivalCV: number("arrivalCV", default: 1),
                serviceCV: number("serviceCV", default: 1), waitSeconds: waitSeconds)
            if queue == nil {
                problems.add(
                    section, "serviceTime", "above 0, with 1 to 100000 places and coefficients of variation of 0 to 100"
                )
            }
            return queue.map { .queue($0) }
        case "usage":
            section.allow(["whole", "target"], &problems)
            return .usage(whole: number("whole", default: 0), target: number("target", default: 0.7))
        case "concurrency":
            section.allow(["places", "target", "time"], &problems)
            let time = section.string("time") == nil ? nil : section.seconds("time", default: 0, &problems)
            return .concurrency(
                places: section.integer("places", default: 0, &problems), target: number("target", default: 0.7),
                requestSeconds: time)
        default:
            section.allow(["perSecond", "perRequest", "batch", "perSequence", "target"], &problems)
            let size = section.integer("batch", default: 0, &problems), each = section.number("perSequence", &problems)
            if (size > 0) != (each != nil) {
                problems.add(section, "batch", "batch and perSequence go together")
            }
            return .tokens(
                TokenCapacity(
                    perSecond: number("perSecond", default: 0), perRequest: section.number("perRequest", &problems),
                    batch: each.map { .init(size: size, perSequence: $0) }, target: number("target", default: 0.8)))
        }
    }
}
