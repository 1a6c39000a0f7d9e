import Kernels
import Series

/// How much each member of a combination counts, by its pinball loss over all levels on rows it had not learnt from.
///
/// Losses fade with a half-life, so that weights follow what works now. A member counts exp(−excess/temperature), where the
/// excess is the share by which its loss lies above the best (exponential weights: N. Littlestone, M. Warmuth, "The weighted
/// majority algorithm", 1994); one that is worse than the seasonal naive, or counts next to nothing, is left out.
struct MemberWeights: Hashable, Sendable {
    private static let temperature = 0.03
    private static let least = 0.05
    /// Seasons after which a loss counts half.
    private static let halfLife = 7.0

    /// Of each member, fading sums of its losses. All were summed over the same rows.
    private(set) var losses: [Double]

    init(losses: [Double]) { self.losses = losses }

    /// Lets the past fade by `seasons` and adds the losses of new rows.
    mutating func add(_ new: [Double], after seasons: Double) {
        let fading = exponential(-max(seasons, 0) / Self.halfLife * 0.693_147_180_559_945_3)
        losses = zip(losses, new).map { $0 * fading + $1 }
    }

    /// Sums to 1. `baseline` is the member none may lose to. Where nothing is known yet the first counts alone.
    func shares(baseline: Int?) -> [Double] {
        guard let best = losses.min(), best < .infinity, losses.contains(where: { $0 > 0 }) else {
            return losses.indices.map { $0 == 0 ? 1 : 0 }
        }
        let bound = baseline.map { losses[$0] } ?? .infinity
        let raw = losses.map { loss in
            loss > bound ? 0 : exponential(-min((loss - best) / max(best, 1e-300) / Self.temperature, 700))
        }
        let sum = raw.reduce(0, +)
        let kept = raw.map { $0 / sum < Self.least ? 0 : $0 }
        let total = kept.reduce(0, +)
        return kept.map { $0 / total }
    }
}

/// The sum over steps and levels of the pinball loss, rows without an actual left out.
func pinballLoss(_ forecast: QuantileForecast, actuals: ArraySlice<Double>) -> Double {
    let columns = forecast.levels.count
    var sum = 0.0
    for (step, actual) in actuals.prefix(forecast.horizon).enumerated() where actual.isFinite {
        for (column, level) in forecast.levels.enumerated() {
            let miss = Demand.bounded(actual) - forecast.values[step * columns + column]
            sum += max(level * miss, (level - 1) * miss)
        }
    }
    return sum
}
