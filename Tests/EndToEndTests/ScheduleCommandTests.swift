import Foundation
import TestSupport
import Testing

/// Floors that return, as a user writes them down: in a service file and in a configuration.
@Suite struct ScheduleCommandTests {
    /// Friday 2026-03-27, 00:00 UTC; clocks in Berlin are turned forward on Sunday.
    private static let friday = 1_774_569_600
    /// Four days of a request a second, in rows of a minute.
    private static let trace =
        "timestamp,value\n" + (0..<4 * 1_440).map { "\(friday + 60 * $0),\(55 + $0 * 7 % 11)\n" }.joined()

    private static func service(_ schedules: String) -> String {
        #"{"perInstance":5,"startupSeconds":120,"sloWaitSeconds":1,"minInstances":1,"maxInstances":9,"#
            + "\n\"schedules\": \(schedules)}"
    }

    private func run(
        _ arguments: [String], service: String
    ) async throws -> (outcome: BuiltBinary.Outcome, decisions: String?) {
        try await withTemporaryDirectory { directory in
            let csv = directory.appending(path: "t.csv"), file = directory.appending(path: "s.json")
            let out = directory.appending(path: "d.csv")
            try Self.trace.write(to: csv, atomically: true, encoding: .utf8)
            try service.write(to: file, atomically: true, encoding: .utf8)
            let outcome = try await BuiltBinary.run(
                arguments.map { $0 == "OUT" ? out.path : $0 } + ["--trace", csv.path, "--service", file.path])
            return (outcome, try? String(contentsOf: out, encoding: .utf8))
        }
    }

    private static let officeHours = #"[{"cron": "0 8 * * 1-5", "zone": "Europe/Berlin", "for": "10h", "floor": 4}]"#

    /// A start-up before eight on Friday, and an hour earlier by UTC on Monday.
    @Test(arguments: ["hpa", "predictive:0.9"])
    func aBacktestHoldsThem(policy: String) async throws {
        let (outcome, decisions) = try await run(
            ["backtest", "--policy", policy, "--model", "last-value", "--decisions", "OUT"],
            service: Self.service(Self.officeHours))
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            outcome.errors.contains(
                "Under every policy: at least 4 instances for 10 h from \"0 8 * * 1-5\" in Europe/Berlin."),
            "\(outcome.errors)")
        let rows = try #require(decisions).split(separator: "\n").dropFirst()
        #expect(
            rows.map(String.init) == [
                "2026-03-27T00:00:00Z,1", "2026-03-27T06:58:00Z,4", "2026-03-27T17:00:00Z,1",
                "2026-03-30T05:58:00Z,4", "2026-03-30T16:00:00Z,1",
            ])
    }

    /// The clairvoyant has them too, so that costs stay comparable, and the report tells of them.
    @Test func allAreMeasuredAlike() async throws {
        let service = Self.service(Self.officeHours)
        let (outcome, _) = try await run(
            ["backtest", "--policy", "fixed:1", "--policy", "clairvoyant", "--json"],
            service: service)
        let figures = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
        let hours = figures.compactMap { $0["instanceHours"] as? Double }
        // 96 h of one, and three more for twenty hours and four minutes.
        #expect(hours.allSatisfy { abs($0 - (96 + 3 * (20 + 4.0 / 60))) < 1e-9 }, "\(hours)")
        #expect(figures.compactMap { $0["cost"] as? Double } == [1, 1])
        let (frontier, _) = try await run(
            [
                "frontier", "--dials", "0.9", "--peers", "fixed", "--model", "last-value", "--json",
                "--no-startup-cases",
            ],
            service: service)
        #expect(frontier.status == 0 && frontier.output.contains("at least 4 instances for 10 h"), "\(frontier.errors)")
    }

    @Test(arguments: [
        (#"[{"cron": "0 8 * *", "for": "10h", "floor": 4}]"#, "schedules[0].cron: '0 8 * *' has 4 fields"),
        (#"[{"for": "10h", "floor": 4}]"#, "schedules[0].cron: is missing; when does the floor begin"),
        (
            #"[{"cron": "0 8 * * 1-5", "zone": "Europe/Berln", "for": "10h", "floor": 4}]"#,
            "schedules[0].zone: no time zone is called 'Europe/Berln'; did you mean 'Europe/Berlin'?"
        ),
        (
            #"[{"cron": "0 8 * * 1-5", "for": "10 hours", "floor": 4}]"#,
            "schedules[0].for: '10 hours' is no time from 1m"
        ),
        (
            #"[{"cron": "0 8 * * 1-5", "for": "10h", "floor": 10}]"#,
            "schedules[0].floor: '10' is no number of instances"
        ),
        (
            #"[{"cron": "0 8 * * 1-5", "for": "10h", "floors": 4}]"#,
            "s.json:2: unknown key 'schedules[0].floors'; did you mean 'floor'?"
        ),
        (#"[{"cron": "0 8 * * 1-5", "for": 10, "floor": 4}]"#, "s.json:2: schedules[0].for: a text is wanted"),
        (#"{"cron": "0 8 * * 1-5"}"#, "s.json:2: schedules: a list is wanted"),
    ])
    func whatWillNotDoIsNamed(schedules: String, problem: String) async throws {
        let (outcome, _) = try await run(["backtest", "--policy", "hpa"], service: Self.service(schedules))
        #expect(outcome.status == 1 && outcome.errors.contains(problem), "\(outcome.errors)")
    }

    @Test func aConfigurationIsCheckedLineByLine() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "c.yaml")
            func check(_ zone: String, _ key: String) async throws -> BuiltBinary.Outcome {
                try """
                store: {path: p.db}
                workloads:
                  - name: web
                    demand: {series: m}
                    capacity: {perInstance: 10}
                    limits: {max: 8}
                    schedules:
                      - cron: "0 8 * * 1-5"
                        zone: \(zone)
                        for: 10h
                        \(key): 4
                      - {cron: "*/20 * * * *", for: 10m, floor: 8}
                """.write(to: file, atomically: true, encoding: .utf8)
                return try await BuiltBinary.run(["config", "check", file.path])
            }
            let fine = try await check("Europe/Berlin", "floor")
            #expect(fine.status == 0, "\(fine.errors)")
            let bad = try await check("Berlin", "flour")
            #expect(bad.status == 1)
            #expect(
                bad.errors.contains("c.yaml:11: unknown key 'workloads[0].schedules[0].flour'; did you mean 'floor'?"),
                "\(bad.errors)")
            #expect(
                bad.errors.contains("c.yaml:8: workloads[0].schedules[0].floor: is missing"), "\(bad.errors)")
            let zone = try await check("Berlin", "floor")
            #expect(
                zone.errors.contains(
                    "c.yaml:9: workloads[0].schedules[0].zone: no time zone is called 'Berlin'; did you mean 'Europe/Berlin'?"
                ),
                "\(zone.errors)")
        }
    }
}
