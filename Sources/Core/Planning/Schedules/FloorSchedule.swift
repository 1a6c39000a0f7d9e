package import Units

/// A floor that returns: it begins whenever cron's words say so on the clocks of a zone, and holds for as long as is said.
///
/// A time that the clocks skip, as 02:30 is on the last Sunday of March in Berlin, begins when it would be had they not been turned
/// yet: at 03:30. One that they show twice begins when they first show it; where hours are counted off (`*`), each time, so that no
/// hour is without it. The length is time that passes, so that `0 22 * * *` for 10 h ends at 07:00 or 09:00 after those nights.
package struct FloorSchedule: Hashable, Sendable {
    /// Of one service, at most.
    package static let most = 100
    /// How long a floor may hold, seconds: a minute to a week.
    package static let lengths = 60...604_800

    /// What will not do: the field, and why.
    package struct Problem: Error, Hashable, Sendable {
        package let field: String, problem: String
        package init(_ field: String, _ problem: String) { (self.field, self.problem) = (field, problem) }
    }

    package let cron: CronExpression
    /// As users name it.
    package let zone: String
    package let floor: Int
    /// How long it holds, seconds.
    package let seconds: Int
    private let rules: ZoneRules

    package init(cron: CronExpression, zone: String, rules: ZoneRules, seconds: Int, floor: Int) {
        precondition(Self.lengths.contains(seconds) && floor >= 0, "a floor of a minute to a week")
        (self.cron, self.zone, self.rules) = (cron, zone, rules)
        (self.seconds, self.floor) = (seconds, floor)
    }

    /// From what users write: `zone` is an IANA name, UTC where it is left out, `length` a duration such as `10h`; `maxInstances` are
    /// the most that the service may have. `rules` knows the zones.
    package init(
        cron: String?, zone: String?, length: String?, floor: String?, maxInstances: Int,
        rules: (String) throws(NoSuchZone) -> ZoneRules
    ) throws(Problem) {
        guard let cron else { throw Problem("cron", "is missing; when does the floor begin, as in \"0 8 * * 1-5\"?") }
        guard let length else { throw Problem("for", "is missing; how long does the floor hold, as in 10h?") }
        guard let floor else { throw Problem("floor", "is missing; how many instances at least, as in 4?") }
        let expression: CronExpression, known: ZoneRules
        do throws(CronExpression.Problem) { expression = try CronExpression(parsing: cron) } catch {
            throw Problem("cron", error.description)
        }
        do throws(NoSuchZone) { known = try zone.map(rules) ?? .utc } catch {
            throw Problem("zone", error.description)
        }
        guard let seconds = Units.seconds(parsing: length).flatMap(Int.init(exactly:)), Self.lengths.contains(seconds)
        else { throw Problem("for", "'\(length)' is no time from 1m to 7d, as in 10h") }
        guard let count = Int(floor), (0...maxInstances).contains(count) else {
            throw Problem(
                "floor", "'\(floor)' is no number of instances from 0 to the most there may be, \(maxInstances)")
        }
        self.init(cron: expression, zone: zone ?? "UTC", rules: known, seconds: seconds, floor: count)
    }

    /// The floors that hold at some time within `span`, ascending; those that touch are one.
    ///
    /// Complexity: linear in the days of `span` and of the length, and in the beginnings within.
    package func floors(within span: Range<Timestamp>) -> [ScheduledFloor] {
        guard !span.isEmpty else { return [] }
        // Clocks are never further from UTC than a day and two hours.
        let first = span.lowerBound.advanced(bySeconds: -seconds - 93_600).epochDay
        let last = span.upperBound.advanced(bySeconds: 93_600).epochDay
        let starts = (first...last).flatMap { cron.times(ofDay: $0) }.flatMap(instants)
            .filter { $0 < span.upperBound && $0.advanced(bySeconds: seconds) > span.lowerBound }
        var floors: [ScheduledFloor] = []
        for start in starts.sorted() {
            let end = start.advanced(bySeconds: seconds)
            if let before = floors.last, before.end >= start {
                floors[floors.count - 1] = ScheduledFloor(
                    from: before.start, to: max(before.end, end), instances: floor)
            } else {
                floors.append(ScheduledFloor(from: start, to: end, instances: floor))
            }
        }
        return floors
    }

    private func instants(_ time: LocalTime) -> [Timestamp] {
        cron.isEveryHour ? rules.instants(of: time) : [rules.instant(of: time)]
    }
}

extension Timestamp {
    fileprivate var epochDay: Int { Int(millisecondsSinceEpoch.flooredDivision(by: 86_400_000).quotient) }
}

/// The floors of several schedules, worked out a day at a time as time goes on.
package struct FloorCalendar: Sendable {
    private static let stretch = 86_400, furthest = 604_800

    private let schedules: [FloorSchedule]
    private var span: Range<Timestamp>?
    private var floors: [ScheduledFloor] = []

    package init(_ schedules: [FloorSchedule]) { self.schedules = schedules }

    /// All that hold at some time from `now` until `seconds` later, a week at most; others may be among them.
    ///
    /// Complexity: once a day of `FloorSchedule.floors`, else none.
    package mutating func floors(at now: Timestamp, ahead seconds: Int) -> [ScheduledFloor] {
        guard !schedules.isEmpty else { return [] }
        let until = now.advanced(bySeconds: min(max(seconds, 0), Self.furthest) + 1)
        if let span, span.contains(now), until <= span.upperBound { return floors }
        let next = now..<until.advanced(bySeconds: Self.stretch)
        (span, floors) = (next, schedules.flatMap { $0.floors(within: next) })
        return floors
    }
}

/// A floor from an instant on.
package struct FloorStep: Hashable, Sendable {
    package let at: Timestamp
    package let instances: Int
}

extension Array where Element == FloorSchedule {
    /// How the highest floor changes within `span`, from its beginning on.
    ///
    /// Complexity: that of `FloorSchedule.floors`, and linear in the floors times the schedules.
    package func steps(within span: Range<Timestamp>) -> [FloorStep] {
        let floors = enumerated().flatMap { place, schedule in
            schedule.floors(within: span).map { (place: place, floor: $0) }
        }
        let edges = floors.flatMap { place, floor in
            [
                (at: Swift.max(floor.start, span.lowerBound), place: place, instances: floor.instances),
                (at: floor.end, place: place, instances: 0),
            ]
        }.filter { $0.at < span.upperBound }.sorted { $0.at < $1.at }
        var current = [Int](repeating: 0, count: count)
        var steps: [FloorStep] = []
        for (number, edge) in edges.enumerated() {
            current[edge.place] = edge.instances
            guard number + 1 == edges.count || edges[number + 1].at > edge.at else { continue }
            let highest = current.max() ?? 0
            if highest != steps.last?.instances ?? 0 { steps.append(FloorStep(at: edge.at, instances: highest)) }
        }
        return steps
    }
}
