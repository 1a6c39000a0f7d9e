import Foundation
import TestSupport
import Testing

/// `forecast frontier` and the what-ifs of `backtest`, as a user would run them.
@Suite struct FrontierCommandTests {
    private static let first = 1_767_225_600

    /// Six days of five-minute rows: a daily wave with a spike at eight, and a little of everything else.
    private static let trace: String = {
        let rows = (0..<6 * 288).map { row in
            let hour = Double(row % 288) / 12, wave = 1 + 0.8 * sin((hour - 9) / 24 * 2 * Double.pi)
            let spike = row % 288 == 96 ? 900.0 : 0, noise = Double(row * 7_919 % 101)
            return "\(first + 300 * row),\(Int(1_500 * wave + spike + noise))\n"
        }
        return "timestamp,value\n" + rows.joined()
    }()
    private static let service =
        #"{"perInstance":0.5,"startupSeconds":300,"sloWaitSeconds":1,"minInstances":1,"maxInstances":60}"#

    private func run(
        _ arguments: [String], trace: String = trace, service: String? = nil, withModel: Bool = true
    ) async throws -> (outcome: BuiltBinary.Outcome, written: String?) {
        try await withTemporaryDirectory { directory in
            let csv = directory.appending(path: "t.csv"), file = directory.appending(path: "s.json")
            let out = directory.appending(path: "out")
            try trace.write(to: csv, atomically: true, encoding: .utf8)
            try service?.write(to: file, atomically: true, encoding: .utf8)
            let outcome = try await BuiltBinary.run(
                arguments.map { $0 == "OUT" ? out.path : $0 } + ["--trace", csv.path]
                    + (withModel ? ["--model", "seasonal-naive"] : [])
                    + (service == nil ? [] : ["--service", file.path]))
            return (outcome, try? String(contentsOf: out, encoding: .utf8))
        }
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private let quick = ["frontier", "--dials", "0.5,0.9,0.99", "--peers", "hpa,kpa"]

    @Test func theFrontierIsTheSameEveryTimeAndHoldsWhatItSays() async throws {
        let arguments = quick + ["--startup", "5m", "--json", "--resamples", "200"]
        let one = try await run(arguments).outcome, two = try await run(arguments).outcome
        #expect(one.status == 0, "\(one.errors)")
        #expect(one.output == two.output && !one.output.isEmpty)
        let result = try object(one.output)
        let families = try #require(result["families"] as? [[String: Any]])
        #expect(families.map { $0["name"] as? String } == ["predictive", "hpa", "kpa", "known-rate"])
        let points = try #require(families[0]["points"] as? [[String: Any]])
        #expect(
            points.compactMap { $0["policy"] as? String } == ["predictive:0.5", "predictive:0.9", "predictive:0.99"])
        let startups = try #require(result["startups"] as? [[String: Any]])
        #expect(startups.compactMap { $0["startupSeconds"] as? Int } == [150, 300, 600])
        #expect(startups.compactMap { $0["isWhatIf"] as? Bool } == [true, false, true])
        let notes = try #require(result["notes"] as? [String])
        #expect(notes.contains { $0.hasPrefix("The service is derived from the trace") })
        #expect(((result["verdict"] as? [String: Any])?["sentences"] as? [String])?.isEmpty == false)
        for moment in try #require(result["worst"] as? [[String: Any]]) {
            let record = try #require(moment["record"] as? [String: Any])
            #expect((record["candidates"] as? [Any])?.isEmpty == false && (record["forecast"] as? [Any])?.count == 3)
        }
    }

    /// Each setting's figures are those that `backtest` prints for it.
    @Test func figuresAreThoseOfTheBacktest() async throws {
        let frontier = try await run(quick + ["--json", "--no-startup-cases"], service: Self.service).outcome
        let families = try #require(try object(frontier.output)["families"] as? [[String: Any]])
        let points = families.flatMap { $0["points"] as? [[String: Any]] ?? [] }
        let names = ["predictive:0.9", "hpa:0.6", "kpa:0.5"]
        let backtest = try await run(
            ["backtest", "--from", "\(Self.first + 3 * 86_400)", "--json"] + names.flatMap { ["--policy", $0] },
            service: Self.service
        ).outcome
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(backtest.output.utf8)) as? [[String: Any]], "\(backtest.errors)"
        )
        for (name, row) in zip(names, rows) {
            let point = try #require(points.first { $0["policy"] as? String == name })
            for key in ["late", "instanceHours", "cost", "p99", "requests"] {
                #expect(point[key] as? Double == row[key] as? Double, "\(name) \(key)")
            }
        }
    }

    @Test func tablesFitAndFilesAreWritten() async throws {
        let table = try await run(quick + ["--startup", "5m", "--budget", "1.5x"]).outcome
        #expect(table.status == 0, "\(table.errors)")
        let lines = table.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 120 }, "\(lines.map(\.count).max() ?? 0)")
        for word in ["cost at 0.100% late", "(what if)", "P predictive, a hpa, b kpa, * known-rate"] {
            #expect(table.output.contains(word), "\(word) in\n\(table.output)")
        }
        let csv = try await run(quick + ["--startup", "5m", "--no-startup-cases", "--csv", "OUT"])
        let rows = try #require(csv.written).split(separator: "\n")
        #expect(rows[0].hasPrefix("family,policy,knob,cost,") && rows.count == 1 + 3 + 15 + 15 + 20, "\(rows.count)")
        let page = try await run(quick + ["--startup", "5m", "--no-startup-cases", "--report", "OUT"])
        #expect(try #require(page.written).contains("Cost against lateness"))
    }

    @Test func whatIfsChangeWhatIsReplayed() async throws {
        func outcome(_ arguments: [String]) async throws -> [String: Any] {
            let run = try await run(
                ["backtest", "--policy", "hpa:0.7", "--json"] + arguments, service: Self.service
            ).outcome
            return try #require(
                (try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])?.first,
                "\(run.errors)")
        }
        let plain = try await outcome([]), slow = try await outcome(["--startup", "20m"])
        let requests = try #require(plain["requests"] as? Double)
        #expect(try #require(slow["late"] as? Double) > (plain["late"] as? Double ?? 1))
        let twice = try await outcome(["--scale-demand", "2x"])
        #expect(abs((twice["requests"] as? Double ?? 0) - 2 * requests) < 1e-6 * requests)
        let strong = try await outcome(["--per-instance", "1"])
        #expect(try #require(strong["instanceHours"] as? Double) < (plain["instanceHours"] as? Double ?? 0))
        let outage = try await outcome(["--inject", "outage:for=2h,at=2026-01-03T12:00:00Z"])
        #expect(try #require(outage["requests"] as? Double) < requests)
    }

    @Test(
        arguments: [
            (["--startup", "5m", "--peers", "hpb"], nil, Int32(64), "--peers: no \"hpb\"; there are hpa, kpa"),
            ([], nil, 64, "Give --service FILE, or --startup to have a service derived"),
            (["--startup", "5m", "--inject", "flood"], nil, 64, "inject \"flood\": write outage["),
            (["--startup", "5m", "--dials", "1.5"], nil, 64, "--dials must be up to 200 numbers between 0 and 1"),
            (["--startup", "5m", "--late-target", "2"], nil, 64, "--late-target must be between 0 and 1"),
            (
                ["--startup", "5m", "--from", "2026-03-01"], nil, 1,
                "from = 2026-03-01T00:00:00Z leaves nothing to score"
            ),
            (
                [], #"{"perInstance":0,"startupSeconds":3,"sloWaitSeconds":1,"minInstances":1,"maxInstances":6}"#, 1,
                "perInstance = 0.0 must be above 0"
            ),
            (
                [], #"{"perInstance":1,"startupSeconds":3,"sloWaitSeconds":1,"minInstances":9,"maxInstances":6}"#, 1,
                "maxInstances = 6 must lie between minInstances = 9 and 1e9"
            ),
        ] as [([String], String?, Int32, String)])
    func whatWillNotDoIsNamed(arguments: [String], service: String?, status: Int32, message: String) async throws {
        let outcome = try await run(["frontier"] + arguments, service: service).outcome
        #expect(outcome.status == status && outcome.errors.contains(message), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    @Test func badTracesAndPoliciesAreNamed() async throws {
        let unordered = "timestamp,value\n600,1\n300,1\n", twice = "timestamp,value\n300,1\n300,1\n"
        for (trace, line) in [(unordered, "t.csv:3: 1970-01-01T00:05:00Z is not after"), (twice, "t.csv:3: 1970")] {
            let outcome = try await run(["frontier", "--startup", "5m"], trace: trace).outcome
            #expect(outcome.status == 1 && outcome.errors.contains(line), "\(outcome.errors)")
        }
        let policy = try await run(["backtest", "--policy", "hpq:0.7", "--startup", "5m"]).outcome
        #expect(policy.status == 1 && policy.errors.contains("no policy \"hpq:0.7\""), "\(policy.errors)")
        let short = "timestamp,value\n" + (0..<60).map { "\(Self.first + 60 * $0),50\n" }.joined()
        let verdict = try await run(quick + ["--startup", "1m", "--json"], trace: short).outcome
        let kind = (try object(verdict.output)["verdict"] as? [String: Any])?["kind"] as? String
        #expect(kind == "tooShort", "\(verdict.errors)")
    }
}
