import Forecasting
import Kernels
import Series
import Testing
import Units

@Suite struct DriftTests {
    private static let season = 48
    private static let task = ForecastTask(horizon: 6, season: season, isWeekly: false)
    private static let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

    /// A daily wave with noise; from `change` on it is as `changed` makes it.
    private func history(
        _ seed: UInt64, rows: Int, change: Int = .max, _ changed: (Int, Double) -> Double = { $1 }
    ) -> KnownDemand {
        var rng = SplitMix64(seed: seed)
        let values = (0..<rows).map { row in
            let (wave, _) = cosineAndSine(turns: Double(row % Self.season) / Double(Self.season))
            let value = 100 + 60 * wave + 12 * (rng.uniform() - 0.5)
            return max(0, row < change ? value : changed(row, value))
        }
        return KnownDemand(RegularSeries(start: Self.start, step: 1_800, values: values))
    }

    private func verdict(_ history: KnownDemand, learnt: Int) throws -> DriftVerdict {
        let fit = try DirectRidge().fitHoldingOut(history.prefix(learnt), task: Self.task)
        return DriftRule().verdict(
            on: fit.model, of: history, learntBefore: history.prefix(learnt).end,
            heldOut: fit.heldOut.losses(in: history)?.all)
    }

    @Test func whatGoesOnAsBeforeIsFine() throws {
        for seed in UInt64(0)..<12 {
            let verdict = try verdict(history(seed, rows: 20 * Self.season), learnt: 19 * Self.season)
            guard case .fine(let loss) = verdict else {
                Issue.record("seed \(seed): \(verdict)")
                continue
            }
            #expect(loss > 0 && loss < 0.2)
        }
    }

    /// A wave that turns upside down, and noise that grows tenfold.
    @Test func aChangeIsSeen() throws {
        for seed in UInt64(0)..<12 {
            let change = 19 * Self.season
            for history in [
                history(seed, rows: 20 * Self.season, change: change) { 200 - $1 },
                history(seed, rows: 20 * Self.season, change: change) { $1 * ($0 % 2 == 0 ? 0.2 : 2) },
            ] {
                let verdict = try verdict(history, learnt: change)
                guard case .drifted(let cause) = verdict else {
                    Issue.record("seed \(seed): \(verdict)")
                    continue
                }
                #expect(cause.ratio > 1 && "\(cause)".hasPrefix("it loses "))
            }
        }
    }

    @Test func aWorseModelThanTheNaiveIsSeenWithoutAHeldOutScore() throws {
        let history = history(1, rows: 20 * Self.season), learnt = history.prefix(19 * Self.season)
        let flat = try LastValue().fit(learnt, task: Self.task)
        let verdict = DriftRule().verdict(on: flat, of: history, learntBefore: learnt.end, heldOut: nil)
        guard case .drifted(let cause) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(cause.isNaive)
    }

    /// Outcomes that have not matured, or that the model had learnt from, say nothing; what is yet to come changes nothing.
    @Test func onlyMaturedOutcomesCount() throws {
        let change = 19 * Self.season
        let whole = history(5, rows: 20 * Self.season, change: change) { 200 - $1 }
        let fit = try DirectRidge().fitHoldingOut(whole.prefix(change), task: Self.task)
        let end = whole.prefix(change).end, heldOut = fit.heldOut.losses(in: whole)?.all
        for count in stride(from: change - 5, through: change + Self.task.horizon + 7, by: 1) {
            let known = whole.prefix(count)
            #expect(DriftRule().verdict(on: fit.model, of: known, learntBefore: end, heldOut: heldOut) == .tooSoon)
        }
        let spoilt = KnownDemand(
            RegularSeries(
                start: Self.start, step: 1_800,
                values: (0..<whole.count).map { $0 < change + 30 ? whole[$0] : 1e9 }), count: change + 30)
        #expect(
            DriftRule().verdict(on: fit.model, of: spoilt, learntBefore: end, heldOut: heldOut)
                == DriftRule().verdict(
                    on: fit.model, of: whole.prefix(change + 30), learntBefore: end, heldOut: heldOut))
        let gone = KnownDemand(
            RegularSeries(
                start: Self.start, step: 1_800, values: (0..<whole.count).map { $0 < change ? whole[$0] : .nan })
        )
        #expect(DriftRule().verdict(on: fit.model, of: gone, learntBefore: end, heldOut: heldOut) == .tooSoon)
    }
}
