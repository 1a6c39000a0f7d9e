package import Series

/// What a rate may be: values per second, ascending, with weights that sum to 1.
package struct RateSpread: Hashable, Sendable {
    private let rates: [Double], weights: [Double]

    /// A rate that is known.
    package init(_ rate: Double) { (rates, weights) = ([rate], [1]) }

    /// Row `row` of `forecast`, whose values times `factor` are rates: each stretch between two levels by the middles of its quarters,
    /// what lies below the lowest level there, and the tail above the highest in halves of the chance that is left.
    package init(_ forecast: QuantileForecast, row: Int, factor: Double) {
        let levels = forecast.levels
        var rates = [factor * forecast.value(row: row, level: levels[0])], weights = [levels[0]]
        func add(_ level: Double, _ weight: Double) {
            rates.append(factor * forecast.value(row: row, level: level))
            weights.append(weight)
        }
        for (low, high) in zip(levels, levels.dropFirst()) {
            for part in 0..<4 { add(low + (Double(part) + 0.5) / 4 * (high - low), (high - low) / 4) }
        }
        var rest = 1 - levels[levels.count - 1]
        for _ in 0..<12 {
            add(1 - 0.75 * rest, rest / 2)
            rest /= 2
        }
        add(1 - rest, rest)
        (self.rates, self.weights) = (rates, weights)
    }

    /// The least rate that is not exceeded with `level`.
    package func quantile(_ level: Double) -> Double {
        var sum = 0.0
        for (rate, weight) in zip(rates, weights) {
            sum += weight
            if sum >= level - 1e-12 { return rate }
        }
        return rates[rates.count - 1]
    }

    /// The chance that a request is late, over all rates.
    package func late(_ queue: QueueModel, _ instances: Int) -> Double {
        var sum = 0.0
        for (rate, weight) in zip(rates, weights) { sum += weight * queue.lateChance(rate: rate, instances: instances) }
        return sum
    }
}
