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
    /// Of each list, its numbers by the size of the miss, the older first where two are the same. Kept between updates, which
    /// add a few misses to thousands.
    private var orders: [[Int32]]

    init(levels: [Double], narrowest: Double, isSparse: Bool, highest: Double) {
        (self.levels, self.narrowest, self.isSparse, self.highest) = (levels, narrowest, isSparse, highest)
        misses = [[Float]](repeating: [], count: levels.count)
        orders = [[Int32]](repeating: [], count: levels.count)
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
        orders = misses.map { merged([], less: 0, with: $0) }
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

    /// Forgets all but the newest, and puts those that were added in order.
    mutating func trim() {
        let excess = max(0, times.count - Self.most)
        times.removeFirst(excess)
        shares.removeFirst(excess)
        for column in misses.indices {
            misses[column].removeFirst(excess)
            orders[column] = merged(orders[column], less: excess, with: misses[column])
        }
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

    /// How far each level moves, in widths, for a forecast made at `now`; a season is `season` seconds. Misses that were added
    /// count once `trim` has been called.
    ///
    /// Complexity: O(levels × n) for n misses.
    func shifts(at now: Timestamp, season: Double) -> [Double] {
        guard !times.isEmpty else { return [Double](repeating: 0, count: levels.count) }
        let weights = weights(at: now, season: season)
        var counts = SIMD4<Double>.zero, totals = SIMD4<Double>.zero
        for (weight, share) in zip(weights, shares) {
            counts += weight * Double(share)
            totals += weight
        }
        return levels.indices.map { column in
            let tail = Self.caution / min(levels[column], 1 - levels[column])
            let quantiles = weightedQuantiles(
                misses[column], orders[column], weights, reaching: levels[column] * totals)
            var sum = 0.0
            for life in Self.halfLives.indices {
                sum += counts[life] / (counts[life] + tail) * (totals[life] > 0 ? quantiles[life] : 0)
            }
            return sum / Double(Self.halfLives.count)
        }
    }

    /// Of each miss, for each half-life. Those of one forecast are as old as each other.
    private func weights(at now: Timestamp, season: Double) -> [SIMD4<Double>] {
        var weights: [SIMD4<Double>] = []
        weights.reserveCapacity(times.count)
        for (index, time) in times.enumerated() {
            if index > 0, times[index - 1] == time {
                weights.append(weights[index - 1])
                continue
            }
            let age = Double(now.millisecondsSinceEpoch - time) / 1_000 / season
            var weight = SIMD4<Double>.zero
            for (life, halfLife) in Self.halfLives.enumerated() { weight[life] = halved(max(age, 0) / halfLife) }
            weights.append(weight)
        }
        return weights
    }
}

/// One, halved as many times.
private func halved(_ times: Double) -> Double { exponential(-min(times, 900) * 0.693_147_180_559_945_3) }

/// The first value, in ascending `order`, at which `goal` of the weight has been passed, for each of four weights.
private func weightedQuantiles(
    _ values: [Float], _ order: [Int32], _ weights: [SIMD4<Double>], reaching goal: SIMD4<Double>
) -> SIMD4<Double> {
    var sum = SIMD4<Double>.zero
    var found = SIMD4<Double>(repeating: order.last.map { Double(values[Int($0)]) } ?? 0)
    var isOpen = SIMDMask<SIMD4<Int64>>(repeating: true)
    for index in order {
        sum += weights[Int(index)]
        let isReached = isOpen .& (sum .>= goal)
        guard any(isReached) else { continue }
        found.replace(with: Double(values[Int(index)]), where: isReached)
        isOpen = isOpen .& .!isReached
        if !any(isOpen) { break }
    }
    return found
}

/// The numbers of all `values` by value, where `order` is that of the first of them, counted from `dropped` that were before.
private func merged(_ order: [Int32], less dropped: Int, with values: [Float]) -> [Int32] {
    let first = min(max(order.count - dropped, 0), values.count)
    let fresh = (first..<values.count).map { Int32($0) }.sorted {
        let (a, b) = (values[Int($0)], values[Int($1)])
        return a == b ? $0 < $1 : a < b
    }
    if fresh.isEmpty && dropped == 0 { return order }
    var all: [Int32] = []
    all.reserveCapacity(values.count)
    var next = 0
    for number in order {
        let old = number - Int32(dropped)
        if old < 0 { continue }
        while next < fresh.count, values[Int(fresh[next])] < values[Int(old)] {
            all.append(fresh[next])
            next += 1
        }
        all.append(old)
    }
    all.append(contentsOf: fresh[next...])
    return all
}
