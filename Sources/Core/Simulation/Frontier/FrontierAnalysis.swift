import Planning
import Units

/// Chooses on the first part of the scored history, and says what the choice came to on the rest.
package struct FrontierAnalysis: Sendable {
    package struct Settings: Sendable {
        package var goal: FrontierGoal
        /// The share of the scored part that is chosen on, within (0, 1).
        package var chooseOn = 0.5
        package var resamples = 1_000
        package var seed: UInt64 = 1

        package init(goal: FrontierGoal) { self.goal = goal }
    }

    let settings: Settings
    let outcomes: [SettingOutcome]
    let sums: CellSums
    /// Cells chosen on, and the rest.
    let first: Range<Int>, rest: Range<Int>
    let cellSeconds: Int
    private let start: Timestamp, seconds: Int

    package init(
        _ outcomes: [SettingOutcome], trace: ReplayTrace, bound: ReplayBreakdown, settings: Settings
    ) {
        (self.settings, self.outcomes) = (settings, outcomes)
        (start, seconds, cellSeconds) = (trace.start, trace.seconds, bound.cellSeconds)
        sums = CellSums(requests: trace.requests(cellSeconds: cellSeconds), bound: bound, settings: outcomes)
        let cells = bound.billedSeconds.count
        let split = min(max(Int((Double(cells) * settings.chooseOn).rounded()), min(1, cells)), cells)
        (first, rest) = (0..<split, split..<cells)
    }

    /// Days where the rest holds five of them, else hours; nil where it holds fewer than eight of these.
    var blockCells: Int? {
        let restSeconds = rest.count * cellSeconds
        for (length, count) in [(86_400, 5), (3_600, 8)] where restSeconds >= count * length {
            return max(1, length / cellSeconds)
        }
        return nil
    }

    func time(of cell: Int) -> Timestamp { start.advanced(bySeconds: min(cell * cellSeconds, seconds)) }

    // MARK: Choosing

    /// The best setting of `roles` by the goal on `cells`; nil where none meets it.
    func best(of role: FrontierFamily.Role, on cells: Range<Int>) -> Int? {
        let ranked = outcomes.indices.filter { outcomes[$0].role == role }.compactMap { index -> (Int, [Double])? in
            rank(sums.total(index, over: [cells])).map { (index, $0) }
        }
        return ranked.min { $0.1.lexicographicallyPrecedes($1.1) }?.0
    }

    /// What to make small, the first first; nil where the goal is not met.
    private func rank(_ total: CellSums.Total) -> [Double]? {
        switch settings.goal {
        case .late(let late): return total.lateShare <= late ? [total.cost, total.lateShare] : nil
        case .budget(let most): return total.cost <= most ? [total.lateShare, total.cost] : nil
        case .prices(let prices):
            return [prices.money(hours: total.hoursWithStarts, late: total.late), total.lateShare]
        }
    }

    /// The setting with the least lateness, the cheapest of several.
    func leastLate(_ role: FrontierFamily.Role, on cells: Range<Int>) -> Int? {
        let totals = outcomes.indices.filter { outcomes[$0].role == role }.map { ($0, sums.total($0, over: [cells])) }
        return totals.min { ($0.1.lateShare, $0.1.cost) < ($1.1.lateShare, $1.1.cost) }?.0
    }

    // MARK: Reporting

    package var choice: FrontierChoice? {
        guard !rest.isEmpty, let own = best(of: .predictive, on: first) ?? leastLate(.predictive, on: first) else {
            return nil
        }
        let other = best(of: .peer, on: first)
        let bootstrap = blockCells.map {
            BlockBootstrap(rest, blockCells: $0, resamples: settings.resamples, seed: settings.seed)
        }
        var choice = FrontierChoice(
            goal: settings.goal, chosenOn: time(of: 0)..<time(of: first.upperBound),
            reportedOn: time(of: rest.lowerBound)..<time(of: rest.upperBound), recommended: chosen(own, bootstrap),
            peer: other.map { chosen($0, bootstrap) }, blockSeconds: (blockCells ?? 0) * cellSeconds,
            resamples: settings.resamples, seed: settings.seed,
            confidence: bootstrap == nil ? nil : BlockBootstrap.confidence)
        if let other {
            choice.lateDifference = interval(bootstrap) { blocks in
                sums.total(own, over: blocks).lateShare - sums.total(other, over: blocks).lateShare
            }
            choice.hoursSaved = interval(bootstrap) { saved(own, other, $0) }
        }
        let level = equalLateness(other)
        choice.hoursSavedAtEqualLateness = level.flatMap { level in
            interval(bootstrap) { savedAlongCurves($0, atLate: level) }
        }
        return choice
    }

    /// The lateness at which both curves are compared: the goal's, or what the peer came to.
    func equalLateness(_ peer: Int?) -> Double? {
        if case .late(let late) = settings.goal { return late }
        return peer.map { sums.total($0, over: [rest]).lateShare }
    }

    private func chosen(_ index: Int, _ bootstrap: BlockBootstrap?) -> ChosenSetting {
        let outcome = outcomes[index]
        let before = sums.total(index, over: [first]), after = sums.total(index, over: [rest])
        let late = interval(bootstrap) { sums.total(index, over: $0).lateShare }
        let cost = interval(bootstrap) { sums.total(index, over: $0).cost }
        return ChosenSetting(
            policy: outcome.policy, family: outcome.family, knob: outcome.knob, chosenLate: before.lateShare,
            chosenCost: before.cost, late: late ?? .exactly(after.lateShare), cost: cost ?? .exactly(after.cost),
            instanceHours: after.hours)
    }

    private func saved(_ own: Int, _ other: Int, _ blocks: [Range<Int>]) -> Double? {
        let theirs = sums.total(other, over: blocks).billedSeconds
        return theirs > 0 ? 1 - sums.total(own, over: blocks).billedSeconds / theirs : nil
    }

    private func savedAlongCurves(_ blocks: [Range<Int>], atLate late: Double) -> Double? {
        guard let own = curves(.predictive, blocks, late), let other = curves(.peer, blocks, late), other > 0 else {
            return nil
        }
        return 1 - own / other
    }

    /// The least cost among the families of `role`.
    func curves(_ role: FrontierFamily.Role, _ blocks: [Range<Int>], _ late: Double) -> Double? {
        var points: [String: [(cost: Double, late: Double)]] = [:]
        for index in outcomes.indices where outcomes[index].role == role {
            let total = sums.total(index, over: blocks)
            points[outcomes[index].family, default: []].append((total.cost, total.lateShare))
        }
        return points.values.compactMap { leastCost($0, atLate: late) }.min()
    }

    /// Without bounds where there is no bootstrap, or where too many resamples have no such figure.
    private func interval(_ bootstrap: BlockBootstrap?, _ statistic: ([Range<Int>]) -> Double?) -> Interval? {
        guard let estimate = statistic([rest]), estimate.isFinite else { return nil }
        guard let bootstrap else { return .exactly(estimate) }
        return bootstrap.interval(estimate, of: statistic) ?? .exactly(estimate)
    }
}

extension Interval {
    static func exactly(_ value: Double) -> Interval { Interval(low: value, estimate: value, high: value) }
}

extension FrontierAnalysis {
    /// The best settings over the whole scored part.
    package func startupCase(_ service: ReplayService, isAsIs: Bool, clairvoyantHours: Double) -> StartupCase {
        let all = first.lowerBound..<rest.upperBound
        func point(_ role: FrontierFamily.Role) -> FrontierPoint? {
            best(of: role, on: all).map {
                outcomes[$0].point(clairvoyantHours: clairvoyantHours, prices: service.model.prices)
            }
        }
        let least = outcomes.filter { $0.role == .predictive }.map(\.figures.late).min() ?? 1
        return StartupCase(
            startupSeconds: service.model.startupSeconds, isAsIs: isAsIs, recommended: point(.predictive),
            peer: point(.peer), leastLate: least, clairvoyantHours: clairvoyantHours)
    }
}
