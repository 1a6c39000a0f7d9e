import Foundation
import TestSupport
import Testing

/// A series trains the same from rollups as from samples, and when the samples have gone.
@Suite struct RollupCommandTests {
    @Test func trainsTheSameFromRollups() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "t.csv").path, db = directory.appending(path: "a.db").path
            let rows = (0..<20 * 1_440).map { "\($0 * 60),\(100 + ($0 * 7_919) % 97 + ($0 % 1_440) / 10)\n" }.joined()
            try ("timestamp,value\n" + rows).write(toFile: file, atomically: true, encoding: .utf8)
            let ingest = ["ingest", file, "--db", db, "--metric", "m", "--synchronous", "normal"]
            #expect(try await BuiltBinary.run(ingest).status == 0)
            let fromSamples = try await trained(db)
            let plain = try await BuiltBinary.run(["store", "compact", "--no-rollups", "--db", db])
            #expect(plain.status == 0 && !plain.output.contains("rollup pages"))
            let compacted = try await BuiltBinary.run(["store", "compact", "--db", db])
            #expect(compacted.output.contains("21 rollup pages written"), "\(compacted.output)\(compacted.errors)")
            #expect(try await trained(db) == fromSamples)
            let check = try await BuiltBinary.run(["store", "check", "--db", db])
            #expect(check.status == 0 && check.output.contains("fine, 1 series, 28800 samples"))
        }
    }

    /// What `train` tells, without what differs from one run to the next.
    private func trained(_ db: String) async throws -> String {
        let outcome = try await BuiltBinary.run([
            "train", "--db", db, "--series", "m", "--step", "1h", "--horizon", "6h", "--json",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let told = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        var report = try #require(told)
        #expect(report.removeValue(forKey: "cpuSeconds") != nil && report.removeValue(forKey: "version") != nil)
        try #require(report["scores"] != nil && report["rows"] as? Int == 480)
        return String(
            decoding: try JSONSerialization.data(withJSONObject: report, options: .sortedKeys), as: UTF8.self)
    }
}
