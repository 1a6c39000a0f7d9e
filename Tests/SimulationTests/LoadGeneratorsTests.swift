import Series
import Simulation
import TestSupport
import Testing
import Units
import WireFormats

struct LoadGeneratorsTests {
    private func load(_ pattern: LoadPattern, _ seed: UInt64) -> [Double] {
        let start = Timestamp(secondsSinceEpoch: 1_700_006_400)
        return generateLoad(pattern, seed: seed, start: start, step: 300, rows: 288 * 14, mean: 20).values
    }

    @Test(arguments: LoadPattern.allCases)
    func repeatsAndKeepsItsMean(_ pattern: LoadPattern) {
        for seed in UInt64(1)...5 {
            let values = load(pattern, seed)
            #expect(values == load(pattern, seed))
            #expect(values != load(pattern, seed + 1))
            #expect(values.allSatisfy { $0 >= 0 && $0 == $0.rounded() })
            let mean = values.reduce(0, +) / Double(values.count)
            #expect(mean > 14 && mean < 26)
        }
    }

    @Test func sparseIsMostlyZero() {
        let zeros = load(.sparse, 3).count { $0 == 0 }
        #expect(zeros > 288 * 14 * 9 / 10)
    }

    /// What a seed gives must not change from one version to the next: reports and issues quote it.
    @Test func firstRowsAreAsRecorded() throws {
        let start = Timestamp(secondsSinceEpoch: 1_704_067_200)
        let text = LoadPattern.allCases.map { pattern in
            let series = generateLoad(pattern, seed: 1, start: start, step: 3_600, rows: 48, mean: 40)
            let samples = SampleColumns(
                timestamps: series.values.indices.map { series.grid.time(of: $0) }, values: series.values)
            return "# \(pattern.rawValue)\n" + String(decoding: encodedTraceCSV(samples), as: UTF8.self)
        }.joined()
        try expectGolden(text, "generated.csv")
    }
}
