import Kernels
package import Series
import Units

/// Crane's signal processing: where the last 15 days have a period of a week or a day, its last cycle, smoothed, is what comes next.
///
/// Rows come together to a minute. What lies before a gap of more than an hour is dropped, shorter gaps are interpolated, and the
/// highest and lowest thousandth take the value before them. A period is the highest peak of the autocorrelation among those
/// whose amplitude stands out from noise; only a week (of two weeks or more), else a day (of two days or more), is used.
///
/// Of eight estimators the one is taken that forecast the last cycle best: components of a period of an hour or more, with the 3
/// to 100, or 50 to 100, strongest beside them, times a margin of 1, 10, 15 or 20%. Amplitudes of at least 1, or 0.05, of the
/// unit count as strong: a method that minds units. Errors are relative, a forecast that is too low counting about 4.5 times.
///
/// Crane finds the noise's amplitude by a hundred shuffles; here it is the 99th percentile of the highest amplitude of white
/// noise of the same variance, which the shuffles estimate. Where there is no period there is no forecast.
package struct CraneSignal: Forecaster {
    package let name = "crane-dsp"

    private static let day = 86_400, days = 15, longestGap = 3_600

    package init() {}

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        let each = max(1, 60 / history.step), bin = each * history.step
        guard Self.day % bin == 0, bin <= 3_600 else { throw .historyTooShort(rows: history.count, needed: .max) }
        let daily = Self.day / bin
        let signal = prepared(binned(history.suffix(Self.days * daily * each), each), bin: bin)
        guard signal.count >= 2 * daily else {
            throw .historyTooShort(rows: history.count, needed: 2 * daily * each)
        }
        let period = [7 * daily, daily].first { isPeriod($0, of: signal, bin: bin) }
        guard let period else { throw .numericalFailure("no period of a week or a day stands out") }
        let whole = Array(signal.suffix(signal.count / period * period))
        return FittedCraneSignal(
            task: task, cycle: bestCycle(whole, period: period, bin: bin), end: history.end, bin: bin)
    }

    /// Means of the known rows, `each` at a time from the end.
    private func binned(_ rows: ArraySlice<Double>, _ each: Int) -> [Double] {
        (0..<rows.count / each).reversed().map { back in
            let end = rows.endIndex - back * each
            let known = rows[end - each..<end].filter(\.isFinite).map(Demand.bounded)
            return known.isEmpty ? .nan : known.reduce(0, +) / Double(known.count)
        }
    }

    /// Without what lies before a long gap, without gaps and without outliers, in whole hours.
    private func prepared(_ bins: [Double], bin: Int) -> [Double] {
        var signal: [Double] = []
        var missing = 0
        for value in bins {
            guard value.isFinite else {
                missing += 1
                continue
            }
            if (missing + 1) * bin > Self.longestGap { signal = [] }
            if let last = signal.last {
                for row in 0..<missing {
                    signal.append(last + (value - last) * Double(row + 1) / Double(missing + 1))
                }
            }
            signal.append(value)
            missing = 0
        }
        if missing * bin > Self.longestGap { return [] }
        signal += Array(repeating: signal.last ?? 0, count: signal.isEmpty ? 0 : missing)
        let hour = max(1, 3_600 / bin)
        return withoutOutliers(Array(signal.suffix(signal.count / hour * hour)))
    }

    private func withoutOutliers(_ signal: [Double]) -> [Double] {
        guard signal.count > 1 else { return signal }
        let sorted = signal.sorted()
        let low = quantile(ofSorted: sorted, 0.001), high = quantile(ofSorted: sorted, 0.999)
        var kept = signal
        for row in 1..<kept.count where kept[row] < low || kept[row] > high { kept[row] = kept[row - 1] }
        return kept
    }
}
