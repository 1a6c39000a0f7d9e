import ConformanceKit
import Kernels
import Ports
import RemotePrometheus
import Series
import TestSupport
import Testing
import Units

/// The copying itself, against a source that does what the test says; time stands still unless the test moves it.
@Suite struct BackfillTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_700_000_007)
    private static let step = 60

    @Test func copiesEverySampleInPiecesWithinTheLimit() async throws {
        let plan = BackfillPlan(since: 21 * 86_400, step: Self.step, now: Self.now)
        let source = ScriptedSource(step: Self.step) { range, _ in .whole(range) }
        let (store, ledger) = (InMemorySampleStore(), InMemoryLedger())
        let report = try await run(plan, source, store, ledger)
        try await expectWhole(store, plan)
        #expect(report.outcome.added == 2 * 30_241 && report.outcome.replaced == 0 && report.partialPieces == 0)
        #expect(report.pieces == source.ranges.count && report.pieces > 3)
        #expect(source.ranges.allSatisfy { $0.upperBound.seconds(since: $0.lowerBound) / 60 <= 10_000 })
        // What is newer than five minutes may still change, and is fetched again.
        let stored = try #require(try await ledger.stored(of: source.name))
        #expect(stored.lowerBound == plan.range.lowerBound)
        #expect((300..<420).contains(Self.now.seconds(since: stored.upperBound)))
        let again = try await run(plan, source, store, ledger)
        #expect(again.pieces == 1 && again.outcome.added == 0 && again.resumedAt == stored.upperBound)
    }

    /// Failing at any piece, any number of times, the copy is whole in the end and nothing is fetched twice but the failed piece.
    @Test func goesOnWhereItWasInterrupted() async throws {
        for seed in UInt64(0)..<15 {
            var random = SplitMix64(seed: seed)
            let plan = BackfillPlan(
                since: Int.random(in: 3_600...20 * 86_400, using: &random), step: Self.step, now: Self.now)
            let (store, ledger) = (InMemorySampleStore(), InMemoryLedger())
            var end: Timestamp?
            for failing in [Int.random(in: 0..<3, using: &random), Int.random(in: 0..<3, using: &random), Int.max] {
                let source = ScriptedSource(step: Self.step) { range, number throws(RemoteError) in
                    guard number < failing else { throw RemoteError(.none, "gone") }
                    return .whole(range)
                }
                do { _ = try await run(plan, source, store, ledger) } catch {
                    #expect("\(error)" == "gone", "seed \(seed)")
                }
                if let end, let first = source.ranges.first { #expect(first.lowerBound == end, "seed \(seed)") }
                end = try await ledger.stored(of: source.name)?.upperBound ?? plan.range.lowerBound
            }
            try await expectWhole(store, plan, "seed \(seed)")
        }
    }

    @Test func asksForLessUntilTheServerGrantsIt() async throws {
        let plan = BackfillPlan(since: 86_400, step: Self.step, now: Self.now)
        let store = InMemorySampleStore()
        let source = ScriptedSource(step: Self.step) { range, _ throws(RemoteError) in
            guard range.upperBound.seconds(since: range.lowerBound) <= 77 * 60 else {
                throw RemoteError(.askingForLess, "too many samples")
            }
            // Large, so that the pieces do not grow again.
            return .whole(range, bytes: 2 << 20)
        }
        let report = try await run(plan, source, store, InMemoryLedger())
        try await expectWhole(store, plan)
        #expect(report.pieces == source.ranges.count - 4, "1000, 500, 250, 125 and then 62 steps")
    }

    @Test func givesUpWhenOneStepIsTooMuch() async throws {
        let plan = BackfillPlan(since: 86_400, step: Self.step, now: Self.now)
        let source = ScriptedSource(step: Self.step) { _, _ throws(RemoteError) in
            throw RemoteError(.askingForLess, "too many samples")
        }
        await #expect(throws: RemoteError(.askingForLess, "too many samples")) {
            try await run(plan, source, InMemorySampleStore(), InMemoryLedger())
        }
        #expect(source.ranges.last.map { $0.upperBound.seconds(since: $0.lowerBound) } == 60)
    }

    @Test func waitsAsLongAsTheServerAsksAndGivesUpInTheEnd() async throws {
        let plan = BackfillPlan(since: 3_600, step: Self.step, now: Self.now)
        let clock = ManualClock()
        let patient = ScriptedSource(step: Self.step) { range, number throws(RemoteError) in
            guard number > 0 else { throw RemoteError(.waiting(seconds: 90), "busy") }
            return .whole(range)
        }
        let store = InMemorySampleStore()
        async let copied = run(plan, patient, store, InMemoryLedger(), clock)
        #expect(await clock.waitForSleepers(1))
        clock.advance(by: .seconds(89.9))
        #expect(clock.sleeperCount == 1 && patient.ranges.count == 1)
        clock.advance(by: .seconds(0.1))
        #expect(try await copied.pieces == 1)
        try await expectWhole(store, plan)

        let hopeless = ScriptedSource(step: Self.step) { _, _ throws(RemoteError) in
            throw RemoteError(.waiting(seconds: nil), "down")
        }
        async let failed = run(plan, hopeless, store, InMemoryLedger(), clock)
        for _ in 1..<7 {
            #expect(await clock.waitForSleepers(1))
            clock.advance(by: .seconds(60))
        }
        do {
            _ = try await failed
            Issue.record("the source never answered")
        } catch {
            #expect(error as? RemoteError == RemoteError(.waiting(seconds: nil), "down"))
        }
        #expect(hopeless.ranges.count == 7)
    }

    @Test func whatMayBeMissingIsToldAndFetchedAgain() async throws {
        let plan = BackfillPlan(since: 21 * 86_400, step: Self.step, now: Self.now)
        let (store, ledger) = (InMemorySampleStore(), InMemoryLedger())
        let source = ScriptedSource(step: Self.step) { range, number in
            var page = ScriptedSource.whole(range, step: 60)
            if number == 2 {
                page = HistoryPage()
                (page.isPartial, page.warnings) = (true, ["store 3 did not answer"])
            }
            return page
        }
        let report = try await run(plan, source, store, ledger)
        #expect(report.partialPieces == 1 && report.warnings == ["store 3 did not answer"])
        let hole = source.ranges[2]
        let again = try await run(plan, ScriptedSource(step: 60) { range, _ in .whole(range) }, store, ledger)
        #expect(again.resumedAt == hole.lowerBound && again.partialPieces == 0)
        try await expectWhole(store, plan)
    }

    /// An earlier copy counts only where it leaves no hole.
    @Test func anEarlierCopyOfAnotherTimeDoesNotCount() async throws {
        let (store, ledger) = (InMemorySampleStore(), InMemoryLedger())
        let source = ScriptedSource(step: Self.step) { range, _ in .whole(range) }
        _ = try await run(BackfillPlan(since: 7_200, step: 60, now: Self.now), source, store, ledger)
        let later = Self.now.advanced(bySeconds: 40 * 86_400)
        for (since, now) in [(86_400, Self.now), (86_400, later), (30 * 86_400, later)] {
            let plan = BackfillPlan(since: since, step: 60, now: now)
            _ = try await run(plan, source, store, ledger)
            try await expectWhole(store, plan, "\(since)")
        }
    }

    @Test func pausesGrowAndStayBounded() {
        var random = SplitMix64(seed: 1)
        for attempt in 1...40 {
            let pause = backfillPause(attempt, asked: nil, &random)
            let own = min(30, 0.5 * Double(1 << min(attempt - 1, 10)))
            #expect((own..<2 * own).contains(pause))
        }
        #expect(backfillPause(1, asked: 90, &random) == 90)
        #expect(backfillPause(1, asked: 1e9, &random) == 300)
    }

    private func run(
        _ plan: BackfillPlan, _ source: ScriptedSource, _ store: InMemorySampleStore, _ ledger: InMemoryLedger,
        _ clock: ManualClock = ManualClock()
    ) async throws -> BackfillReport {
        try await Backfill(from: source, into: store, ledger: ledger, clock: clock).run(
            plan, random: SplitMix64(seed: 1))
    }

    private func expectWhole(
        _ store: InMemorySampleStore, _ plan: BackfillPlan, _ comment: Comment? = nil,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let expected = ScriptedSource.whole(plan.range, step: plan.step).batch
        for (key, columns) in zip(expected.keys, expected.columns) {
            let found = try await store.samples(of: key, in: plan.range)
            #expect(found.timestamps == columns.timestamps, comment, sourceLocation: location)
            #expect(found.values == columns.values, comment, sourceLocation: location)
        }
    }
}

extension HistoryPage {
    static func whole(_ range: Range<Timestamp>, bytes: Int = 1 << 10) -> Self {
        ScriptedSource.whole(range, step: 60, bytes: bytes)
    }
}
