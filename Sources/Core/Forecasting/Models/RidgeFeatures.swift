import Kernels

/// What a direct ridge looks at before an origin. All features but the calendar and the level are differences from the
/// level, the mean of the last rows, so that the weights hold at any height of the series.
struct RidgeFeatures: Sendable {
    private static let levelRows = 12
    private static let trailing = [6, 12, 36, 144]

    let season: Int
    let usesWeek: Bool
    let lags: Int
    /// Steps of the horizon at which values of a season and a week before enter: all of a short one, some of a long one.
    let alignedSteps: [Int]
    let count: Int

    init(task: ForecastTask, usesWeek: Bool) {
        (season, self.usesWeek) = (task.season, usesWeek)
        lags = 36
        let stride = max(1, (task.horizon + 5) / 32)
        alignedSteps = Array(Swift.stride(from: -2, through: task.horizon + 1, by: stride))
        let groups = usesWeek ? 3 : 2
        count = lags + groups * alignedSteps.count + Self.trailing.count + 8 + (usesWeek ? 6 : 0) + 2
    }

    /// Rows that must lie before an origin.
    var rowsNeeded: Int { max(lags, Self.trailing.max() ?? 0, (usesWeek ? 7 : 1) * season + 3) }

    /// The level the features and targets of an origin are measured from.
    func level(_ z: [Double], at origin: Int) -> Double {
        z[max(0, origin - Self.levelRows)..<origin].reduce(0, +) / Double(min(origin, Self.levelRows))
    }

    /// How much the rows before the origin vary: the median distance from their median.
    func spread(_ z: [Double], at origin: Int) -> Double {
        let recent = z[max(0, origin - lags)..<origin]
        let middle = median(recent)
        return median(recent.map { abs($0 - middle) })
    }

    /// Writes the features of `origin` to `row`, from `z` before it alone. `prefix` holds the running sums of `z` and is one
    /// longer; `phase` is the rows since the epoch at `z[0]`, which fixes the time of day.
    ///
    /// - Precondition: `rowsNeeded` ≤ `origin`.
    func write(_ z: [Double], prefix: [Double], phase: Int, origin: Int, to row: inout ArraySlice<Double>) {
        let level = level(z, at: origin)
        var slot = row.startIndex
        func put(_ value: Double) {
            row[slot] = value
            slot += 1
        }
        for lag in 1...lags { put(z[origin - lag] - level) }
        for step in alignedSteps { put(z[aligned(origin, step, season)] - level) }
        for step in alignedSteps { put(sameHourMean(z, origin, step) - level) }
        if usesWeek {
            for step in alignedSteps { put(z[aligned(origin, step, 7 * season)] - level) }
        }
        for rows in Self.trailing { put((prefix[origin] - prefix[origin - rows]) / Double(rows) - level) }
        putCycle(turns: Double((phase + origin) % season) / Double(season), pairs: 4, put)
        if usesWeek { putCycle(turns: Double((phase + origin) % (7 * season)) / Double(7 * season), pairs: 3, put) }
        put(level)
        put(1)
    }

    private func putCycle(turns: Double, pairs: Int, _ put: (Double) -> Void) {
        for k in 1...pairs {
            let (cosine, sine) = cosineAndSine(turns: turns * Double(k))
            put(cosine)
            put(sine)
        }
    }

    /// The latest known row that lies whole cycles before step `step` of the horizon.
    private func aligned(_ origin: Int, _ step: Int, _ cycle: Int) -> Int {
        origin + step - cycle * max(1, step / cycle + 1)
    }

    /// The mean over up to seven days of the same time of day.
    private func sameHourMean(_ z: [Double], _ origin: Int, _ step: Int) -> Double {
        var row = aligned(origin, step, season)
        var (sum, days) = (0.0, 0)
        while row >= 0, days < 7 {
            sum += z[row]
            days += 1
            row -= season
        }
        return days == 0 ? 0 : sum / Double(days)
    }
}
