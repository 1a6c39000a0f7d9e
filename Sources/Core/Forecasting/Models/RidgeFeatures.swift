import Kernels

/// Transformed rows by number; an array of them, or a view that makes each when it is asked for.
protocol RidgeRows {
    subscript(row: Int) -> Double { get }
}

extension Array: RidgeRows where Element == Double {}

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
    /// Rows of a twenty-fourth of the season, an hour where that is a day, after which what is done on the hour repeats; 0
    /// where it has too few rows to show.
    let hour: Int
    let count: Int
    /// Blocks of features that have one for each aligned step.
    private let alignedBlocks: Int

    init(task: ForecastTask, usesWeek: Bool) {
        (season, self.usesWeek) = (task.season, usesWeek)
        lags = 36
        let stride = max(1, (task.horizon + 5) / 32)
        alignedSteps = Array(Swift.stride(from: -2, through: task.horizon + 1, by: stride))
        hour = task.season % 24 == 0 && task.season >= 96 ? task.season / 24 : 0
        alignedBlocks = (usesWeek ? 3 : 2) + (hour > 0 ? 1 : 0)
        count = lags + alignedBlocks * alignedSteps.count + Self.trailing.count + 8 + (usesWeek ? 6 : 0) + 2
    }

    /// Rows that must lie before an origin.
    var rowsNeeded: Int { max(lags, Self.trailing.max() ?? 0, season + 3) }

    /// The level the features and targets of an origin are measured from.
    func level(_ z: some RidgeRows, at origin: Int) -> Double {
        var sum = 0.0
        for row in origin - Self.levelRows..<origin { sum += z[row] }
        return sum / Double(Self.levelRows)
    }

    /// The first origin to learn from in a history of `rows` rows: a week in where there are four to learn from, so that no
    /// day stands for another in the rows of the week before; else as early as can be.
    func firstOrigin(rows: Int) -> Int {
        usesWeek && rows >= 28 * season ? max(rowsNeeded, 7 * season + 3) : rowsNeeded
    }

    /// Rows before an origin that features look at where there are as many.
    var rowsSeen: Int { max(rowsNeeded, (8 + (alignedSteps.last ?? 0) / season) * season + 3) }

    /// Writes the features of `origin` to `row`, from `z` before it alone, and returns the level. `phase` is the rows since
    /// the epoch at `z[0]`, which fixes the time of day.
    ///
    /// - Precondition: `rowsNeeded` ≤ `origin`.
    func write(_ z: some RidgeRows, phase: Int, origin: Int, to row: inout ArraySlice<Double>) -> Double {
        let level = level(z, at: origin)
        var slot = row.startIndex
        func put(_ value: Double) {
            row[slot] = value
            slot += 1
        }
        for lag in 1...lags { put(z[origin - lag] - level) }
        for step in alignedSteps { put(z[aligned(origin, step, season)] - level) }
        for step in alignedSteps { put(mean(z, from: aligned(origin, step, season), every: season, most: 7) - level) }
        if usesWeek {
            for step in alignedSteps { put(z[aligned(origin, step, 7 * season)] - level) }
        }
        if hour > 0 {
            for step in alignedSteps {
                // The same minute of the hour, over a day.
                let latest = origin + step - hour * max(1, step / hour + 1)
                put(mean(z, from: latest, every: hour, most: 24) - level)
            }
        }
        var (sum, summed) = (0.0, 0)
        for rows in Self.trailing {
            // Summed afresh, not as a difference of running sums, which one huge row would spoil for all after it.
            for row in summed..<rows { sum += z[origin - 1 - row] }
            summed = rows
            put(sum / Double(rows) - level)
        }
        putCycle(turns: Double((phase + origin) % season) / Double(season), pairs: 4, put)
        if usesWeek { putCycle(turns: Double((phase + origin) % (7 * season)) / Double(7 * season), pairs: 3, put) }
        put(level)
        put(1)
        return level
    }

    /// The highest of the rows that the features of an origin were written from.
    func highest(in row: ArraySlice<Double>, level: Double) -> Double {
        (row.prefix(lags + alignedBlocks * alignedSteps.count).max() ?? 0) + level
    }

    private func putCycle(turns: Double, pairs: Int, _ put: (Double) -> Void) {
        for k in 1...pairs {
            let (cosine, sine) = cosineAndSine(turns: turns * Double(k))
            put(cosine)
            put(sine)
        }
    }

    /// The latest known row that lies whole cycles before step `step` of the horizon; where the history does not reach so far
    /// the oldest of the same time of day, so that a history of days can be learnt from and not one of weeks alone.
    private func aligned(_ origin: Int, _ step: Int, _ cycle: Int) -> Int {
        let row = origin + step - cycle * max(1, step / cycle + 1)
        return row < 0 ? (row % season + season) % season : row
    }

    /// The mean of row `row` and of those whole cycles before it, `most` at most.
    private func mean(_ z: some RidgeRows, from row: Int, every cycle: Int, most: Int) -> Double {
        var (row, sum, count) = (row, 0.0, 0)
        while row >= 0, count < most {
            sum += z[row]
            count += 1
            row -= cycle
        }
        return count == 0 ? 0 : sum / Double(count)
    }
}
