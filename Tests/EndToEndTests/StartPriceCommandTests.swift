import Foundation
import TestSupport
import Testing

/// What starts cost in the figures, where the service says that they cost something, and nowhere else.
@Suite struct StartPriceCommandTests {
    /// A day in which three minutes of every hour want five instances.
    private static let trace =
        "timestamp,value\n" + (0..<1_440).map { "\(1_767_225_600 + 60 * $0),\($0 % 60 < 3 ? 1_300 : 200)\n" }.joined()

    private func run(
        _ arguments: [String], limits: String
    ) async throws -> (outcome: BuiltBinary.Outcome, csv: String?, page: String?) {
        try await withTemporaryDirectory { directory in
            let trace = directory.appending(path: "t.csv"), service = directory.appending(path: "s.json")
            let csv = directory.appending(path: "f.csv"), page = directory.appending(path: "f.html")
            try Self.trace.write(to: trace, atomically: true, encoding: .utf8)
            let fields =
                #"{"perInstance":5,"startupSeconds":30,"sloWaitSeconds":1,"minInstances":1,"maxInstances":9,"#
                + #""idleCost":1,"lateCost":0.001\#(limits)}"#
            try fields.write(to: service, atomically: true, encoding: .utf8)
            let paths = ["CSV": csv.path, "PAGE": page.path]
            let outcome = try await BuiltBinary.run(
                arguments.map { paths[$0] ?? $0 } + ["--trace", trace.path, "--service", service.path])
            return (
                outcome, try? String(contentsOf: csv, encoding: .utf8), try? String(contentsOf: page, encoding: .utf8)
            )
        }
    }

    private static let priced = #","limits":{"startCostSeconds":900}"#

    @Test func aBacktestTellsThem() async throws {
        let arguments = ["backtest", "--policy", "fixed:5", "--policy", "clairvoyant"]
        let plain = try await run(arguments, limits: "").outcome
        #expect(plain.status == 0 && !plain.output.contains("start"), "\(plain.output)\(plain.errors)")
        let table = try await run(arguments, limits: Self.priced).outcome
        #expect(table.output.contains("instance-hours  start-hours "), "\(table.output)")
        let json = try await run(arguments + ["--json"], limits: Self.priced).outcome
        let figures = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        // Four instances once, and four in every hour.
        #expect(figures.map { $0["startHours"] as? Double } == [1, 24])
        #expect(figures.map { $0["instanceHours"] as? Double }.first == 120)
        #expect(try await !run(arguments + ["--json"], limits: "").outcome.output.contains("startHours"))
    }

    @Test func aFrontierPaysForThem() async throws {
        let arguments = [
            "frontier", "--dials", "0.9", "--peers", "fixed", "--model", "last-value", "--no-startup-cases", "--csv",
            "CSV",
            "--report", "PAGE", "--json",
        ]
        let (outcome, csv, page) = try await run(arguments, limits: Self.priced)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let rows = try #require(csv).split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        #expect(rows[0].last == "start_hours" && rows[0].dropLast().last == "money")
        let five = try #require(rows.first { $0[1] == "fixed:5" })
        let hours = try #require(Double(five[4])), late = try #require(Double(five[5]))
        let money = try #require(Double(five[15])), starts = try #require(Double(five[16]))
        #expect(starts == 1)
        // 12 h are scored, in which 12 times three minutes bring 1,300 and the others 200.
        let requests = 12.0 * (3 * 1_300 + 57 * 200)
        #expect(abs(money - (hours + starts + 0.001 * late * requests)) < 1e-6, "\(five)")
        #expect(page?.contains("start-hours") == true && page?.contains("15 min of an instance") == true)
        #expect(outcome.output.contains(#""startHours":1"#) && outcome.output.contains(#""startCostSeconds":900"#))
        let plain = try await run(arguments, limits: "")
        #expect(plain.csv?.contains("start_hours") == false && plain.page?.contains("start-hours") == false)
        #expect(!plain.outcome.output.contains("startHours"))
    }
}
