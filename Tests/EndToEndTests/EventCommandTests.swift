import Foundation
import InputFiles
import Series
import TestSupport
import Testing
import Units

/// `--events` of `train` and `predict`, and `events:` of a configuration, on stored series.
@Suite(.serialized) struct EventCommandTests {
    /// Public holidays of the United States as a calendar has them: each by its name, once a year.
    private static let holidays = """
        BEGIN:VCALENDAR
        VERSION:2.0
        PRODID:-//example//holidays//EN
        X-WR-CALNAME:Holidays
        BEGIN:VEVENT
        UID:july@example
        SUMMARY:Independence Day
        DTSTART;VALUE=DATE:20140704
        RRULE:FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4
        END:VEVENT
        BEGIN:VEVENT
        UID:labor@example
        SUMMARY:Labor Day
        DTSTART;VALUE=DATE:20140901
        RRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=1MO
        END:VEVENT
        BEGIN:VEVENT
        UID:thanks@example
        SUMMARY:Thanksgiving Day
        DTSTART;VALUE=DATE:20141127
        RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH
        END:VEVENT
        BEGIN:VEVENT
        UID:christmas@example
        SUMMARY:Christmas Day
        DTSTART;VALUE=DATE:20141225
        DTEND;VALUE=DATE:20141226
        RRULE:FREQ=YEARLY
        END:VEVENT
        BEGIN:VEVENT
        UID:year@example
        SUMMARY:New Year's Day
        DTSTART;VALUE=DATE:20150101
        DTEND;VALUE=DATE:20150102
        RRULE:FREQ=YEARLY
        END:VEVENT
        END:VCALENDAR

        """
    /// The same days in the other format, on clocks that are named by `--zone`.
    private static let table = """
        start,end,name
        2014-07-04T00:00:00,2014-07-05T00:00:00,Independence Day
        2014-09-01T00:00:00,2014-09-02T00:00:00,Labor Day
        2014-11-27T00:00:00,2014-11-28T00:00:00,Thanksgiving Day
        2014-12-25T00:00:00,2014-12-26T00:00:00,Christmas Day
        2015-01-01T00:00:00,2015-01-02T00:00:00,New Year's Day

        """

    /// A store with the rows before `end` in it.
    private func store(_ series: RegularSeries, before end: Timestamp, in directory: URL) async throws -> String {
        let db = directory.appending(path: "\(end.secondsSinceEpoch).db").path
        let csv = directory.appending(path: "t.csv").path
        var lines = ["timestamp,value"]
        for (row, value) in series.values.enumerated() where series.grid.time(of: row) < end && value.isFinite {
            lines.append("\(series.grid.time(of: row).secondsSinceEpoch),\(value)")
        }
        try (lines.joined(separator: "\n") + "\n").write(toFile: csv, atomically: true, encoding: .utf8)
        let ingested = try await BuiltBinary.run(["ingest", csv, "--db", db, "--metric", "rides"])
        #expect(ingested.status == 0, "\(ingested.errors)")
        return db
    }

