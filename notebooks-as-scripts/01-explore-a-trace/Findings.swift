import Kernels
import Reports
import Series
import Units

/// What a look at the numbers tells, before any model.
struct Findings {
    let series: RegularSeries
    let known: [Double]
    /// Runs of missing rows, and the longest of them in rows.
    let gaps: Int, longestGap: Int
    /// A profile of the day, for weekdays and weekends apart where the trace has both.
    let profiles: [DayProfile]
    /// Shares of the variance that the mean at the time of day, and of the week, account for; 0 to 1.
    let dayShare: Double, weekShare: Double
    /// Half the mean squared step between neighbours over the mean: about 1 where counts scatter as Poisson's do.
    let dispersion: Double

    init(_ series: RegularSeries) {
        self.series = series
        known = series.values.filter(\.isFinite)
        let runs = series.values.split(omittingEmptySubsequences: true, whereSeparator: \.isFinite)
        (gaps, longestGap) = (runs.count, runs.map(\.count).max() ?? 0)
        profiles = DayProfile.profiles(of: series)
        dayShare = Self.explained(series, slots: 86_400 / series.step)
        weekShare = Self.explained(series, slots: 7 * 86_400 / series.step)
        let steps = zip(series.values.dropFirst(), series.values).map { $0 - $1 }.filter(\.isFinite)
        let mean = known.reduce(0, +) / Double(max(known.count, 1))
        dispersion = steps.reduce(0) { $0 + $1 * $1 } / 2 / Double(max(steps.count, 1)) / max(mean, 1e-12)
    }

    /// 1 − variance about the slot means / variance, corrected for the means that were fitted; at least 0.
    private static func explained(_ series: RegularSeries, slots: Int) -> Double {
        guard slots >= 1, series.count >= 2 * slots else { return .nan }
        var sums = [Double](repeating: 0, count: slots), counts = sums
        for (row, value) in series.values.enumerated() where value.isFinite {
            sums[row % slots] += value
            counts[row % slots] += 1
        }
        let known = series.values.enumerated().filter { $0.element.isFinite }
        let fitted = Double(counts.count { $0 > 0 }), count = Double(known.count)
        guard count > fitted + 1 else { return .nan }
        let mean = sums.reduce(0, +) / count
        let total = known.reduce(0) { $0 + ($1.element - mean) * ($1.element - mean) } / (count - 1)
        let within = known.reduce(0) { sum, row in
            let residual = row.element - sums[row.offset % slots] / counts[row.offset % slots]
            return sum + residual * residual
        }
        return total > 0 ? max(0, 1 - within / (count - fitted) / total) : 0
    }

    var lines: [String] {
        let sorted = known.sorted()
        let span = durationText(seconds: series.end.seconds(since: series.start))
        let missing = Double(series.missingCount) / Double(series.count), zeros = known.count { $0 == 0 }
        let longest = durationText(seconds: Double(longestGap * series.step))
        let level = [("median", 0.5), ("99%", 0.99), ("most", 1)].map { name, level in
            "\(name) \(shortText(quantile(ofSorted: sorted, level)))"
        }
        return [
            "\(series.count) rows of \(durationText(seconds: Double(series.step))), \(span): "
                + "\(series.start) to \(series.end)",
            gaps == 0
                ? "no row is missing"
                : "\(percent(missing)) of the rows are missing, in \(gaps) gap\(gaps == 1 ? "" : "s"); the longest lasts \(longest)",
            "\(percent(Double(zeros) / Double(max(known.count, 1)))) of the known rows are zero",
            "a row: " + level.joined(separator: ", "),
            "the time of day accounts for \(percent(dayShare)) of the variance, the time of week for \(percent(weekShare))",
            "half the mean squared step between neighbours is \(shortText(dispersion)) times the mean; steady, independent "
                + "arrivals would make it 1",
        ]
    }

    private func percent(_ share: Double) -> String {
        share.isFinite ? fixedText(share * 100, digits: 1) + "%" : "an unknown share"
    }
}

/// How a day goes, in slots of a quarter of an hour or a row, whichever is longer.
struct DayProfile {
    let name: String
    /// Seconds after midnight UTC at which a slot starts.
    let seconds: [Double]
    let mean: [Double], low: [Double], high: [Double]

    static func profiles(of series: RegularSeries) -> [DayProfile] {
        let days = series.values.indices.map { weekday(series.grid.time(of: $0)) }
        guard series.count * series.step >= 14 * 86_400 else { return [DayProfile("all days", series) { _ in true }] }
        return [
            DayProfile("Monday to Friday", series) { days[$0] < 5 },
            DayProfile("Saturday, Sunday", series) { days[$0] >= 5 },
        ]
    }

    /// 0 is Monday; the epoch was a Thursday.
    private static func weekday(_ time: Timestamp) -> Int {
        let days = time.millisecondsSinceEpoch.flooredDivision(by: 86_400_000).quotient
        return Int((days + 3).flooredDivision(by: 7).remainder)
    }

    private init(_ name: String, _ series: RegularSeries, where isChosen: (Int) -> Bool) {
        let length = max(900, series.step), slots = max(1, 86_400 / length)
        var values = [[Double]](repeating: [], count: slots)
        for (row, value) in series.values.enumerated() where value.isFinite && isChosen(row) {
            let milliseconds = series.grid.time(of: row).millisecondsSinceEpoch
            let second = Int(milliseconds.flooredDivision(by: 86_400_000).remainder / 1_000)
            values[min(second / length, slots - 1)].append(value)
        }
        let sorted = values.map { $0.sorted() }
        self.name = name
        seconds = (0..<slots).map { Double($0 * length) }
        mean = values.map { $0.isEmpty ? .nan : $0.reduce(0, +) / Double($0.count) }
        low = sorted.map { quantile(ofSorted: $0, 0.1) }
        high = sorted.map { quantile(ofSorted: $0, 0.9) }
    }
}
