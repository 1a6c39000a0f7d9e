package import Kernels

/// The mean arrivals of a day: a quiet night, a steep morning, a lunch dip, a second peak in the evening, a fall.
package enum DayShape {
    /// Share of the day and requests per second, with straight lines between.
    private static let knots: [(share: Double, rate: Double)] = [
        (0, 8), (0.27, 8), (0.375, 60), (0.5, 60), (0.56, 44), (0.63, 58), (0.73, 50), (0.79, 68), (0.85, 68),
        (0.94, 10), (1, 8),
    ]

    /// Requests per second at a share of the day within [0, 1].
    package static func rate(at share: Double) -> Double {
        for (left, right) in zip(knots, knots.dropFirst()) where share <= right.share {
            let progress = (share - left.share) / (right.share - left.share)
            return left.rate + max(progress, 0) * (right.rate - left.rate)
        }
        return knots[knots.count - 1].rate
    }
}

/// When the requests of one day arrive: a Poisson process whose rate is steady within a row.
package struct LoadPlan: Hashable, Sendable {
    /// Requests per second, a row each.
    package let rates: [Double]
    /// Seconds from the start of the day, ascending.
    package let arrivals: [Double]

    /// A day of `rows` rows, its height a few per cent up or down as days are.
    package init(rows: Int, using generator: inout SplitMix64) {
        let height = 0.96 + 0.08 * generator.uniform()
        rates = (0..<rows).map { height * DayShape.rate(at: (Double($0) + 0.5) / Double(rows)) }
        var arrivals: [Double] = []
        for (row, rate) in rates.enumerated() {
            arrivals += poissonInstants(rate: rate, using: &generator).map { Double(row) + $0 }
        }
        self.arrivals = arrivals
    }

    /// Arrivals a row.
    package var counts: [Double] {
        var counts = [Double](repeating: 0, count: rates.count)
        for instant in arrivals { counts[min(Int(instant), rates.count - 1)] += 1 }
        return counts
    }
}

/// The days before the run and the day of the run, all drawn from one seed.
package struct DemoLoad: Hashable, Sendable {
    /// Arrivals a row, oldest first.
    package let history: [Double]
    package let day: LoadPlan

    package init(seed: UInt64, rows: Int, historyDays: Int) {
        var generator = SplitMix64(seed: seed)
        history = (0..<historyDays).flatMap { _ in LoadPlan(rows: rows, using: &generator).counts }
        day = LoadPlan(rows: rows, using: &generator)
    }
}

/// Instants of a Poisson process within one second, ascending: sums of exponential gaps.
private func poissonInstants(rate: Double, using generator: inout SplitMix64) -> [Double] {
    guard rate > 0 else { return [] }
    var instants: [Double] = []
    var instant = 0.0
    while true {
        instant -= logarithm(1 - generator.uniform()) / rate
        guard instant < 1 else { return instants }
        instants.append(instant)
    }
}
