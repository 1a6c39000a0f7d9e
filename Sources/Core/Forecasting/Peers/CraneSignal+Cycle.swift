import Kernels
package import Series
import Units

extension CraneSignal {
    /// Whether the newest whole multiple of `period` bins has just that period; two of them are needed.
    func isPeriod(_ period: Int, of signal: [Double], bin: Int) -> Bool {
        guard signal.count >= 2 * period else { return false }
        let values = Array(signal.suffix(signal.count / period * period)), count = values.count
        let mean = values.reduce(0, +) / Double(count)
        let transform = FourierTransform(count: count)
        let power = transform.forward(values.map { $0 - mean }).map(\.squared)
        let noise = noisePower(power)
        var lags: [Int] = []
        for k in 2..<max(2, count / 2) where power[k] > noise && (lags.last ?? .max) > count / k {
            lags.append(count / k)
        }
        let correlation = transform.inverseReal(power.map { Complex(real: $0, imaginary: 0) })
        let reach = 14_400 / bin
        let peaks = lags.filter { isPeak(correlation, at: $0, reach: min(reach, $0 / 2)) && correlation[$0] > 0 }
        return peaks.max { correlation[$0] < correlation[$1] } == period
    }

    /// What the strongest of count/2 components of white noise exceeds once in a hundred times: their powers are
    /// exponential, and their mean is what all components have together over their number.
    private func noisePower(_ power: [Double]) -> Double {
        let mean = power.reduce(0, +) / Double(power.count)
        let below = exponential(logarithm(0.99) / Double(max(1, power.count / 2)))
        return mean * -logarithm(1 - below)
    }

    /// Rising over the `reach` bins before, falling over those after, by straight lines.
    private func isPeak(_ correlation: [Double], at lag: Int, reach: Int) -> Bool {
        guard reach >= 1, lag >= reach, lag + reach < correlation.count else { return false }
        return slope(correlation[lag - reach...lag]) > 0 && slope(correlation[lag...lag + reach]) < 0
    }

    private func slope(_ values: ArraySlice<Double>) -> Double {
        let middle = Double(values.count - 1) / 2
        return values.enumerated().reduce(0) { $0 + (Double($1.offset) - middle) * $1.element }
    }

    /// The next cycle by the estimator that forecast the last one best.
    func bestCycle(_ signal: [Double], period: Int, bin: Int) -> [Double] {
        let past = Array(signal.dropLast(period)), actual = Array(signal.suffix(period))
        var best = (error: Double.infinity, filter: Self.filters[0], margin: Self.margins[0])
        for filter in Self.filters {
            let cycle = filter.lastCycle(of: past, period: period, bin: bin)
            for margin in Self.margins {
                let error = loss(actual, cycle.map { $0 * (1 + margin) })
                if error < best.error { best = (error, filter, margin) }
            }
        }
        return best.filter.lastCycle(of: signal, period: period, bin: bin).map { $0 * (1 + best.margin) }
    }

    private static let filters = [
        SpectrumFilter(fewest: 3, lowest: 1), SpectrumFilter(fewest: 50, lowest: 0.05),
    ]
    private static let margins = [0.01, 0.1, 0.15, 0.2]

    /// The mean relative error, one that is too low amplified; the mean absolute one where a value is all but zero.
    private func loss(_ actual: [Double], _ forecast: [Double]) -> Double {
        let count = Double(actual.count)
        if actual.contains(where: { $0 < 1e-3 }) {
            return zip(actual, forecast).reduce(0) { $0 + abs($1.0 - $1.1) } / count
        }
        return zip(actual, forecast).reduce(0) { sum, pair in
            let error = (pair.1 - pair.0) / pair.0
            return sum + (error >= 0 ? error : -logarithm(max(1 + error, 1e-300)) / logarithm(1.25))
        } / count
    }
}

/// Which components of a signal are kept.
struct SpectrumFilter: Hashable, Sendable {
    /// So many of the strongest at least, at most 100, are kept whatever their frequency.
    let fewest: Int
    /// The amplitude from which one is strong.
    let lowest: Double

    private static let most = 100, smallest = 0.01

    /// The last `period` bins of the signal, of which the weak components with a period of under an hour are left out.
    func lastCycle(of signal: [Double], period: Int, bin: Int) -> [Double] {
        let count = signal.count
        guard count >= 4 else { return Array(signal.suffix(period)) }
        let transform = FourierTransform(count: count)
        var spectrum = transform.forward(signal)
        let amplitudes = spectrum.map { $0.squared.squareRoot() / Double(count) }
        let threshold = threshold(amplitudes)
        for k in spectrum.indices {
            let isFast = min(k, count - k) * 3_600 > count * bin
            if isFast && amplitudes[k] < threshold { spectrum[k] = Complex(real: 0, imaginary: 0) }
        }
        return transform.inverseReal(spectrum).suffix(period).map { $0 > 0 ? $0 : Self.smallest }
    }

    private func threshold(_ amplitudes: [Double]) -> Double {
        let sorted = amplitudes[1..<amplitudes.count / 2].sorted(by: >)
        guard let weakest = sorted.last else { return lowest }
        let kept = max(sorted.count >= Self.most ? sorted[Self.most - 1] : weakest, lowest)
        return sorted.count >= fewest ? min(kept, sorted[fewest - 1]) : kept
    }
}

/// A cycle that comes again and again from `end` on, `bin` seconds a value.
package struct FittedCraneSignal: PointModel {
    package let name = "crane-dsp"
    package let task: ForecastTask
    let cycle: [Double]
    let end: Timestamp
    let bin: Int

    package func points(after history: KnownDemand) -> [Double] {
        let grid = TimeGrid(start: end, step: bin, count: 0)
        return (0..<task.horizon).map { row in
            let position = grid.row(holding: history.end.advanced(bySeconds: row * history.step))
            return cycle[position.flooredDivision(by: cycle.count).remainder]
        }
    }
}
