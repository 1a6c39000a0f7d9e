package import Kernels
package import Ports
import Series
package import Units

/// How the past is cut into pieces, seconds.
package struct BackfillPlan: Sendable {
    package let range: Range<Timestamp>
    /// The grid that pieces begin and end on.
    package let step: Int
    package let firstPiece: Int, smallestPiece: Int, largestPiece: Int
    /// Nothing from here on counts as stored for good: servers take in late samples.
    package let settledUntil: Timestamp

    /// For `query_range`: [now − `since`, now], in pieces that stay below the 11,000 points a series that servers grant.
    package init(since: Int, step: Int, now: Timestamp) {
        let grid = Int64(step) * 1_000
        let last = Timestamp(millisecondsSinceEpoch: now.millisecondsSinceEpoch / grid * grid)
        let start = (now.millisecondsSinceEpoch - Int64(since) * 1_000) / grid * grid
        range = Timestamp(millisecondsSinceEpoch: start)..<last.advanced(bySeconds: step)
        (self.step, smallestPiece, firstPiece, largestPiece) = (step, step, 1_000 * step, 10_000 * step)
        settledUntil = now.advanced(bySeconds: -300)
    }

    /// For `remote_read`, which gives samples as they are: [now − `since`, now], in pieces of an hour, and more where that is little.
    package init(samplesSince since: Int, now: Timestamp) {
        let whole = BackfillPlan(since: since, step: 60, now: now)
        (range, step, settledUntil) = (whole.range, whole.step, whole.settledUntil)
        (smallestPiece, firstPiece, largestPiece) = (60, 3_600, 7 * 86_400)
    }
}

/// What a backfill did.
package struct BackfillReport: Sendable {
    package var outcome = AppendOutcome()
    package var pieces = 0, partialPieces = 0
    /// Where it went on after an earlier run; nil where it began anew.
    package var resumedAt: Timestamp?
    /// Each once, at most `maximumWarnings`.
    package var warnings: [String] = []
    package static let maximumWarnings = 20
}

/// Copies the past of a source into a store, from old to new, and goes on where it was interrupted.
///
/// A piece that the server finds too large is halved, down to one step; a server that fails for the moment is asked again,
/// later and later. Memory: one piece, which the source bounds.
package struct Backfill<Source: HistorySource, C: Clock>: Sendable where C.Duration == Duration {
    private let source: Source
    private let store: any SampleStore, ledger: any BackfillLedger
    private let clock: C
    /// Pieces whose answers are smaller let the next piece grow, bytes.
    private static var smallAnswer: Int { 1 << 20 }
    private static var attempts: Int { 7 }

    package init(from source: Source, into store: any SampleStore, ledger: any BackfillLedger, clock: C) {
        (self.source, self.store, self.ledger, self.clock) = (source, store, ledger, clock)
    }

    /// `onProgress` gets the seconds that lie behind; `random` spreads the retries of many.
    ///
    /// - Throws: `RemoteError`, `StoreError`; what was stored until then stays, and the next run goes on there.
    package func run(
        _ plan: BackfillPlan, random: SplitMix64, onProgress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> BackfillReport {
        var report = BackfillReport()
        var random = random
        let (start, begin) = plan.resuming(try await ledger.stored(of: source.name))
        if begin > plan.range.lowerBound { report.resumedAt = begin }
        var (position, width) = (begin, plan.firstPiece)
        while position < plan.range.upperBound {
            try Task.checkCancellation()
            let end = min(position.advanced(bySeconds: width), plan.range.upperBound)
            guard let page = try await piece(position..<end, isLast: width == plan.smallestPiece, &random) else {
                width = max(plan.smallestPiece, width / 2 / plan.step * plan.step)
                continue
            }
            report.outcome += page.batch.isEmpty ? AppendOutcome() : try await store.append(page.batch)
            report.add(page)
            position = end
            if report.partialPieces == 0 {
                try await ledger.setStored(start..<max(start, min(end, plan.settled)), of: source.name)
            }
            if page.bytes < Self.smallAnswer { width = min(plan.largestPiece, 2 * width) }
            onProgress(Int(position.seconds(since: plan.range.lowerBound)))
        }
        return report
    }

    /// Nil where the server wants to be asked for less.
    private func piece(
        _ range: Range<Timestamp>, isLast: Bool, _ random: inout SplitMix64
    ) async throws -> HistoryPage? {
        var attempt = 1
        while true {
            do throws(RemoteError) { return try await source.page(of: range) } catch {
                switch error.remedy {
                case .askingForLess where !isLast: return nil
                case .waiting(let seconds) where attempt < Self.attempts:
                    try await clock.sleep(for: .seconds(backfillPause(attempt, asked: seconds, &random)))
                    attempt += 1
                default: throw error
                }
            }
        }
    }
}

/// Half a second, doubling to half a minute, and by chance up to that much more; what the server asks for goes first, up to
/// five minutes.
package func backfillPause(_ attempt: Int, asked: Double?, _ random: inout SplitMix64) -> Double {
    let own = min(30, 0.5 * Double(1 << min(attempt - 1, 10)))
    return max(own * Double.random(in: 1..<2, using: &random), min(asked ?? 0, 300))
}

extension BackfillPlan {
    /// On the grid.
    fileprivate var settled: Timestamp {
        let grid = Int64(step) * 1_000
        return Timestamp(millisecondsSinceEpoch: settledUntil.millisecondsSinceEpoch / grid * grid)
    }

    /// Where what is stored begins, and where to go on: an earlier run counts where it leaves no hole.
    fileprivate func resuming(_ stored: Range<Timestamp>?) -> (start: Timestamp, begin: Timestamp) {
        guard let stored, (stored.lowerBound...stored.upperBound).contains(range.lowerBound) else {
            return (range.lowerBound, range.lowerBound)
        }
        return (stored.lowerBound, min(stored.upperBound, range.upperBound))
    }
}

extension BackfillReport {
    fileprivate mutating func add(_ page: HistoryPage) {
        pieces += 1
        if page.isPartial { partialPieces += 1 }
        for warning in page.warnings where warnings.count < Self.maximumWarnings && !warnings.contains(warning) {
            warnings.append(warning)
        }
    }
}
