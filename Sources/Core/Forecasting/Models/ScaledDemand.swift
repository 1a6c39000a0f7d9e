import Series
import Units

/// A history scaled to the height that all series have in a global ridge.
struct ScaledDemand {
    /// What the known rows are on average after scaling: high enough for the one in the fourth root to hardly count.
    private static let height = 100.0

    let demand: KnownDemand
    let factor: Double
    let highest: Double

    init(_ history: KnownDemand) {
        let known = history.suffix().lazy.filter(\.isFinite).map(Demand.bounded)
        let (sum, count) = known.reduce((0.0, 0)) { ($0.0 + $1, $0.1 + 1) }
        self.init(history, factor: sum > 0 ? Self.height / (sum / Double(count)) : 1, limit: .max)
    }

    /// The newest rows of `history`, at most `limit`. Where there are fewer than `least`, those before the first are taken to
    /// have been as the first season was, or within that as the mean: a series of a day looks like one of many equal days.
    init(_ history: KnownDemand, factor: Double, limit: Int, least: Int = 0, season: Int = 1) {
        let known = history.suffix(limit).map { $0.isFinite ? Demand.bounded($0) * factor : .nan }
        let values = Self.extended(known, to: least, season: season)
        let start = history.end.advanced(bySeconds: -values.count * history.step)
        demand = KnownDemand(RegularSeries(start: start, step: history.step, values: values))
        highest = known.reduce(0) { $1 > $0 ? $1 : $0 }
        self.factor = factor
    }

    /// `known`, and before it what the first season says where there are fewer rows than `least`.
    static func extended(_ known: [Double], to least: Int, season: Int) -> [Double] {
        let added = least - known.count
        guard added > 0 else { return known }
        let finite = known.filter(\.isFinite)
        let mean = finite.reduce(0) { $0 + $1 / Double(finite.count) }
        var values = [Double](repeating: mean, count: added) + known
        for row in stride(from: added - 1, through: 0, by: -1) where row + season < values.count {
            values[row] = values[row + season].isFinite ? values[row + season] : mean
        }
        return values
    }
}
