import Kernels
package import Series
package import Units

/// The shapes of made-up load.
package enum LoadPattern: String, CaseIterable, Sendable {
    case daily, weekly, bursty, sparse, regimeChange
}

/// Request counts per step with Poisson noise about a pattern whose long-run level is near `mean` per step.
///
/// The same arguments give the same counts. A `step` below one second or a negative `rows` or `mean` is clamped.
/// Time linear in `rows`.
package func generateLoad(
    _ pattern: LoadPattern, seed: UInt64, start: Timestamp, step: Int, rows: Int, mean: Double
) -> RegularSeries {
    let step = max(step, 1)
    let count = max(rows, 0)
    var source = LoadSource(pattern: pattern, rows: count, generator: SplitMix64(seed: seed))
    let level = mean.isFinite ? max(mean, 0) : 0
    let values = (0..<count).map { row in
        let seconds = start.advanced(bySeconds: row * step).secondsSinceEpoch
        return source.poisson(level * source.factor(row: row, seconds: seconds))
    }
    return RegularSeries(start: start, step: step, values: values)
}

private struct LoadSource {
    let pattern: LoadPattern
    let rows: Int
    var generator: SplitMix64
    var burstLeft = 0

    mutating func uniform() -> Double { generator.uniform() }

    /// The level at a row over the long-run mean.
    mutating func factor(row: Int, seconds: Double) -> Double {
        switch pattern {
        case .daily: return daily(seconds)
        case .weekly: return daily(seconds) * weekday(seconds)
        case .bursty: return burst()
        case .sparse: return uniform() < 0.05 ? 20 : 0
        case .regimeChange: return row < rows / 2 ? 0.5 : 1.5
        }
    }

    /// A smooth hump over each UTC day, peaking at noon, whose mean is one.
    func daily(_ seconds: Double) -> Double {
        let days = seconds / 86_400
        let phase = days - days.rounded(.down)
        return 0.2 + 4.8 * phase * (1 - phase)
    }

    /// Five full weekdays and two quiet days, whose mean is one; day zero of the epoch is a Thursday.
    func weekday(_ seconds: Double) -> Double {
        let day = (seconds / 86_400).rounded(.down) + 3
        let ofWeek = day - 7 * (day / 7).rounded(.down)
        return ofWeek < 5 ? 1.2 : 0.5
    }

    /// Bursts of ten rows at eight times the quiet level; about one row in six is in a burst.
    mutating func burst() -> Double {
        if burstLeft == 0, uniform() < 0.02 { burstLeft = 10 }
        guard burstLeft > 0 else { return 0.46 }
        burstLeft -= 1
        return 3.68
    }

    /// A Poisson draw: inversion below 30, above it the rounded normal limit from twelve uniforms.
    mutating func poisson(_ mean: Double) -> Double {
        guard mean > 0 else { return 0 }
        guard mean < 30 else {
            let normal = (0..<12).reduce(-6.0) { sum, _ in sum + uniform() }
            return max((mean + mean.squareRoot() * normal).rounded(), 0)
        }
        let target = uniform()
        var (count, term) = (0.0, negativeExponential(mean))
        var sum = term
        while sum < target, count < 200 {
            count += 1
            term *= mean / count
            sum += term
        }
        return count
    }
}

/// `exp(-x)` for x in 0..<30: a Taylor sum at x/64, squared six times. The core imports no C library.
private func negativeExponential(_ x: Double) -> Double {
    var (sum, term) = (1.0, 1.0)
    for order in 1...14 {
        term *= -x / 64 / Double(order)
        sum += term
    }
    return (0..<6).reduce(sum) { value, _ in value * value }
}
