import Foundation
import TestSupport
import Testing

/// The page of `forecast backtest --report`, opened in a real browser: `make engines`, which needs Debian's package `chromium`.
@Suite(.serialized, .enabled(if: isBrowserAsked)) struct ReportPageTests {
    /// Two and a half days of minutes; the second half is scored.
    @Test(.timeLimit(.minutes(5)))
    func thePageAnswersAndLogsNothing() async throws {
        try await withTemporaryDirectory { directory in
            let page = try await report(in: directory)
            let still = try await opened(page, in: directory)
            #expect(still.view == "0,108000" && still.log.isEmpty, "\(still.log)")
            let linked = try await opened(page, fragment: "#view=36000,50400", in: directory)
            #expect(linked.view == "36000,50400" && linked.log.isEmpty, "\(linked.log)")
            #expect(!linked.path.isEmpty && linked.path != still.path, "another picture of the demand")
            // Keys, as a test script presses them; the page's policy lets only this one in.
            let keys = """
                const picture = document.querySelector(".view");
                for (const key of ["+", "+", "ArrowRight", "-"]) {
                  picture.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
                }
                """
            let text = try String(contentsOf: page, encoding: .utf8)
            let pressed = directory.appending(path: "keys.html")
            try text.replacing("script-src '", with: "script-src 'nonce-test' '")
                .replacing("</body>", with: "<script nonce=\"test\">\(keys)</script></body>")
                .write(to: pressed, atomically: true, encoding: .utf8)
            let moved = try await opened(pressed, in: directory)
            #expect(moved.view == "33750,87750" && moved.log.isEmpty, "\(moved.view) \(moved.log)")
        }
    }

    /// What the test above looks for must be able to be there: a script that is not the page's does not run.
    @Test(.timeLimit(.minutes(5)))
    func anotherScriptIsRefusedAndThatIsSeen() async throws {
        try await withTemporaryDirectory { directory in
            let page = try await report(in: directory)
            let text = try String(contentsOf: page, encoding: .utf8)
            let other = directory.appending(path: "other.html")
            try text.replacing("</body>", with: "<script>document.body.id = \"ran\"</script></body>")
                .write(to: other, atomically: true, encoding: .utf8)
            let outcome = try await opened(other, in: directory)
            #expect(!outcome.document.contains("id=\"ran\"") && outcome.log.contains("Content Security Policy"))
        }
    }

    private struct Opened {
        /// As it stands after the scripts.
        let document: String
        let view: String
        /// Of the demand.
        let path: String
        let log: String
    }

    private func opened(_ page: URL, fragment: String = "", in directory: URL) async throws -> Opened {
        let outcome = try await BuiltBinary.run(
            "chromium",
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1300,1600",
                "--user-data-dir=\(directory.appending(path: "profile").path)", "--virtual-time-budget=3000",
                "--enable-logging=stderr", "--v=0", "--dump-dom", "file://\(page.path)\(fragment)",
            ])
        #expect(outcome.status == 0, "\(outcome.errors.suffix(2_000))")
        let log = outcome.errors.split(separator: "\n").filter { $0.contains(":CONSOLE") }.joined(separator: "\n")
        return Opened(
            document: outcome.output,
            view: outcome.output.firstMatch(of: /data-view="([^"]*)"/).map { String($0.1) } ?? "",
            path: outcome.output.firstMatch(of: /class="line" d="([^"]*)" fill="none"/).map { String($0.1) } ?? "",
            log: log)
    }

    private func report(in directory: URL) async throws -> URL {
        let trace = directory.appending(path: "t.csv"), page = directory.appending(path: "r.html")
        let rows = (0..<3_600).map { row in
            let rhythm = 300 + 200 * sin(Double(row) / 1_440 * 2 * .pi) + Double(row * 7_919 % 97)
            return "\(1_767_225_600 + 60 * row),\(Int(rhythm) + (row == 2_900 ? 900 : 0))\n"
        }
        try ("timestamp,value\n" + rows.joined()).write(to: trace, atomically: true, encoding: .utf8)
        let service = directory.appending(path: "s.json")
        try #"{"perInstance":2,"startupSeconds":120,"sloWaitSeconds":1,"minInstances":1,"maxInstances":40}"#
            .write(to: service, atomically: true, encoding: .utf8)
        let outcome = try await BuiltBinary.run([
            "backtest", "--trace", trace.path, "--service", service.path, "--from", "\(1_767_225_600 + 1_800 * 60)",
            "--policy", "predictive:0.99", "--policy", "hpa:0.7", "--policy", "hpa:0.5", "--model", "ridge", "--report",
            page.path,
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return page
    }
}

private let isBrowserAsked =
    ProcessInfo.processInfo.environment["PREWARM_ENGINES"] == "1"
    && (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/chromium")
    }
