import Kernels
import Series

/// How much each member of a combination counts, by its pinball loss on rows it had not learnt from, over the levels that the
/// task is decided on.
///
/// Losses fade with a half-life, so that weights follow what works now. A member counts exp(−excess/temperature), where the
/// excess is the share by which its loss lies above the best (exponential weights: N. Littlestone, M. Warmuth, "The weighted
/// majority algorithm", 1994); one that is worse than the seasonal naive, or counts next to nothing, is left out. So is one that
/// has lost clearly more than it of late, however good it was before: what a change has broken must not speak for days.
struct MemberWeights: Hashable, Sendable {
    private static let temperature = 0.03
    private static let least = 0.05
    /// Seasons after which a loss counts half.
    private static let halfLife = 7.0
    /// The same for what counts as of late, in seasons, or in horizons where those are longer: a few independent outcomes.
    private static let recentLife = 3.0
    /// What a member may lose of late over the seasonal naive: so much is chance.
    private static let tolerance = 0.1

    /// Of each member, fading sums of its losses. All were summed over the same rows.
    private(set) var losses: [Double]
    private(set) var recent: [Double]

    init(losses: [Double], recent: [Double]) { (self.losses, self.recent) = (losses, recent) }

    /// Lets the past fade by `rows` and adds the losses of new ones.
    mutating func add(_ new: [Double], after rows: Double, _ task: ForecastTask) {
        losses = Self.faded(losses, by: max(rows, 0) / (Self.halfLife * Double(task.season)), new)
        addRecent(new, after: rows, task)
    }

    /// As `add`, for rows that `losses` holds already.
    mutating func addRecent(_ new: [Double], after rows: Double, _ task: ForecastTask) {
        let span = Double(max(task.season, task.horizon))
        recent = Self.faded(recent, by: max(rows, 0) / (Self.recentLife * span), new)
    }

    private static func faded(_ sums: [Double], by lives: Double, _ new: [Double]) -> [Double] {
        let fading = exponential(-min(lives, 900) * 0.693_147_180_559_945_3)
        return zip(sums, new).map { $0 * fading + $1 }
    }

    /// Sums to 1. `baseline` is the member none may lose to. Where nothing is known yet the first counts alone.
    func shares(baseline: Int?) -> [Double] {
        guard let best = losses.min(), best < .infinity, losses.contains(where: { $0 > 0 }) else {
            return losses.indices.map { $0 == 0 ? 1 : 0 }
        }
        let raw = losses.indices.map { index in
            isBeaten(index, by: baseline)
                ? 0 : exponential(-min((losses[index] - best) / max(best, 1e-300) / Self.temperature, 700))
        }
        let sum = raw.reduce(0, +)
        guard sum > 0 else { return losses.indices.map { $0 == baseline ? 1 : 0 } }
        let kept = raw.map { $0 / sum < Self.least ? 0 : $0 }
        let total = kept.reduce(0, +)
        return kept.map { $0 / total }
    }

    /// Whether the baseline forecasts better, on the whole or of late.
    private func isBeaten(_ member: Int, by baseline: Int?) -> Bool {
        guard let baseline, member != baseline else { return false }
        return losses[member] > losses[baseline] || isBeatenLately(member, by: baseline)
    }

    func isBeatenLately(_ member: Int, by baseline: Int) -> Bool {
        recent[member] > recent[baseline] * (1 + Self.tolerance)
    }
}

/// The sum over steps and the levels in `columns` of the pinball loss, rows without an actual left out.
func pinballLoss(_ forecast: QuantileForecast, actuals: ArraySlice<Double>, columns chosen: [Int]) -> Double {
    let columns = forecast.levels.count
    var sum = 0.0
    for (step, actual) in actuals.prefix(forecast.horizon).enumerated() where actual.isFinite {
        for column in chosen {
            let level = forecast.levels[column]
            let miss = Demand.bounded(actual) - forecast.values[step * columns + column]
            sum += max(level * miss, (level - 1) * miss)
        }
    }
    return sum
}
