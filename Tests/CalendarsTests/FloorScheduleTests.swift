import Calendars
import Foundation
import Kernels
import Planning
import Testing
import Units

/// Floors that return, over the nights in which clocks are turned.
@Suite struct FloorScheduleTests {
    private func schedule(_ cron: String, _ zone: String, seconds: Int) throws -> FloorSchedule {
        FloorSchedule(
            cron: try CronExpression(parsing: cron), zone: zone, rules: try SystemZones.zone(named: zone),
            seconds: seconds, floor: 3)
    }

    private func spans(_ cron: String, _ zone: String, hours: Double, _ from: String, _ to: String) throws -> [String] {
        let start = try #require(Timestamp(parsing: from)), end = try #require(Timestamp(parsing: to))
        return try schedule(cron, zone, seconds: Int(hours * 3_600)).floors(within: start..<end).map {
            "\($0.start) \($0.end)"
        }
    }

    @Test func officeHoursFollowTheClocks() throws {
        #expect(
            try spans("0 8 * * 1-5", "Europe/Berlin", hours: 10, "2026-03-27T00:00:00Z", "2026-03-31T00:00:00Z") == [
                "2026-03-27T07:00:00Z 2026-03-27T17:00:00Z", "2026-03-30T06:00:00Z 2026-03-30T16:00:00Z",
            ])
        #expect(
            try spans("0 8 * * 1-5", "America/New_York", hours: 10, "2026-10-30T00:00:00Z", "2026-11-03T06:00:00Z") == [
                "2026-10-30T12:00:00Z 2026-10-30T22:00:00Z", "2026-11-02T13:00:00Z 2026-11-02T23:00:00Z",
            ])
    }

    @Test func timesThatAreSkippedOrShownTwice() throws {
        let spring = ("2026-03-28T22:00:00Z", "2026-03-29T08:00:00Z"),
            autumn = ("2026-10-24T22:00:00Z", "2026-10-25T08:00:00Z")
        // 02:30 does not exist: it begins at 03:30, when it would have been.
        #expect(
            try spans("30 2 * * *", "Europe/Berlin", hours: 1, spring.0, spring.1)
                == ["2026-03-29T01:30:00Z 2026-03-29T02:30:00Z"])
        // 02:30 comes twice: it begins the first time; where hours are counted off, both times.
        #expect(
            try spans("30 2 * * *", "Europe/Berlin", hours: 0.5, autumn.0, autumn.1)
                == ["2026-10-25T00:30:00Z 2026-10-25T01:00:00Z"])
        #expect(
            try spans("30 */2 * * *", "Europe/Berlin", hours: 0.5, autumn.0, "2026-10-25T02:00:00Z").suffix(2) == [
                "2026-10-25T00:30:00Z 2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z 2026-10-25T02:00:00Z",
            ])
        // Lengths are time that passes.
        #expect(
            try spans("0 22 * * *", "Europe/Berlin", hours: 10, "2026-03-28T20:00:00Z", "2026-03-29T12:00:00Z")
                == ["2026-03-28T21:00:00Z 2026-03-29T07:00:00Z"])
        for cron in ["*/15 * * * *", "*/15 0-23 * * *"] {
            let quarters = try spans(
                cron, "America/New_York", hours: 0.25, "2026-10-31T00:00:00Z", "2026-11-02T12:00:00Z")
            // Whoever names the hours has an hour without.
            #expect(quarters.count == (cron.contains("0-23") ? 2 : 1), "\(quarters)")
        }
    }

    /// Against Foundation's calendar, minute by minute, four days around each change.
    @Test(arguments: [
        ("Europe/Berlin", "2026-03-29T01:00:00Z"), ("Europe/Berlin", "2026-10-25T01:00:00Z"),
        ("America/New_York", "2026-03-08T07:00:00Z"), ("America/New_York", "2026-11-01T06:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"), ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ])
    func everyMinuteAgreesWithTheSystemsClock(zone: String, change: String) throws {
        let clock = try Clock(zone: zone, around: try #require(Timestamp(parsing: change)), days: 4)
        var random = SplitMix64(seed: 11), held = 0
        for _ in 0..<40 {
            func one(_ choices: [String]) -> String { choices[Int(random.next() % UInt64(choices.count))] }
            let cron = [
                one(["0", "30", "*/15", "5-50/15", "*"]), one(["*", "2", "1-3", "8", "*/2", "22", "0-23"]),
                one(["*", "*", "*/2", "8", "29"]), one(["*", "3,10", "4-12"]), one(["*", "1-5", "SUN", "7", "*/3"]),
            ].joined(separator: " ")
            let seconds = [60, 900, 3_600, 36_000, 108_000][Int(random.next() % 5)]
            let expected = clock.held(cron, seconds: seconds)
            let floors = try schedule(cron, zone, seconds: seconds).floors(within: clock.span)
            var next = 0
            for (minute, isHeld) in expected.enumerated() {
                let time = clock.span.lowerBound.advanced(bySeconds: 60 * minute)
                while next < floors.count, floors[next].end <= time { next += 1 }
                let found = next < floors.count && floors[next].start <= time
                if found != isHeld { #expect(found == isHeld, "\(cron) for \(seconds) s at \(time) in \(zone)") }
                held += isHeld ? 1 : 0
            }
        }
        #expect(held > 1_000)
    }

    @Test func zonesThatDoNotExistAreTold() throws {
        func problem(_ name: String) -> String? {
            do throws(NoSuchZone) { _ = try SystemZones.zone(named: name) } catch { return error.description }
            return nil
        }
        #expect(problem("Europe/Berln") == "no time zone is called 'Europe/Berln'; did you mean 'Europe/Berlin'?")
        #expect(problem("Berlin") == "no time zone is called 'Berlin'; did you mean 'Europe/Berlin'?")
        #expect(problem("New York")?.hasSuffix("did you mean 'America/New_York'?") ?? false)
        #expect(problem("the moon") == "no time zone is called 'the moon'; IANA names are like Europe/Berlin")
        #expect(problem("UTC") == nil)
    }
}

/// What the clocks of a zone show, by Foundation.
private struct Clock {
    /// Minute by minute, and where clocks have just skipped an hour, what they would show had they not.
    private struct Reading {
        var shown: DateComponents, skipped: DateComponents?, isSecondTime: Bool
    }

    private static let before = 3 * 1_440
    let span: Range<Timestamp>
    private var readings: [Reading] = []

    init(zone name: String, around change: Timestamp, days: Int) throws {
        let zone = try #require(TimeZone(identifier: name))
        let start = change.advanced(bySeconds: -days * 43_200)
        span = start..<change.advanced(bySeconds: days * 43_200)
        var utc = Calendar(identifier: .gregorian)
        utc.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        func components(_ seconds: Double) -> DateComponents {
            utc.dateComponents([.minute, .hour, .day, .month, .weekday], from: Date(timeIntervalSince1970: seconds))
        }
        for minute in -Self.before..<days * 1_440 {
            let now = start.secondsSinceEpoch + Double(60 * minute)
            let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: now))
            let earlier = [1_800.0, 3_600].map { back in
                (back, zone.secondsFromGMT(for: Date(timeIntervalSince1970: now - back)))
            }
            // Turned forward by so much within that time: the old clock would show a time that was skipped.
            let gap = earlier.first { offset - $0.1 == Int($0.0) }
            let isSecondTime = earlier.contains { $0.1 - offset == Int($0.0) }
            readings.append(
                Reading(
                    shown: components(now + Double(offset)), skipped: gap.map { components(now + Double($0.1)) },
                    isSecondTime: isSecondTime))
        }
    }

    /// For each minute of `span`, whether a floor holds that begins by `cron`.
    func held(_ cron: String, seconds: Int) -> [Bool] {
        let fields = cron.split(separator: " ").map(String.init)
        var last: Int?, held: [Bool] = []
        for (place, reading) in readings.enumerated() {
            let again = reading.isSecondTime && !fields[1].hasPrefix("*")
            if matches(fields, reading.shown) && !again || reading.skipped.map({ matches(fields, $0) }) ?? false {
                last = place
            }
            guard place >= Self.before else { continue }
            held.append(last.map { (place - $0) * 60 < seconds } ?? false)
        }
        return held
    }

    private func matches(_ fields: [String], _ time: DateComponents) -> Bool {
        let weekday = (time.weekday ?? 0) - 1
        let isDay = Self.matches(fields[2], time.day ?? 0, 1...31)
        let isWeekday = Self.matches(fields[4], weekday, 0...6) || weekday == 0 && fields[4] == "7"
        let isEither = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
        return Self.matches(fields[0], time.minute ?? 0, 0...59) && Self.matches(fields[1], time.hour ?? 0, 0...23)
            && Self.matches(fields[3], time.month ?? 0, 1...12)
            && (isEither ? isDay || isWeekday : isDay && isWeekday)
    }

    /// Another way than the parser's: by asking, not by listing.
    private static func matches(_ field: String, _ value: Int, _ range: ClosedRange<Int>) -> Bool {
        field.split(separator: ",").contains { part in
            let pieces = part.split(separator: "/"), body = pieces[0] == "SUN" ? "0" : pieces[0]
            let ends =
                body == "*" ? [range.lowerBound, range.upperBound] : body.split(separator: "-").compactMap { Int($0) }
            guard let low = ends.first, let high = ends.last, (low...high).contains(value) else { return false }
            return (value - low) % (pieces.count > 1 ? Int(pieces[1]) ?? 1 : 1) == 0
        }
    }
}
