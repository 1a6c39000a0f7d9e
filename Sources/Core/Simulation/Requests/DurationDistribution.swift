import Kernels

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
