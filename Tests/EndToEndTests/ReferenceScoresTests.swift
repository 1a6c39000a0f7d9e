import Foundation
import TestSupport
import Testing

/// What `evaluate` prints against what the independent scorer makes of the forecasts it wrote; where both are at hand.
@Suite struct ReferenceScoresTests {
    @Test(.enabled(if: SharedData.isPresent), arguments: ["nasa-1min", "taxi-30min"])
    func figuresAreTheReferences(entry: String) async throws {
        let hasNumPy = try await BuiltBinary.run("python3", ["-c", "import numpy"]).status == 0
        guard hasNumPy else { return }
        try await withTemporaryDirectory { directory in
            let output = directory.appending(path: "f.csv").path, protocols = SharedData.data("protocols.json").path
            let arguments = ["evaluate", protocols, "--entry", entry, "--json"]
            let ours = try figures(
                try await BuiltBinary.run(arguments + ["--model", "ridge", "--output", output]).output)
            let scored = try await BuiltBinary.run(
                "python3", [SharedData.judge("score.py").path, protocols, "--name", entry, "--forecasts", output])
            let reference = try figures(scored.output)
            for name in ["rows", "WQL", "TAIL", "MASE", "COVER", "CROSS"] {
                let (a, b) = (try #require(ours[name]), try #require(reference[name]))
                #expect(abs(a - b) <= 1e-9 * max(abs(b), 1e-3), "\(name): \(a), the reference has \(b)")
            }
            let naive = try figures(try await BuiltBinary.run(arguments + ["--model", "seasonal-naive"]).output)
            let (own, baseline) = (try #require(ours["WQL"]), try #require(naive["WQL"]))
            #expect(own < baseline)
        }
    }

    private func figures(_ text: String) throws -> [String: Double] {
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return try #require(object).compactMapValues { ($0 as? NSNumber)?.doubleValue }
    }
}
