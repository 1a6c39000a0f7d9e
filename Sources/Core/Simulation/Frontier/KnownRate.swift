/// What a policy comes to that knows the true rate of every row ahead of time, and of the noise around it only how wide it is: no
/// forecast of the rate could do much better.
///
/// The true rate is taken to be the mean of the quarter of an hour around a row, λ, and the noise to have a variance of φ·λ, with φ as
/// measured on the trace; 1 is Poisson. The plan for λ + z·√(φλ) is the clairvoyant's, and `z` is swept. Not a strict bound:
/// what wanders within a quarter of an hour counts as noise here, and could be forecast in part.
package struct KnownRate: Sendable {
    package static let windowSeconds = 900
    package static let deviations = [
        0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 8, 11, 15, 20, 30,
    ]

    /// Requests per second around each scored row; NaN where none is known.
    package let smoothed: [Double]
    /// φ, the variance of a row's count over its mean.
    package let dispersion: Double
    private let trace: ReplayTrace

    package init(_ trace: ReplayTrace) {
        self.trace = trace
        smoothed = Self.smoothed(trace.rates, reach: max(1, Self.windowSeconds / trace.step / 2))
        let step = Double(trace.step)
        var (squares, mean) = (0.0, 0.0)
        for (rate, middle) in zip(trace.rates, smoothed) where rate.isFinite && middle > 0 {
            squares += (rate - middle) * (rate - middle) * step * step
            mean += middle * step
        }
        dispersion = mean > 0 ? squares / mean : 1
    }

    /// Means over the known of each row and `reach` on both sides. Complexity: linear.
    private static func smoothed(_ rates: [Double], reach: Int) -> [Double] {
        var sums = [0.0], counts = [0]
        for rate in rates {
            sums.append(sums[sums.count - 1] + (rate.isFinite ? rate : 0))
            counts.append(counts[counts.count - 1] + (rate.isFinite ? 1 : 0))
        }
        return rates.indices.map { row in
            let low = max(0, row - reach), high = min(rates.count, row + reach + 1)
            let known = counts[high] - counts[low]
            return known > 0 ? max(0, sums[high] - sums[low]) / Double(known) : .nan
        }
    }

    /// The plan that leaves room for `deviations` of the noise.
    package func decisions(deviations: Double, service: ReplayService) -> [ReplayDecision] {
        let step = Double(trace.step)
        let planned = zip(trace.rates, smoothed).map { rate, middle in
            rate.isNaN ? .nan : middle + deviations * (dispersion * middle * step).squareRoot() / step
        }
        return clairvoyantDecisions(trace.planned(for: planned), service: service)
    }
}
