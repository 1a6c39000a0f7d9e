import Planning
import Units

extension FloorSchedule {
    static let keys = ["cron", "zone", "for", "floor"]

    /// The floors of `schedules`; none where there is no such key. `max` is the most instances of the workload.
    static func list(
        _ section: YAMLSection, max: Int, _ zones: (String) throws(NoSuchZone) -> ZoneRules,
        _ problems: inout ProblemList
    ) -> [FloorSchedule] {
        guard section.line(of: "schedules") != nil else { return [] }
        let entries = section.sections("schedules", &problems)
        guard entries.count <= Self.most else {
            problems.add(section, "schedules", "\(entries.count) are too many; at most \(Self.most)")
            return []
        }
        return entries.compactMap { FloorSchedule(reading: $0, max: max, zones, &problems) }
    }

    private init?(
        reading entry: YAMLSection, max: Int, _ zones: (String) throws(NoSuchZone) -> ZoneRules,
        _ problems: inout ProblemList
    ) {
        entry.allow(Self.keys, &problems)
        do throws(Problem) {
            try self.init(
                cron: entry.string("cron"), zone: entry.string("zone"), length: entry.string("for"),
                floor: entry.string("floor"), maxInstances: max, rules: zones)
        } catch {
            problems.add(entry, error.field, error.problem)
            return nil
        }
    }
}
