import Foundation
import TestSupport
import Testing

/// What will not do for `backtest`, `frontier` and `keepalive`: a line or two that name the field or flag and what to do, and nothing
/// printed or written.
@Suite struct BadReplayInputTests {
    private static let first = 1_767_225_600

    /// What is typed, where T stands for the trace, S for the service and D for their folder.
    private struct Case {
        var arguments: [String]
        var trace = rows((0..<120).map { 60 * $0 })
        var service = fields()
        let message: String
        /// 1: the work failed; 64: wrong usage, which is told before.
        var status: Int32 = 1
    }

    private static func rows(_ seconds: [Int]) -> String {
        "timestamp,value\n" + seconds.map { "\(first + $0),\(100 + $0 / 60 % 7)\n" }.joined()
    }

    /// A service with some fields replaced or added.
    private static func fields(_ changed: [String: String] = [:]) -> String {
        let usual = [
            "perInstance": "5", "startupSeconds": "60", "sloWaitSeconds": "1", "minInstances": "1", "maxInstances": "9",
        ]
        let all = usual.merging(changed) { $1 }.sorted { $0.key < $1.key }
        return "{" + all.filter { !$0.value.isEmpty }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ",\n")
            + "}\n"
    }

    private static let both = [["backtest", "--policy", "hpa"], ["frontier", "--dials", "0.9", "--peers", "hpa"]]

    /// For `backtest` and `frontier` alike.
    private static let traces: [(String, String)] = [
        (
            rows([60, 0, 120]),
            "t.csv:3: 2026-01-01T00:00:00Z is not after 2026-01-01T00:01:00Z in the row before it; sort"
        ),
        (
            rows([0, 60, 60, 120]),
            "t.csv:4: 2026-01-01T00:01:00Z stands in the row before it too; leave one of them out"
        ),
        (
            rows([0, 60, 120, 140, 180, 240]),
            "2026-01-01T00:02:20Z overlaps 2026-01-01T00:02:00Z: rows span 60 s, the commonest gap; leave one of them out"
        ),
        ("", "t.csv: the file is empty"), ("timestamp,value\n", "t.csv: a header and no rows"),
        (rows([0]), "t.csv: 1 sample; at least two are needed"),
        ("series,timestamp,value\na,0,1\nb,0,1\na,60,1\nb,60,1\n", "t.csv: 2 series, name one with --series: a, b"),
    ]

    private static let services: [([String: String], String)] = [
        (["minInstances": "9", "maxInstances": "2"], "maxInstances = 2 must lie between minInstances = 9 and 1e9"),
        (["perInstance": "0"], "perInstance = 0.0 must be above 0"),
        (["perInstance": "-2"], "perInstance = -2.0 must be above 0"),
        (["startupSeconds": "-5"], "startupSeconds = -5.0 must be between 0 and 1e9"),
        (["sloWaitSeconds": "-1"], "sloWaitSeconds = -1.0 must be between 0 and 1e9"),
        (["minInstances": "-1"], "minInstances = -1 is below 0"),
        (["minInstance": "3"], "s.json:2: unknown key 'minInstance'; did you mean 'minInstances'?"),
        (["startup_time": "3"], "s.json:6: unknown key 'startup_time'; known: perInstance, startupSeconds"),
        (["limits": #"{"stepup": "4"}"#], "unknown key 'limits.stepup'; did you mean 'stepUp'?"),
        (["limits": #"{"stepUp": "4x"}"#], #"limits.stepUp = "4x" must be a text such as "4" or "10%""#),
        (["limits": #"{"stepUp": 4}"#], "limits.stepUp: a text is wanted"),
        (
            ["limits": #"{"budgetHours": 0.5, "budgetPer": "hour"}"#],
            "limits.budgetHours does not pay for minInstances = 1"
        ),
        (["maxInstances": ""], "the field maxInstances is missing; docs/formats/service.md tells"),
        (["perInstance": "\"five\""], "s.json:3: perInstance: a number is wanted"),
        (["minInstances": "1.5"], "s.json:2: minInstances = 1.5: a whole number is wanted"),
        (["gaps": "\"zeros\""], "gaps must be missing or zero"),
        (["kind": "\"counts\""], "kind must be count, rate or gauge"),
        (["idleCost": "1"], "lateCost is missing beside the other price"),
        (["idleCost": "-1", "lateCost": "1"], "idleCost = -1.0 and lateCost = 1.0 must be finite and not below 0"),
    ]

    private static let flags: [([String], String, Int32)] = [
        (
            ["--from", "2027-01-01"],
            "from = 2027-01-01T00:00:00Z leaves nothing to score: the trace ends at 2026-01-01T02", 1
        ),
        (["--from", "2026-01-01T02:00:00Z"], "what lies before from is warm-up", 1),
        (
            ["--from", "2025-01-01"],
            "from = 2025-01-01T00:00:00Z lies outside the trace, which goes from 2026-01-01T00:00:00Z to", 1
        ),
        (
            ["--from", "2026-01-01T00:01:30Z"],
            "from = 2026-01-01T00:01:30Z is inside a row of 60 s; take its beginning, 2026-01-01T00:01", 1
        ),
        (["--to", "2028-01-01"], "to = 2028-01-01T00:00:00Z lies outside the trace", 1),
        (
            ["--from", "2026-01-01T01:00:00Z", "--to", "2026-01-01T00:30:00Z"],
            "is not before to = 2026-01-01T00:30:00Z", 1
        ),
        (["--from", "yesterday"], "'yesterday' is invalid for '--from", 64),
        (["--startup", "0"], "'0' is invalid for '--startup", 64),
        (["--startup", "soon"], "a second at least, such as 90s", 64),
        (["--per-instance", "0"], "--per-instance must be above 0, such as 25", 64),
        (["--price", "idle=1"], "'idle=1' is invalid for '--price <idle=PRICE,late=PRICE>'", 64),
        (["--price", "idle=-1,late=1"], "0 or more each", 64),
        (["--scale-demand", "0x"], "'0x' is invalid for '--scale-demand", 64),
        (["--inject", "flood"], "--inject \"flood\": write outage[", 64),
        (["--inject", "burst:factor=-3"], "factor must be a number from 0.0 to 1000.0", 64),
        (["--inject", "outage:until=3h"], "nothing is called until here", 64),
        (["--inject", "outage:for=100d"], "for = 8640000 s is longer than what is scored, ", 64),
        (["--inject", "outage:at=2030-01-01"], "at lies outside what is scored, 2026-01-01T", 64),
        (["--tick", "0"], "--tick must be between 1 and 3600 seconds", 64),
        (["--kind", "rate"], "--kind is for a derived service; a service file has the field kind", 64),
        (["--model", "rigde"], "no model 'rigde'; there are: auto", 1),
        (["--series", "web"], "no series 'web'; it holds just one; leave --series out", 1),
        (["--report", "D/no/r.html"], "r.html: cannot be written; does its folder exist", 1),
    ]

    private static var replays: [Case] {
        both.flatMap { command in
            let usual = command + ["--trace", "T", "--service", "S"]
            return traces.map { Case(arguments: usual, trace: $0.0, message: $0.1) }
                + services.map { Case(arguments: usual, service: fields($0.0), message: $0.1) }
                + flags.map { flag, message, status in
                    // A model that is not used is not looked for.
                    let needed = flag[0] == "--model" && command[0] == "backtest" ? ["--policy", "predictive"] : []
                    return Case(arguments: usual + flag + needed, message: message, status: status)
                } + [
                    Case(
                        arguments: command + ["--trace", "T", "--service", "D/x.json"], message: "x.json: no such file"),
                    Case(
                        arguments: command + ["--trace", "D/x.csv", "--service", "S"], message: "x.csv: no such file"),
                    Case(arguments: usual, service: "{\"perInstance\": 5,", message: "s.json: no JSON of a service"),
                    Case(arguments: usual, service: "[1]", message: "s.json: a group of fields is wanted"),
                    Case(
                        arguments: command + ["--trace", "T"], message: "Give --service FILE, or --startup", status: 64),
                    Case(
                        arguments: command + ["--trace", "T", "--startup", "1m"],
                        trace: "timestamp,value\n0,0\n60,0\n120,0\n",
                        message: "the trace has no demand to derive a service from; give --service FILE"),
                ]
        }
    }

    private static var policies: [Case] {
        let backtest = ["backtest", "--trace", "T", "--service", "S"]
        let frontier = ["frontier", "--trace", "T", "--service", "S"]
        let named: [(String, String)] = [
            ("hap", "no policy \"hap\"; did you mean hpa? There are predictive["),
            ("nothing", "no policy \"nothing\"; There are"),
            (
                "hpa:x",
                "policy hpa:x: target, the share of an instance's capacity that is aimed at, must be a number from 0.01"
            ),
            ("hpa:", "as in hpa:0.7"),
            ("predictive:2", "must be a number from 0.001 to 0.9999, or auto, as in predictive:0.95"),
            ("predictive:auto", "policy predictive:auto needs idleCost and lateCost in the service"),
            ("fixed", "must be a whole number from 0"), ("peak:3", "policy peak:3: peak takes no number"),
        ]
        return named.map { Case(arguments: backtest + ["--policy", $0.0], message: $0.1) } + [
            Case(arguments: backtest, message: "Missing expected argument '--policy", status: 64),
            Case(
                arguments: backtest + ["--policy", "hpa", "--decisions", "D/no/d.csv"],
                message: "d.csv: cannot be written; does its folder exist"),
            Case(
                arguments: frontier + ["--csv", "D/no/f.csv"],
                message: "f.csv: cannot be written; does its folder exist"),
            Case(arguments: frontier + ["--peers", "hpb"], message: "--peers: no \"hpb\"; there are hpa", status: 64),
            Case(arguments: frontier + ["--dials", "0.5,2"], message: "--dials must be up to 200 numbers", status: 64),
            Case(
                arguments: frontier + ["--late-target", "0"], message: "--late-target must be between 0 and 1",
                status: 64),
            Case(arguments: frontier + ["--budget", "much"], message: "--budget must be instance-hours", status: 64),
            Case(
                arguments: frontier + ["--choose-on", "1"], message: "--choose-on must be between 0.05 and 0.95",
                status: 64),
        ]
    }

    private static var functions: [Case] {
        func one(_ trace: String, _ arguments: [String], _ message: String, _ status: Int32 = 1) -> Case {
            Case(arguments: ["keepalive", "--trace", "T"] + arguments, trace: trace, message: message, status: status)
        }
        let fine = "series,t0,t1,t2,t3\na,1,0,0,2\nb,0,1,1,0\n", fixed = ["--policy", "fixed:10"]
        return [
            one("", fixed, "t.csv: the file is empty"),
            one("timestamp,value\n0,1\n", fixed, "t.csv:1: a table of functions needs the column series, and t0, t1"),
            one("series,t0,t2,t1\na,1,0,1\n", fixed, "needs the columns t0, t1, … one after the other"),
            one("series,t0,t1\na,1\n", fixed, "t.csv:2: 2 columns; the header has 3"),
            one("series,t0,t1\na,1,0\na,0,1\n", fixed, "t.csv:3: series: a was in a row before it"),
            one("series,t0,t1\na,1,-1\n", fixed, "t.csv:2: t1: -1.0 is no count of calls"),
            one("series,t0,t1\na,1,x\n", fixed, "t.csv:2: t1: 'x' is no finite number"),
            one("series,t0,t1\n", fixed, "t.csv: a header and no function"),
            one(fine, ["--policy", "fixd:10"], "no policy \"fixd:10\"; did you mean fixed? There are prewarm"),
            one(fine, ["--policy", "fixed"], "policy fixed: give a number from 0 to 1000000, as in fixed:10"),
            one(fine, ["--policy", "fixed:-1"], "policy fixed:-1: give a number"),
            one(fine, ["--policy", "hybrid-histogram:3"], "hybrid-histogram takes no number"),
            one(fine, [], "Missing expected argument '--policy", 64),
            one(fine, fixed + ["--lead", "61"], "--lead must be between 0 and 60 minutes", 64),
            one(fine, fixed + ["--objective", "cost"], "'cost' is invalid for '--objective", 64),
            one(fine, fixed + ["--cold-price", "1"], "--cold-price and --idle-price are given together", 64),
            one(fine, fixed + ["--cold-price", "0", "--idle-price", "1"], "--cold-price must be a number above 0", 64),
            one(fine, fixed + ["--windows", "D/no/w.csv"], "w.csv: cannot be written; does its folder exist"),
            one(fine, fixed + ["--report", "D/no/r.html"], "r.html: cannot be written; does its folder exist"),
            Case(arguments: ["keepalive", "--trace", "D/x.csv"] + fixed, message: "x.csv: no such file"),
        ]
    }

    @Test func whatWillNotDoIsNamed() async throws {
        for (number, one) in (Self.replays + Self.policies + Self.functions).enumerated() {
            try await withTemporaryDirectory { directory in
                let places = [
                    "T": directory.appending(path: "t.csv").path, "S": directory.appending(path: "s.json").path,
                ]
                try one.trace.write(toFile: places["T"] ?? "", atomically: true, encoding: .utf8)
                try one.service.write(toFile: places["S"] ?? "", atomically: true, encoding: .utf8)
                let arguments = one.arguments.map {
                    places[$0] ?? ($0.hasPrefix("D/") ? directory.path + $0.dropFirst() : $0)
                }
                let outcome = try await BuiltBinary.run(arguments)
                let label: Comment =
                    "\(number): \(one.arguments.joined(separator: " "))\n\(one.service)\n\(outcome.errors)"
                #expect(outcome.status == one.status && outcome.isExit, label)
                #expect(outcome.errors.contains(one.message), label)
                #expect(outcome.output.isEmpty, label)
                let told = outcome.errors.split(separator: "\n").prefix {
                    !$0.hasPrefix("Usage:") && !$0.hasPrefix("Help:")
                }
                #expect(told.filter { !$0.hasPrefix("What if: ") }.count == 1, label)
                let left = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
                #expect(left == ["s.json", "t.csv"], label)
            }
        }
    }
}
