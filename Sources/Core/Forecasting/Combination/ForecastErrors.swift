import Kernels
import Series
import Units

/// What forecasts that have matured missed, and how far each level must move for that.
///
/// A miss is measured in the width of its forecast, from the 0.1 to the 0.9 quantile, so that it holds at any height and at any
/// step ahead. Of sparse counts most forecasts have no width, and what such a one missed, times that of a busy hour, would be
/// absurd: their misses are measured in requests. A level moves to where its share of the weighted misses lies below (split-conformal, one level at a time: Y.
/// Romano, E. Patterson, E. Candès, "Conformalized quantile regression", 2019), where weights halve with age (R. Barber, E.
/// Candès, A. Ramdas, R. Tibshirani, "Conformal prediction beyond exchangeability", 2023). Of several half-lives the mean is
/// taken, so that what changed hours ago counts at once and a tail that shows once in days is still remembered. Only outcomes
/// that had ended are ever added.
struct ForecastErrors: Sendable {
    /// Half-lives of a miss, in seasons.
    private static let halfLives = [0.1, 0.7, 5]
    /// Of each forecast so many steps are looked at: neighbours miss alike.
    static let stepsRead = 6
    /// The newest misses that are kept.
    private static let most = 3_000
    /// A level moves by n / (n + 1/(100·tail)) of what n independent misses say; the tail is the share beyond it.
    private static let caution = 0.01

    let levels: [Double]
    /// No width is taken for less, so that a flat past does not make misses infinite.
    let narrowest: Double
    /// Whether all widths are taken for `narrowest`.
    let isSparse: Bool
    /// The highest row of the history and of the outcomes since.
    private(set) var highest: Double
    /// Of each miss: the start of its forecast, milliseconds, and the share of an independent one that it is.
    private(set) var times: [Int64] = []
    private(set) var shares: [Float] = []
    /// A list a level, in widths.
    private(set) var misses: [[Float]]

    init(levels: [Double], narrowest: Double, isSparse: Bool, highest: Double) {
        (self.levels, self.narrowest, self.isSparse, self.highest) = (levels, narrowest, isSparse, highest)
        misses = [[Float]](repeating: [], count: levels.count)
    }

    init?(
        levels: [Double], narrowest: Double, isSparse: Bool, highest: Double, times: [Int64], shares: [Float],
        misses: [[Float]]
    ) {
        guard times.count == shares.count, misses.count == levels.count, misses.allSatisfy({ $0.count == times.count }),
            times.count <= Self.most
        else { return nil }
        (self.levels, self.narrowest, self.isSparse, self.highest) = (levels, narrowest, isSparse, highest)
        (self.times, self.shares, self.misses) = (times, shares, misses)
    }

    /// Adds what `forecast` missed of `actuals`, the rows from its origin on. `gap` is the rows to the origin before it.
    mutating func add(_ forecast: QuantileForecast, actuals: ArraySlice<Double>, gap: Int) {
        let horizon = min(forecast.horizon, actuals.count)
        guard horizon > 0 else { return }
        for actual in actuals where actual.isFinite { highest = max(highest, Demand.bounded(actual)) }
        let read = min(Self.stepsRead, horizon)
        // Which steps are looked at turns with the origin, so that all are seen in the end.
        let turn = Int((forecast.origin.millisecondsSinceEpoch / 1_000 / Int64(forecast.step)) % Int64(horizon))
        for number in 0..<read {
            let step = (abs(turn) + number * horizon / read) % horizon
            let actual = actuals[actuals.startIndex + step]
            guard actual.isFinite else { continue }
            let width = width(of: forecast, step)
            times.append(forecast.origin.millisecondsSinceEpoch)
            shares.append(Float(min(1, Double(gap) / Double(horizon)) / Double(read)))
            for column in levels.indices {
                let miss = (Demand.bounded(actual) - forecast.values[step * levels.count + column]) / width
                misses[column].append(Float(min(max(miss, -1e6), 1e6)))
            }
        }
    }

    /// Forgets all but the newest.
    mutating func trim() {
        let excess = times.count - Self.most
        guard excess > 0 else { return }
        times.removeFirst(excess)
        shares.removeFirst(excess)
        for column in misses.indices { misses[column].removeFirst(excess) }
    }

    func width(of forecast: QuantileForecast, _ step: Int) -> Double {
        isSparse
            ? narrowest : max(forecast.value(row: step, level: 0.9) - forecast.value(row: step, level: 0.1), narrowest)
    }

    /// `value` moved: upwards no further than to half above the highest row, as a miss of a narrow forecast says little of
    /// a wide one.
    func moved(_ value: Double, by distance: Double) -> Double {
        min(value + distance, max(value, Self.headroom * highest))
    }
    private static let headroom = 1.5

    /// How far each level moves, in widths, for a forecast made at `now`; a season is `season` seconds.
    ///
    /// Complexity: O(levels × n log n) for n misses.
    func shifts(at now: Timestamp, season: Double) -> [Double] {
        guard !times.isEmpty else { return [Double](repeating: 0, count: levels.count) }
        let ages = times.map { Double(now.millisecondsSinceEpoch - $0) / 1_000 / season }
        let weights = Self.halfLives.map { halfLife in ages.map { halved(max($0, 0) / halfLife) } }
        let counts = weights.map { zip($0, shares).reduce(0) { $0 + $1.0 * Double($1.1) } }
        return levels.indices.map { column in
            let list = misses[column], order = list.indices.sorted { list[$0] < list[$1] }
            let tail = Self.caution / min(levels[column], 1 - levels[column])
            let moves = zip(weights, counts).map { weights, count in
                count / (count + tail) * weightedQuantile(list, order, weights, levels[column])
            }
            return moves.reduce(0, +) / Double(moves.count)
        }
    }
}

/// One, halved as many times.
private func halved(_ times: Double) -> Double { exponential(-min(times, 900) * 0.693_147_180_559_945_3) }

/// The first value, in ascending `order`, at which `level` of the weight has been passed.
private func weightedQuantile(_ values: [Float], _ order: [Int], _ weights: [Double], _ level: Double) -> Double {
    let total = weights.reduce(0, +)
    guard total > 0 else { return 0 }
    var sum = 0.0
    for index in order {
        sum += weights[index]
        if sum >= level * total { return Double(values[index]) }
    }
    return order.last.map { Double(values[$0]) } ?? 0
}
