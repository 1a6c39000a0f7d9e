import Kernels
package import Planning

/// How long something takes, seconds: a request its instance, an instance its start.
package enum DurationDistribution: Hashable, Sendable {
    case constant(Double)
    case exponential(mean: Double)
    /// `cv` is the deviation over the mean.
    case lognormal(mean: Double, cv: Double)
    /// One of the values, each as likely.
    case empirical([Double])

    /// - Throws: where a number is none that a duration can have, with `name` for the field.
    package func checked(_ name: String) throws(ReplayError) -> Self {
        let numbers: [Double] =
            switch self {
            case .constant(let value), .exponential(let value): [value]
            case .lognormal(let mean, let cv): [mean, cv]
            case .empirical(let values): values
            }
        guard !numbers.isEmpty else { throw ReplayError("service: \(name) has no values") }
        for number in numbers where !(number >= 0 && number <= 1e9) {
            throw ReplayError("service: \(name) holds \(number); durations must be between 0 and 1e9")
        }
        return self
    }

    package var mean: Double {
        switch self {
        case .constant(let value), .exponential(let value), .lognormal(let value, _): value
        case .empirical(let values): values.reduce(0, +) / Double(max(values.count, 1))
        }
    }

    /// `factor` times as long.
    package func scaled(by factor: Double) -> Self {
        switch self {
        case .constant(let value): .constant(factor * value)
        case .exponential(let mean): .exponential(mean: factor * mean)
        case .lognormal(let mean, let cv): .lognormal(mean: factor * mean, cv: cv)
        case .empirical(let values): .empirical(values.map { factor * $0 })
        }
    }

    /// The coefficient of variation; 0 where the mean is.
    package var variation: Double {
        switch self {
        case .constant: return 0
        case .exponential(let mean): return mean > 0 ? 1 : 0
        case .lognormal(let mean, let cv): return mean > 0 ? cv : 0
        case .empirical(let values):
            let mean = mean
            guard mean > 0 else { return 0 }
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Double(values.count)).squareRoot() / mean
        }
    }

    /// What is planned with where starts take this long: the quantile that the daemon takes of those it has measured.
    package var lead: LeadTime {
        switch self {
        case .constant(let value): return LeadTime(assumed: value)
        case .exponential(let mean): return LeadTime(assumed: -mean * logarithm(1 - LeadTime.quantile))
        case .lognormal(let mean, let cv):
            guard mean > 0 else { return LeadTime(assumed: 0) }
            // The 0.9 quantile of the normal distribution.
            let variance = logarithm(1 + cv * cv)
            return LeadTime(
                assumed: mean * Kernels.exponential(min(1.281_551_565_5 * variance.squareRoot() - variance / 2, 20)))
        case .empirical(let values):
            return LeadTime(assumed: conformalQuantile(ofSorted: values.sorted(), LeadTime.quantile))
        }
    }
}

/// A distribution made ready to be drawn from often.
struct DurationDraws {
    private let distribution: DurationDistribution
    /// Of the logarithm, where it is lognormal.
    private let location: Double, deviation: Double

    init(_ distribution: DurationDistribution) {
        self.distribution = distribution
        guard case .lognormal(let mean, let cv) = distribution, mean > 0 else {
            (location, deviation) = (0, 0)
            return
        }
        let variance = logarithm(1 + cv * cv)
        (location, deviation) = (logarithm(mean) - variance / 2, variance.squareRoot())
    }

    func draw(_ random: inout SplitMix64) -> Double {
        switch distribution {
        case .constant(let value): value
        case .exponential(let mean): mean * random.exponentialDraw()
        case .lognormal(let mean, _):
            mean > 0 ? exponential(min(max(location + deviation * random.normalDraw(), -700), 21)) : 0
        case .empirical(let values): values[Int(random.uniform() * Double(values.count))]
        }
    }
}