    /// How far the medians of the day after the store's end are off, as a share of what came.
    private func miss(_ series: RegularSeries, _ db: String, _ arguments: [String]) async throws -> Double {
        let outcome = try await BuiltBinary.run(
            ["predict", "--db", db, "--series", "rides", "--horizon", "24h", "--quantiles", "0.5", "--json"] + arguments
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let rows = try #require(document["rows"] as? [[String: Any]])
        var (off, sum) = (0.0, 0.0)
        for row in rows {
            let time = try #require((row["timestamp"] as? String).flatMap { Timestamp(parsing: $0) })
            let value = try #require((row["values"] as? [Double])?.first)
            let actual = series.values[series.grid.row(holding: time)]
            off += abs(value - actual)
            sum += actual
        }
        return off / sum
    }

    /// Taxi rides of New York on days that nobody had told the model of, and that it was told of. No holiday had come twice by
    /// then; what they have in common is known from the others.
    @Test(.enabled(if: SharedData.isPresent), .timeLimit(.minutes(5)))
    func holidaysOfRealRidesAreForeseen() async throws {
        let trace = try TraceFile(path: SharedData.data("nab_nyc_taxi_30min.csv.gz").path)
        let series = try #require(trace.series.first?.values)
        try await withTemporaryDirectory { directory in
            let ics = directory.appending(path: "us.ics").path
            try Self.holidays.write(toFile: ics, atomically: true, encoding: .utf8)
            for (day, most) in [("2014-11-27T00:00:00Z", 0.7), ("2014-12-25T00:00:00Z", 0.7)] {
                let db = try await store(series, before: try #require(Timestamp(parsing: day)), in: directory)
                for model in ["ridge", "auto"] {
                    let untold = try await miss(series, db, ["--model", model])
                    let told = try await miss(series, db, ["--model", model, "--events", ics])
                    #expect(told < most * untold, "\(day) \(model): \(told) against \(untold)")
                }
            }
        }
    }

    /// Half as much on holidays: hourly, with noise, for half a year.
    private func rides() throws -> RegularSeries {
        let start = try #require(Timestamp(parsing: "2014-07-01T00:00:00Z"))
        let days = [3, 62, 149, 177, 184]
        let values = (0..<190 * 24).map { row -> Double in
            let hour = Double(row % 24), noise = Double((row &* 7_919) % 101) - 50
            let usual = 1_000 - 60 * abs(hour - 12) + noise
            return (days.contains(row / 24) ? usual / 2 : usual).rounded()
        }
        return RegularSeries(start: start, step: 3_600, values: values)
    }

    @Test(.timeLimit(.minutes(5))) func aHolidayIsTakenForWhatOthersWere() async throws {
        let series = try rides()
        try await withTemporaryDirectory { directory in
            let db = try await store(
                series, before: try #require(Timestamp(parsing: "2014-12-25T00:00:00Z")), in: directory)
            let ics = directory.appending(path: "us.ics").path, csv = directory.appending(path: "us.csv").path
            try Self.holidays.write(toFile: ics, atomically: true, encoding: .utf8)
            try Self.table.write(toFile: csv, atomically: true, encoding: .utf8)
            let untold = try await miss(series, db, ["--model", "ridge"])
            for file in [ics, csv] {
                let told = try await miss(series, db, ["--model", "ridge", "--events", file, "--zone", "UTC"])
                #expect(told < 0.3 * untold, "\(file): \(told) against \(untold)")
            }
            // On clocks half a day away the days are others.
            let elsewhere = try await miss(
                series, db, ["--model", "ridge", "--events", csv, "--zone", "Pacific/Auckland"])
            #expect(elsewhere > 0.3 * untold, "\(elsewhere)")
            // Trained once, the model keeps what it was told.
            let trained = try await BuiltBinary.run([
                "train", "--db", db, "--series", "rides", "--model", "ridge", "--horizon", "24h", "--events", ics,
            ])
            #expect(trained.status == 0, "\(trained.errors)")
            #expect(try await miss(series, db, []) < 0.3 * untold)
            let bad = try await BuiltBinary.run([
                "predict", "--db", db, "--series", "rides", "--events", csv, "--zone", "Mars/Olympus",
            ])
            #expect(bad.status != 0 && bad.errors.contains("no time zone is called 'Mars/Olympus'"), "\(bad.errors)")
        }
    }

    /// What the daemon starts with: the events of the configuration, which its check reads too.
    @Test(.timeLimit(.minutes(3))) func aConfigurationNamesEvents() async throws {
        let series = try rides()
        try await withTemporaryDirectory { directory in
            let db = try await store(
                series, before: try #require(Timestamp(parsing: "2014-12-25T00:00:00Z")), in: directory)
            let ics = directory.appending(path: "us.ics").path, config = directory.appending(path: "c.yaml").path
            try Self.holidays.write(toFile: ics, atomically: true, encoding: .utf8)
            try """
            store: {path: \(db)}
            workloads:
              - name: rides
                demand: {series: rides, kind: count, step: 1h}
                capacity: {perInstance: 1}
                events: {file: \(ics), zone: UTC}
            """.write(toFile: config, atomically: true, encoding: .utf8)
            let check = try await BuiltBinary.run(["config", "check", config])
            #expect(check.status == 0 && check.output.contains("fine, 1 workload"), "\(check.errors)")
            let untold = try await miss(series, db, ["--model", "seasonal-naive"])
            let trained = try await BuiltBinary.run([
                "train", "--config", config, "--workload", "rides", "--model", "seasonal-naive", "--horizon", "24h",
            ])
            #expect(trained.status == 0, "\(trained.errors)")
            #expect(try await miss(series, db, []) < 0.3 * untold)
            try "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\n".write(toFile: ics, atomically: true, encoding: .utf8)
            let broken = try await BuiltBinary.run(["config", "check", config])
            #expect(
                broken.status != 0 && broken.errors.contains("us.ics:2: the event that begins here has no END:VEVENT"))
        }
    }
}
