import Kernels
package import Ports
import Series
package import Units

/// What every sample store owes its callers. Each finding is a sentence; an empty list is a pass.
package struct StoreConformance {
    package typealias Check = (any SampleStore) async throws -> [String]

    /// Runs a check on an empty store.
    private let withStore: (Check) async throws -> [String]
    /// Whether it tells what a sample replaced; a store of streams may count all it takes as added.
    private let tellsOutcomes: Bool
    /// What the store does in the background, as of a time: it must not change what is read.
    private let upkeep: (any SampleStore, Timestamp) async throws -> Void

    package init(
        tellsOutcomes: Bool = true,
        upkeep: @escaping (any SampleStore, Timestamp) async throws -> Void = { _, _ in },
        _ withStore: @escaping (Check) async throws -> [String]
    ) {
        (self.withStore, self.tellsOutcomes, self.upkeep) = (withStore, tellsOutcomes, upkeep)
    }

    package func findings() async throws -> [String] {
        var findings: [String] = []
        findings += try await withStore { try await keepsWhatItTakes($0) }
        findings += try await withStore { try await replacesAndLeavesAlone($0) }
        findings += try await withStore { try await refusesNothingUnknown($0) }
        for seed in UInt64(0)..<8 {
            findings += try await withStore { store in try await behavesAsItsTwin(store, seed: seed) }
            findings += try await withStore { store in try await windowsTellWhatSamplesTell(store, seed: seed) }
        }
        return findings
    }

    private func keepsWhatItTakes(_ store: any SampleStore) async throws -> [String] {
        let key = try key("a", "é\"\\\n")
        // Extremes, and times out of order.
        let samples = [(5_000, 1e308), (-1, -0.0), (3, Double.leastNonzeroMagnitude), (0, 1.0 / 3), (1 << 52, -1e308)]
        _ = try await store.append(batch(key, samples))
        let read = try await store.samples(of: key, in: time(-10)..<time(1 << 53))
        var findings =
            read.timestamps.map(\.millisecondsSinceEpoch) == [-1, 0, 3, 5_000, 1 << 52]
            ? [] : ["times do not come back ascending"]
        if read.values != [-0.0, 1.0 / 3, Double.leastNonzeroMagnitude, 1e308, -1e308] {
            findings.append("values change in the store")
        }
        let part = try await store.samples(of: key, in: time(0)..<time(5_000))
        if part.count != 2 { findings.append("a range holds its start and not its end; found \(part.count) samples") }
        let summary = try await store.series(matching: nil)
        if summary.map(\.key) != [key] || summary.first?.samples != 5 { findings.append("the summary is wrong") }
        return findings
    }

    private func replacesAndLeavesAlone(_ store: any SampleStore) async throws -> [String] {
        let key = try key("a", "1")
        let first = try await store.append(batch(key, [(0, 1), (60, 2), (120, .nan)]))
        let again = try await store.append(batch(key, [(0, 1), (60, 3), (180, 4)]))
        let removed = try await store.prune(before: time(60))
        let left = try await store.samples(of: key, in: time(0)..<time(1_000)).values
        let told = tellsOutcomes ? AppendOutcome(added: 1, replaced: 1, unchanged: 1) : AppendOutcome(added: 3)
        return (first == AppendOutcome(added: 2) ? [] : ["a NaN is no sample: \(first)"])
            + (again == told ? [] : ["wrong outcome: \(again)"])
            + (tellsOutcomes && (removed != 1 || left != [3, 4]) ? ["pruning \(removed) left \(left)"] : [])
    }

    private func refusesNothingUnknown(_ store: any SampleStore) async throws -> [String] {
        let key = try key("nobody", "1")
        let samples = try await store.samples(of: key, in: time(0)..<time(1)),
            list = try await store.series(matching: nil)
        let outcome = try await store.append(SampleBatch())
        return samples.count == 0 && list.isEmpty && outcome == AppendOutcome() ? [] : ["an empty store is not empty"]
    }

    /// Random batches into this store and into the plain one in memory; both must tell the same at every point.
    private func behavesAsItsTwin(_ store: any SampleStore, seed: UInt64) async throws -> [String] {
        var findings: [String] = []
        var rng = SplitMix64(seed: seed)
        let twin = InMemorySampleStore()
        for _ in 0..<12 {
            let batch = try randomBatch(&rng)
            let outcome = try await store.append(batch), expected = try await twin.append(batch)
            if tellsOutcomes, outcome != expected { findings.append("seed \(seed): another outcome") }
            findings += try await readsManyAsOneByOne(store, twin, &rng).map { "seed \(seed): \($0)" }
        }
        for summary in try await twin.series(matching: nil) {
            let from = Int64(rng.next() % 600), range = time(from)..<time(from + 300)
            let a = try await store.samples(of: summary.key, in: range)
            let b = try await twin.samples(of: summary.key, in: range)
            if a.timestamps != b.timestamps || a.values != b.values { findings.append("seed \(seed): other samples") }
        }
        let ours = try await store.series(matching: nil).map(Self.told)
        if try await twin.series(matching: nil).map(Self.told) != ours {
            findings.append("seed \(seed): other summaries")
        }
        return findings
    }

    /// Many series at once, in any order and among them unknown ones, give what each gives alone; and those that a selector
    /// or a range means are found, and no others.
    private func readsManyAsOneByOne(
        _ store: any SampleStore, _ twin: InMemorySampleStore, _ rng: inout SplitMix64
    ) async throws -> [String] {
        var findings: [String] = []
        let from = Int64(rng.next() % 600), range = time(from)..<time(from + Int64(rng.next() % 200))
        var keys = try (0..<2).flatMap { metric in try (0..<4).map { try key("m\(metric)", "\($0)") } }
        keys.sort { _, _ in rng.next() % 2 == 0 }
        let limit = Int(rng.next() % 30)
        let first = try await store.samples(ofFirst: keys[...], in: range, limit: limit)
        if first.isEmpty || first.count > keys.count { findings.append("\(first.count) of \(keys.count) series") }
        if try await store.samples(ofFirst: [], in: range, limit: limit).count != 0 { findings.append("some of none") }
        var told: [String] = [], expected: [String] = []
        for (key, samples) in zip(keys, first) { told.append("\(key) \(samples)") }
        try await store.forEachSeries(keys, in: range) { told.append("\($0) \($1)") }
        for (index, key) in keys.enumerated() {
            let alone = "\(key) \(try await twin.samples(of: key, in: range))"
            if index < first.count { expected.insert(alone, at: index) }
            expected.append(alone)
        }
        if told != expected { findings.append("many at once are not what each is alone") }
        let labels = SeriesKey.Label(name: "l", value: "\(rng.next() % 4)")
        for selector in [nil, SeriesSelector(metric: "m0"), SeriesSelector(metric: "m1", labels: [labels])] {
            let found = try await store.keys(matching: selector), known = try await twin.keys(matching: selector)
            if found != known { findings.append("\(selector?.description ?? "all"): \(found), not \(known)") }
            let within = try await store.keys(matching: selector, in: range)
            if within != (try await twin.keys(matching: selector, in: range)) { findings.append("others in a range") }
        }
        return findings
    }

    /// Days of samples, in part again and in part late, with upkeep in between; windows of every length as made from samples.
    private func windowsTellWhatSamplesTell(_ store: any SampleStore, seed: UInt64) async throws -> [String] {
        var findings: [String] = []
        var rng = SplitMix64(seed: seed)
        let key = try key("w", "1"), day: Int64 = 86_400_000
        for round in Int64(0)..<6 {
            var batch = SampleBatch()
            for _ in 0..<200 {
                let at = Int64(rng.next() % UInt64(5 * day)) + (rng.uniform() < 0.9 ? 4 * round * day : 0)
                batch.append(key, time(at), Double(rng.next() % 1_000) / 100)
            }
            _ = try await store.append(batch)
            try await upkeep(store, time(4 * round * day))
            for step in [60, 300, 1_800, 3_600, 86_400] {
                let from = Int64(rng.next() % UInt64(20 * day)), to = from + Int64(rng.next() % UInt64(20 * day))
                let width = Int64(step) * 1_000
                let samples = try await store.samples(
                    of: key, in: time(from / width * width)..<time(to / width * width))
                let windows = try await store.windows(of: key, in: time(from)..<time(to), step: step)
                if windows != WindowColumns(samples, step: step) {
                    findings.append("seed \(seed), round \(round): windows of \(step) s differ from their samples")
                }
            }
        }
        return findings
    }

    /// All but the bytes, which are the store's own affair.
    private static func told(_ summary: SeriesSummary) -> String {
        "\(summary.key) \(summary.samples) \(summary.first) \(summary.last) \(summary.stepMilliseconds ?? 0) \(summary.gaps)"
    }

    private func randomBatch(_ rng: inout SplitMix64) throws -> SampleBatch {
        var batch = SampleBatch()
        for _ in 0..<Int(rng.next() % 40) {
            let key = try key("m\(rng.next() % 2)", "\(rng.next() % 3)")
            batch.append(key, time(Int64(rng.next() % 60) * 10), Double(rng.next() % 4))
        }
        return batch
    }

    private func batch(_ key: SeriesKey, _ samples: [(Int, Double)]) -> SampleBatch {
        var batch = SampleBatch()
        for (at, value) in samples { batch.append(key, time(Int64(at)), value) }
        return batch
    }

    private func key(_ metric: String, _ label: String) throws -> SeriesKey {
        try SeriesKey(metric: metric, labels: [.init(name: "l", value: label)])
    }

    private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSinceEpoch: milliseconds) }
}
