import Foundation
import TestSupport
import Testing

/// `forecast backtest --report`, as a user would run it.
@Suite struct BacktestReportTests {
    @Test func thePageTellsOfEveryPolicyTheSameEachTime() async throws {
        try await withTemporaryDirectory { directory in
            let trace = directory.appending(path: "it's a trace.csv"), service = directory.appending(path: "s.json")
            let rows = (0..<600).map {
                "\(1_767_225_600 + 60 * $0),\((300..<310).contains($0) ? 900 : 100 + $0 % 60)\n"
            }
            try ("timestamp,value\n" + rows.joined()).write(to: trace, atomically: true, encoding: .utf8)
            try #"{"perInstance":2,"startupSeconds":120,"sloWaitSeconds":1,"minInstances":1,"maxInstances":40}"#
                .write(to: service, atomically: true, encoding: .utf8)
            let page = directory.appending(path: "r.html")
            let arguments = [
                "backtest", "--trace", trace.path, "--service", service.path, "--policy", "hpa:0.7", "--policy",
                "fixed:9",
                "--policy", "clairvoyant", "--report", page.path,
            ]
            var pages: [String] = []
            for _ in 0..<2 {
                let outcome = try await BuiltBinary.run(arguments)
                #expect(outcome.status == 0 && outcome.output.contains("hpa:0.7"), "\(outcome.errors)")
                pages.append(try String(contentsOf: page, encoding: .utf8))
            }
            #expect(pages[0] == pages[1])
            for text in [
                "The least late of 2 policies is fixed:9", "<h2>The worst moments</h2>", "fixed:9", "clairvoyant",
                "A start for it had to be decided at 1 Jan 2026 ", "the demand observed last",
                "it&#39;\\&#39;&#39;s a trace.csv",
            ] { #expect(pages[0].contains(text), "\(text)") }
            let nowhere = try await BuiltBinary.run(arguments.dropLast() + ["/no/such/folder/r.html"])
            #expect(
                nowhere.status == 1 && nowhere.errors.contains("/no/such/folder/r.html: cannot be written"),
                "\(nowhere.errors)")
        }
    }
}
