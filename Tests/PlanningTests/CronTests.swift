import Planning
import Testing
import Units

@Suite struct CronTests {
    private func floors(_ cron: String, seconds: Int = 60, _ from: String, _ to: String) throws -> [String] {
        let schedule = FloorSchedule(
            cron: try CronExpression(parsing: cron), zone: "UTC", rules: .utc, seconds: seconds, floor: 1)
        let start = try #require(Timestamp(parsing: from)), end = try #require(Timestamp(parsing: to))
        return schedule.floors(within: start..<end).map { "\($0.start)" }
    }

    @Test func fieldsSayWhenItComes() throws {
        // 2026-11-01 is a Sunday.
        let week = ("2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z")
        #expect(
            try floors("0 8 * * 1-5", week.0, week.1).map { $0.prefix(10).suffix(2) } == ["02", "03", "04", "05", "06"])
        #expect(try floors("0 8 * * MON,fri", week.0, week.1) == ["2026-11-02T08:00:00Z", "2026-11-06T08:00:00Z"])
        #expect(try floors("0 0 * * 7", week.0, week.1) == floors("0 0 * * sun", week.0, week.1))
        #expect(try floors("0 0 * * 0,7", week.0, week.1) == ["2026-11-01T00:00:00Z"])
        #expect(try floors("30 */12 3 * *", week.0, week.1) == ["2026-11-03T00:30:00Z", "2026-11-03T12:30:00Z"])
        #expect(
            try floors("1-50/20 9 1 nov *", week.0, week.1).map { $0.suffix(9) } == [
                "09:01:00Z", "09:21:00Z", "09:41:00Z",
            ])
        // Either day will do where both are restricted; a leading star restricts nothing.
        #expect(try floors("0 0 4 * 1", week.0, week.1).map { $0.prefix(10).suffix(2) } == ["02", "04"])
        #expect(try floors("0 0 */2 * 1", week.0, week.1) == [])
        #expect(try floors("0 0 29 2 *", "2027-01-01T00:00:00Z", "2029-01-01T00:00:00Z") == ["2028-02-29T00:00:00Z"])
    }

    @Test func whatTouchesIsOneFloor() throws {
        let span = ("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z")
        #expect(try floors("* * * * *", seconds: 60, span.0, span.1).count == 1)
        #expect(try floors("*/30 * * * *", seconds: 1_799, span.0, span.1).count == 96)
        // One that began the day before still holds.
        #expect(try floors("0 22 * * *", seconds: 36_000, span.0, span.1).first == "2026-10-31T22:00:00Z")
    }

    @Test(arguments: [
        ("0 8 * *", "has 4 fields, and five are wanted"), ("0 0 8 * * 1", "has 6 fields"),
        ("@daily", "as in \"0 8 * * 1-5\""),
        ("60 8 * * *", "minute '60': *, or values from 0 to 59 are wanted"), ("0 24 * * *", "hour '24'"),
        ("0 8 0 * *", "day of the month '0': *, or values from 1 to 31"), ("0 8 * 13 *", "month '13'"),
        ("0 8 * * MONDAY", "day of the week 'MONDAY': *, or values from 0 to 7, or sun to sat, are wanted"),
        ("0 22-6 * * *", "a range goes upwards; write 22-23,0-6"), ("5/15 * * * *", "a step wants a range: 5-59/15"),
        ("*/0 * * * *", "after / a step of 1 to 59"), ("*/x * * * *", "after /"), ("0, 8 * * *", "minute ''"),
        ("1-2-3 8 * * *", "minute '1-2-3'"), ("+1 8 * * *", "minute '+1'"),
        ("0 0 31 2 *", "no such month has a day 31"),
        ("0 0 31 4,6,9,11 *", "never comes"), ("0 8 L * *", "day of the month 'L'"), ("", "has 0 fields"),
    ])
    func whatIsNoCronIsTold(text: String, problem: String) {
        let error = #expect(throws: CronExpression.Problem.self) { _ = try CronExpression(parsing: text) }
        #expect(error?.description.contains(problem) ?? false, "\(text): \(error?.description ?? "")")
    }

    @Test func fieldsOfASchedulesAreNamed() {
        func field(
            cron: String? = "0 8 * * *", zone: String? = nil, length: String? = "10h", floor: String? = "4"
        ) -> String? {
            do throws(FloorSchedule.Problem) {
                _ = try FloorSchedule(
                    cron: cron, zone: zone, length: length, floor: floor, maxInstances: 10,
                    rules: { name throws(NoSuchZone) in throw NoSuchZone(name, near: nil) })
                return nil
            } catch { return error.field }
        }
        #expect(field() == nil)
        #expect(field(cron: nil) == "cron" && field(cron: "8:00") == "cron" && field(zone: "Berlin") == "zone")
        for length in [nil, "0s", "30s", "8d", "1.5s", "60.5s", "-1h", "soon", "inf"] {
            #expect(field(length: length) == "for")
        }
        for floor in [nil, "-1", "11", "4.5", "many"] { #expect(field(floor: floor) == "floor") }
        #expect(field(length: "90") == nil && field(length: "7d") == nil && field(floor: "0") == nil)
    }

    /// In any order of calls, also backwards, all that holds is there.
    @Test func aCalendarForgetsNoFloor() throws {
        let schedules = try ["0 8 * * 1-5", "*/20 3 * * *", "59 23 1 * *"].enumerated().map { place, cron in
            FloorSchedule(
                cron: try CronExpression(parsing: cron), zone: "UTC", rules: .utc, seconds: 600 * (place + 1),
                floor: place)
        }
        let start = try #require(Timestamp(parsing: "2026-10-29T00:00:00Z"))
        var calendar = FloorCalendar(schedules)
        for minute in Array(stride(from: 0, to: 6 * 1_440, by: 7)) + [0, 5_000, 100] {
            let now = start.advanced(bySeconds: 60 * minute)
            let span = now..<now.advanced(bySeconds: 901)
            let found = calendar.floors(at: now, ahead: 900).filter { $0.start < span.upperBound && $0.end > now }
            #expect(Set(found.map(\.instances)) == Set(schedules.flatMap { $0.floors(within: span) }.map(\.instances)))
            let highest = ScheduledFloor.highest(found, from: now, seconds: 1) ?? 0
            let steps = schedules.steps(within: start..<start.advanced(bySeconds: 7 * 86_400))
            #expect(steps.last { $0.at <= now }?.instances ?? 0 == highest, "\(now)")
        }
        var none = FloorCalendar([])
        #expect(none.floors(at: start, ahead: 60).isEmpty && [FloorSchedule]().steps(within: start..<start).isEmpty)
    }
}
