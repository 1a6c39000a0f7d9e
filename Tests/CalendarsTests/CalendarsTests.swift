import Calendars
import Foundation
import Series
import TestSupport
import Testing
import Units
import WireFormats

@Suite struct CalendarsTests {
    private let through = Timestamp(secondsSinceEpoch: 1_861_920_000)  // 2029-01-01

    private func at(_ text: String) throws -> Timestamp { try #require(Timestamp(parsing: text)) }

    private func spans(_ lines: [String], zone: String = "UTC") throws -> [String] {
        let text = (["BEGIN:VCALENDAR", "BEGIN:VEVENT"] + lines + ["END:VEVENT", "END:VCALENDAR"]).joined(
            separator: "\r\n")
        let readers = try #require(SystemZones.rules(of: zone))
        let known = try KnownEvents(
            decodeICalendar(Array(text.utf8)), through: through, readersZone: readers, zone: SystemZones.rules(of:))
        return known.kinds.flatMap { kind in kind.spans.map { "\(kind.name) \($0.start) \($0.end)" } }
    }

    @Test func offsetsAreThoseOfTheZone() throws {
        let berlin = try #require(SystemZones.rules(of: "Europe/Berlin"))
        // The last Sundays of March and October, at 01:00 UTC.
        for (text, hours) in [
            ("2026-03-29T00:59:59Z", 1), ("2026-03-29T01:00:00Z", 2), ("2026-10-25T00:59:59Z", 2),
            ("2026-10-25T01:00:00Z", 1),
        ] {
            #expect(berlin.offset(at: Int(try at(text).secondsSinceEpoch)) == hours * 3_600, "\(text)")
        }
        let lord = try #require(SystemZones.rules(of: "Australia/Lord_Howe"))
        #expect(lord.offset(at: Int(try at("2026-07-01T00:00:00Z").secondsSinceEpoch)) == 37_800)
        #expect(SystemZones.rules(of: "Europe/Atlantis") == nil)
    }

    @Test func clocksThatSkipOrRepeatAreReadAsTheStandardSays() throws {
        let berlin = try #require(SystemZones.rules(of: "Europe/Berlin"))
        func instant(_ month: Int, _ day: Int, _ hour: Int, _ minute: Int) throws -> Timestamp {
            berlin.instant(of: try #require(LocalTime(year: 2026, month: month, day: day, hour: hour, minute: minute)))
        }
        #expect(try instant(3, 29, 1, 30) == at("2026-03-29T00:30:00Z"))
        #expect(try instant(3, 29, 2, 30) == at("2026-03-29T01:30:00Z"))  // There is no such time: 03:30 on the wall.
        #expect(try instant(3, 29, 3, 30) == at("2026-03-29T01:30:00Z"))
        #expect(try instant(10, 25, 2, 30) == at("2026-10-25T00:30:00Z"))  // The first of the two.
        #expect(try instant(10, 25, 3, 0) == at("2026-10-25T02:00:00Z"))
    }

    @Test func aDailyEventKeepsItsHourWhenClocksAreTurned() throws {
        let found = try spans([
            "SUMMARY:Batch", "DTSTART;TZID=America/New_York:20261030T083000",
            "DTEND;TZID=America/New_York:20261030T093000",
            "RRULE:FREQ=DAILY;COUNT=4", "EXDATE;TZID=America/New_York:20261031T083000",
        ])
        #expect(
            found == [
                "Batch 2026-10-30T12:30:00Z 2026-10-30T13:30:00Z", "Batch 2026-11-01T13:30:00Z 2026-11-01T14:30:00Z",
                "Batch 2026-11-02T13:30:00Z 2026-11-02T14:30:00Z",
            ])
    }

    @Test func daysLastTheirOwnLength() throws {
        let found = try spans(
            ["SUMMARY:Day", "DTSTART;VALUE=DATE:20260329", "RRULE:FREQ=YEARLY;COUNT=1"], zone: "Europe/Berlin")
        #expect(found == ["Day 2026-03-28T23:00:00Z 2026-03-29T22:00:00Z"])
    }

    @Test func rulesGiveTheDatesTheyMean() throws {
        func days(_ start: String, _ rule: String) throws -> [String] {
            try spans(["SUMMARY:x", "DTSTART:\(start)T100000Z", "DURATION:PT1H", "RRULE:\(rule)"])
                .map { String($0.dropFirst(2).prefix(10)) }
        }
        #expect(try days("20261126", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2") == ["2026-11-26", "2027-11-25"])
        #expect(
            try days("20260130", "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20260401T000000Z") == [
                "2026-01-30", "2026-02-27", "2026-03-27",
            ])
        #expect(try days("20260131", "FREQ=MONTHLY;COUNT=3") == ["2026-01-31", "2026-03-31", "2026-05-31"])
        #expect(
            try days("20261124", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU;COUNT=4")
                == ["2026-11-24", "2026-12-07", "2026-12-08", "2026-12-21"])
        #expect(
            try days("20261126", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=3") == [
                "2026-11-26", "2026-11-27", "2026-11-30",
            ])
        #expect(
            try days("20260101", "FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=1,-1;COUNT=4") == [
                "2026-01-01", "2026-01-31", "2026-12-01", "2026-12-31",
            ])
        // The Tuesday after the first Monday.
        #expect(
            try days("20261103", "FREQ=YEARLY;INTERVAL=2;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8") == [
                "2026-11-03", "2028-11-07",
            ])
        #expect(try days("20240229", "FREQ=YEARLY") == ["2024-02-29", "2028-02-29"])
        #expect(try days("20261201", "FREQ=DAILY;UNTIL=20261202") == ["2026-12-01", "2026-12-02"])
    }

    /// As calendars of holidays are written: a day of the year by a rule, a date each year as an event of its own, and dates
    /// that no rule gives as a list.
    @Test func holidayCalendarsAreRead() throws {
        let found = try spans(
            [
                "UID:new-year@example", "DTSTAMP:20240101T000000Z", "SUMMARY;LANGUAGE=en-US:New Year's Day",
                "DTSTART;VALUE=DATE:20260101", "DTEND;VALUE=DATE:20260102", "RRULE:FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
                "CLASS:PUBLIC", "TRANSP:TRANSPARENT", "CATEGORIES:Holidays", "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
                "END:VEVENT",
                "BEGIN:VEVENT", "UID:20261126_a@example", "SUMMARY:Thanksgiving Day", "DTSTART;VALUE=DATE:20261126",
                "DTEND;VALUE=DATE:20261127", "DESCRIPTION:Public holiday\\, observed\\nin all", " states", "SEQUENCE:0",
                "END:VEVENT",
                "BEGIN:VEVENT", "UID:20271125_a@example", "SUMMARY:Thanksgiving Day", "DTSTART;VALUE=DATE:20271125",
                "DTEND;VALUE=DATE:20271126", "END:VEVENT",
                "BEGIN:VEVENT", "UID:easter@example", "SUMMARY:Easter Monday", "DTSTART;VALUE=DATE:20260406",
                "DURATION:P1D", "RDATE;VALUE=DATE:20270329,20280417", "EXDATE;VALUE=DATE:20280417",
                "BEGIN:VALARM", "TRIGGER:-PT15H", "DURATION:PT5M", "END:VALARM",
            ], zone: "America/New_York")
        #expect(
            found == [
                "Easter Monday 2026-04-06T04:00:00Z 2026-04-07T04:00:00Z",
                "Easter Monday 2027-03-29T04:00:00Z 2027-03-30T04:00:00Z",
                "New Year's Day 2026-01-01T05:00:00Z 2026-01-02T05:00:00Z",
                "New Year's Day 2027-01-01T05:00:00Z 2027-01-02T05:00:00Z",
                "New Year's Day 2028-01-01T05:00:00Z 2028-01-02T05:00:00Z",
                "Thanksgiving Day 2026-11-26T05:00:00Z 2026-11-27T05:00:00Z",
                "Thanksgiving Day 2027-11-25T05:00:00Z 2027-11-26T05:00:00Z",
            ])
    }

    @Test func whatWasMovedTakesThePlaceOfWhatItWas() throws {
        let found = try spans([
            "UID:a", "SUMMARY:x", "DTSTART:20261201T100000Z", "DTEND:20261201T110000Z", "RRULE:FREQ=DAILY;COUNT=2",
            "END:VEVENT",
            "BEGIN:VEVENT", "UID:a", "SUMMARY:x", "RECURRENCE-ID:20261202T100000Z", "DTSTART:20261205T100000Z",
            "DTEND:20261205T110000Z", "BEGIN:VALARM", "SUMMARY:no", "END:VALARM", "END:VEVENT", "BEGIN:VEVENT",
            "DTSTART:20261201",
            "STATUS:CANCELLED",
        ])
        #expect(
            found == ["x 2026-12-01T10:00:00Z 2026-12-01T11:00:00Z", "x 2026-12-05T10:00:00Z 2026-12-05T11:00:00Z"])
    }

    @Test func foldedLinesAreOne() throws {
        let found = try spans(["SUMM", " ARY:Black", "  Friday", "DTSTART:20261127T000000Z", "DURATION:P1D"])
        #expect(found == ["Black Friday 2026-11-27T00:00:00Z 2026-11-28T00:00:00Z"])
    }

    @Test(arguments: [
        (["DTSTART:20261301"], "line 3: '20261301' is no time for DTSTART, like 20261124T080000Z"),
        (["SUMMARY:x"], "line 4: the event that begins in line 2 has no DTSTART"),
        (["DTSTART:20261101", "RRULE:FREQ=HOURLY"], "line 4: the rule needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"),
        (
            ["DTSTART:20261101", "RRULE:FREQ=MONTHLY;BYSETPOS=1"],
            "line 4: the rule's part BYSETPOS is not supported here; write its dates as events of their own"
        ),
        (
            ["DTSTART:20261101", "EXRULE:FREQ=DAILY"],
            "line 4: EXRULE is not supported here; write its dates as events of their own"
        ),
        (["DTSTART:20261101", "DTEND:20261031"], "line 5: the event ends before it starts, or more than a year after"),
        (["DTSTART:20261101", "DURATION:two days"], "line 4: 'two days' is no duration of up to a year, like PT2H30M"),
        (["nonsense"], "line 3: 'nonsense' is no NAME:VALUE"),
        (
            ["DTSTART;TZID=Nowhere:20261101T000000"],
            "line 2: no time zone is called 'Nowhere'; IANA names are like Europe/Berlin"
        ),
    ])
    func whatCannotBeReadIsSaid(lines: [String], message: String) {
        let found = #expect(throws: EventsProblem.self) { _ = try spans(lines) }
        #expect(found?.description == message)
    }

    @Test func csvIsReadInItsZone() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending(path: "events.csv").path
            try
                "name,start,end,effect\n\"Sale, big\",2026-11-27,2026-11-28,2.5\nx,2026-12-01T08:00Z,2026-12-01T09:00Z,\n"
                .write(toFile: path, atomically: true, encoding: .utf8)
            let known = try EventsFile(path: path).known(through: through, zone: "Europe/Berlin")
            #expect(known.kinds.map(\.name) == ["Sale, big", "x"] && known.kinds.map(\.effect) == [2.5, nil])
            #expect(
                try known.kinds[0].spans == [.init(start: at("2026-11-26T23:00:00Z"), end: at("2026-11-27T23:00:00Z"))])
            #expect(
                try known.kinds[1].spans == [.init(start: at("2026-12-01T08:00:00Z"), end: at("2026-12-01T09:00:00Z"))])
            let problem = #expect(throws: EventsFile.Problem.self) {
                _ = try EventsFile(path: path).known(through: through, zone: "Mars")
            }
            #expect(problem?.description == "no time zone is called 'Mars'; IANA names are like Europe/Berlin")
        }
    }

    @Test(arguments: [
        ("", "line 1: the file is empty"),
        ("a,b\n", "line 1: the header must name the columns start, end and name (and effect, where it is known)"),
        ("start,end,name\n1,2", "line 2: 2 columns; the header has 3"),
        ("start,end,name\n\n2026-01-02,2026-01-01,x", "line 3: the event must end after it starts, within a year"),
        (
            "start,end,name\n2026-01-02,2026-01-03T00:00Z,x",
            "line 2: one time has a zone and the other has none; write both alike"
        ),
        (
            "start,end,name,effect\n1,2,x,-1",
            "line 2: '-1' is no factor that demand is multiplied by, above 0 and up to 1000"
        ),
    ])
    func csvThatCannotBeReadIsSaid(text: String, message: String) {
        let found = #expect(throws: EventsProblem.self) { _ = try decodeKnownEventsCSV(Array(text.utf8)) }
        #expect(found?.description == message)
    }
}
