import Foundation
import TestSupport
import Testing

/// `forecast backtest --requests`, as a user would run it.
@Suite struct RequestBacktestTests {
    private static let fields =
        #""perInstance":2,"startupSeconds":60,"sloWaitSeconds":1,"minInstances":1,"maxInstances":40"#

    /// Two hours of minutes at five requests a second.
    private func trace() -> String {
        let rows = (0..<120).map { "\(1_767_225_600 + 60 * $0),300\n" }
        return "timestamp,value\n" + rows.joined()
    }

    private func run(
        _ service: String, _ arguments: [String] = [], arrivals: String? = nil
    ) async throws -> BuiltBinary.Outcome {
        try await withTemporaryDirectory { directory in
            let csv = directory.appending(path: "t.csv"), file = directory.appending(path: "s.json")
            let times = directory.appending(path: "a.txt")
            try trace().write(to: csv, atomically: true, encoding: .utf8)
            try "{\(Self.fields)\(service)}".write(to: file, atomically: true, encoding: .utf8)
            try (arrivals ?? "").write(to: times, atomically: true, encoding: .utf8)
            return try await BuiltBinary.run(
                ["backtest", "--trace", csv.path, "--service", file.path, "--policy", "fixed:4", "--requests"]
                    + arguments + (arrivals == nil ? [] : ["--arrivals", times.path]))
        }
    }

    @Test func requestsAreDrawnTheSameForASeed() async throws {
        let service =
            #","serviceTime":{"mean":0.5,"cv":2},"startup":{"values":[30,90]},"failedStarts":0.2,"queueLimit":9"#
        let one = try await run(service, ["--json", "--seed", "4", "--arrival-cv", "2"])
        #expect(try await run(service, ["--json", "--seed", "4", "--arrival-cv", "2"]).output == one.output)
        #expect(try await run(service, ["--json", "--seed", "5", "--arrival-cv", "2"]).output != one.output)
        let outcomes = try #require(
            try JSONSerialization.jsonObject(with: Data(one.output.utf8)) as? [[String: Any]])
        let single = try #require(outcomes[0]["byRequest"] as? [String: Any])
        let requests = try #require(single["requests"] as? Int), shed = try #require(single["shed"] as? Int)
        #expect(abs(requests - 36_000) < 2_000 && shed > 0 && shed < requests / 4)
        let latency = try #require(single["latency"] as? [String: Double])
        #expect(latency["p50"] ?? 0 > 0.1 && latency["p99"] ?? 0 > latency["p50"] ?? 0)
    }

    /// What the service says beside its capacity reaches the plan.
    @Test func plansFollowTheServicesQueueAndLimits() async throws {
        func hours(_ service: String) async throws -> Double {
            let result = try await run(service, ["--json", "--policy", "predictive:0.9", "--model", "last-value"])
            let outcomes = try #require(
                try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]], "\(result.errors)"
            )
            return try #require(outcomes[1]["instanceHours"] as? Double)
        }
        let plain = try await hours("")
        // Five a second of half a second each on single places: 2.5 erlangs, of which few may wait.
        let queue = try await hours(#","staffing":"queue","serviceTime":{"mean":0.5}"#)
        let bursty = try await hours(#","staffing":"queue","serviceTime":{"mean":0.5,"cv":3},"arrivalCV":3"#)
        #expect(queue > plain && bursty > queue, "\(plain) \(queue) \(bursty)")
        #expect(try await hours(#","limits":{"standby":"2"}"#) > plain + 2)
        #expect(try await hours(#","limits":{"budgetHours":2,"budgetPer":"hour"}"#) <= 4.01)
    }

    @Test func timesOfRequestsAreTakenFromAFile() async throws {
        let arrivals = "timestamp\n2026-01-01T00:02:00Z\n1767225720.25\n1767225599\n"
        let result = try await run(#","serviceTime":{"mean":0.5,"cv":0}"#, ["--json"], arrivals: arrivals)
        let outcomes = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
        let single = try #require(outcomes[0]["byRequest"] as? [String: Any])
        #expect(single["requests"] as? Int == 2 && single["waited"] as? Double == 0)
        let table = try await run("")
        #expect(table.status == 0 && table.output.contains("utilisation"), "\(table.output)")
    }

    @Test func whatWillNotDoIsNamed() async throws {
        let none = try await run(#","concurrency":0"#)
        #expect(
            none.status == 1 && none.errors.contains("concurrency = 0 must be between 1 and 100000"), "\(none.errors)")
        let staffing = try await run(#","staffing":"erlang""#)
        #expect(staffing.status == 1 && staffing.errors.contains("staffing must be queue"), "\(staffing.errors)")
        let step = try await run(#","limits":{"stepUp":"much"}"#)
        #expect(step.status == 1 && step.errors.contains("limits.stepUp = \"much\""), "\(step.errors)")
        let poor = try await run(#","limits":{"budgetHours":0.5,"budgetPer":"hour"}"#)
        #expect(poor.status == 1 && poor.errors.contains("does not pay for minInstances = 1"), "\(poor.errors)")
        let kind = try await run(#","startup":5"#)
        #expect(kind.status == 1 && kind.errors.contains("startup: a group of fields is wanted"), "\(kind.errors)")
        let times = try await run("", arrivals: "1767225600\nsoon\n")
        #expect(times.status == 1 && times.errors.contains("a.txt:2: not a time: soon"), "\(times.errors)")
    }
}
