import Kernels

/// Inputs of a set of origins, one after the other.
package struct QuantileNetInputs: Sendable {
    /// Origins × origin features, and origins · horizon × step features, whose last is left for the ridge's point.
    package var origins: [Float] = [], steps: [Float] = []
    /// Origins × ridge features.
    package var ridge: [Double] = []
    /// What targets are measured from, and the highest demand of the newest rows.
    package var levels: [Double] = [], highest: [Double] = []

    package init() {}

    /// Room for `count` more.
    mutating func reserve(_ count: Int, _ features: QuantileNetFeatures) {
        origins.reserveCapacity(origins.count + count * features.originCount)
        steps.reserveCapacity(steps.count + count * features.task.horizon * features.stepCount)
        ridge.reserveCapacity(ridge.count + count * features.ridge.count)
    }

    mutating func append(_ other: QuantileNetInputs) {
        origins += other.origins
        steps += other.steps
        ridge += other.ridge
        levels += other.levels
        highest += other.highest
    }
}

/// What a quantile net looks at before an origin, and at each step ahead of it. All but the calendar are differences from the
/// level, the mean of the newest rows. Values of days that lie before the history are those of its oldest day.
package struct QuantileNetFeatures: Sendable {
    private static let levelRows = 12, lags = 24, recent = 36
    private static let trailing = [3, 6, 24, 36, 72, 144]
    private static let dailyPairs = 4, weeklyPairs = 6

    let task: ForecastTask
    let usesWeek: Bool
    let ridge: RidgeFeatures
    /// Rows in a 24th of a season, where the season divides so and that many make a cycle; 0 otherwise.
    private let hour: Int
    /// Rows to either side over which a value at a phase is smoothed.
    private let widths: [Int]
    /// Horizon × 3: the place of every step, and how near it is, on two scales.
    private let positions: [Float]
    private let cycles: [FeatureCycle]

    package init(task: ForecastTask, usesWeek: Bool) {
        (self.task, self.usesWeek) = (task, usesWeek)
        ridge = RidgeFeatures(task: task, usesWeek: usesWeek)
        let season = task.season
        hour = season % 24 == 0 && season / 24 >= 4 ? season / 24 : 0
        let narrow = max(1, season / 96), wide = max(1, season / 32)
        widths = narrow == wide ? [narrow] : [narrow, wide]
        let daily = FeatureCycle(period: season, pairs: Self.dailyPairs)
        let weekly = FeatureCycle(period: 7 * season, pairs: Self.weeklyPairs)
        let hourly = hour > 0 ? [FeatureCycle(period: hour, pairs: min(hour / 2, 8))] : []
        cycles = [daily] + (usesWeek ? [weekly] : []) + hourly
        let horizon = Double(task.horizon)
        positions = (0..<task.horizon).flatMap { step in
            let h = Double(step)
            let near = exponential(-min(h / 3, 700)), far = exponential(-h / (horizon / 4))
            return [Float(h / horizon - 0.5), Float(near), Float(far)]
        }
    }

    /// Rows that must lie before an origin to be learnt from: a season and what is smoothed over.
    var rowsNeeded: Int { max(ridge.rowsNeeded, 150, task.season + task.season / 32 + 20, task.season + hour) }

    /// Rows before an origin that features look at: a week, or seven cycles.
    package var reach: Int { max(rowsNeeded, 7 * task.season + max(task.season / 32 + 4, Self.levelRows)) }

    package var originCount: Int { Self.lags + Self.trailing.count + 4 + 1 + (usesWeek ? 1 : 0) + 1 }

    /// With the ridge's point.
    package var stepCount: Int {
        let days = usesWeek ? 4 + 2 * widths.count : 2 + widths.count
        let calendar = cycles.reduce(0) { $0 + 2 * $1.pairs }
        return days + 3 + calendar + (hour > 0 ? 8 : 0) + 3 + 1
    }

    /// Appends what is known at `origin`, from the rows before it alone. `phase` is the rows since the epoch at the first row.
    ///
    /// - Precondition: `rowsNeeded` ≤ `origin` ≤ `rows.count`.
    package func append(_ rows: QuantileNetRows, origin: Int, phase: Int, to inputs: inout QuantileNetInputs) {
        let level = rows.mean(origin - Self.levelRows, origin)
        appendOrigin(rows, origin, level, to: &inputs.origins)
        let base = inputs.steps.count
        inputs.steps.reserveCapacity(base + task.horizon * stepCount)
        var hands = cycles.map { $0.hand(atRow: phase + origin) }
        for step in 0..<task.horizon {
            appendDays(rows, origin, step, level, to: &inputs.steps)
            for number in cycles.indices { cycles[number].append(&hands[number], to: &inputs.steps) }
            if hour > 0 { appendHours(rows, origin, step, level, to: &inputs.steps) }
            inputs.steps.append(contentsOf: positions[3 * step..<3 * step + 3])
            inputs.steps.append(0)
        }
        inputs.levels.append(level)
        inputs.highest.append(rows.demand[origin - Self.recent..<origin].max() ?? 0)
        appendRidge(rows, origin, phase, to: &inputs)
    }

    private func appendOrigin(_ rows: QuantileNetRows, _ origin: Int, _ level: Double, to out: inout [Float]) {
        for lag in 1...Self.lags { out.append(Float(rows.z[origin - lag] - level)) }
        for count in Self.trailing { out.append(Float(rows.mean(origin - count, origin) - level)) }
        var (sum, squares, highest, lowest) = (0.0, 0.0, -Double.infinity, Double.infinity)
        for lag in 1...Self.recent {
            let value = rows.z[origin - lag] - level
            sum += value
            squares += value * value
            highest = max(highest, value)
            lowest = min(lowest, value)
        }
        let mean = sum / Double(Self.recent)
        out.append(Float(max(0, squares / Double(Self.recent) - mean * mean).squareRoot()))
        out.append(Float(highest))
        out.append(Float(lowest))
        out.append(Float(level - rows.mean(origin - task.season, origin)))
        out.append(Float(rows.mean(origin - task.season - Self.levelRows, origin - task.season) - level))
        if usesWeek {
            let whole = 7 * task.season
            let isReached = origin - whole - Self.levelRows >= 0
            let back = isReached ? whole : task.season * ((origin - Self.levelRows) / task.season)
            out.append(Float(rows.mean(origin - back - Self.levelRows, origin - back) - level))
        }
        out.append(Float(level - 1))
    }

    /// The same time of day one, two, three and seven days before, smoothed too, and over a week.
    private func appendDays(
        _ rows: QuantileNetRows, _ origin: Int, _ step: Int, _ level: Double, to out: inout [Float]
    ) {
        let season = task.season
        let latest = origin + step - season * (step / season + 1)
        let weekBefore = origin + step - 7 * season * (step / (7 * season) + 1)
        func put(_ row: Int, isSmoothed: Bool) {
            let row = rows.available(row)
            out.append(Float(rows.z[row] - level))
            guard isSmoothed else { return }
            for width in widths {
                let mean = rows.mean(max(row - width, 0), min(row + width + 1, origin))
                out.append(Float(mean - level))
            }
        }
        put(latest, isSmoothed: true)
        put(latest - season, isSmoothed: false)
        if usesWeek {
            put(latest - 2 * season, isSmoothed: false)
            put(weekBefore, isSmoothed: true)
        }
        appendWeek(rows, latest, level, to: &out)
    }

    /// Mean, deviation and highest of up to seven days at the phase of row `latest`.
    private func appendWeek(_ rows: QuantileNetRows, _ latest: Int, _ level: Double, to out: inout [Float]) {
        var (sum, squares, highest, days) = (0.0, 0.0, -Double.infinity, 0.0)
        var row = rows.available(latest)
        while row >= 0, days < 7 {
            let value = rows.z[row] - level
            sum += value
            squares += value * value
            highest = max(highest, value)
            days += 1
            row -= task.season
        }
        let mean = sum / days
        out.append(Float(mean))
        out.append(Float(max(0, squares / days - mean * mean).squareRoot()))
        out.append(Float(highest))
    }

    /// The same minute of the hour, over the last 24 hours: what runs every hour, or every other.
    private func appendHours(
        _ rows: QuantileNetRows, _ origin: Int, _ step: Int, _ level: Double, to out: inout [Float]
    ) {
        let latest = origin + step - hour * (step / hour + 1)
        var (sum, odd, highest, highestOfSix) = (0.0, 0.0, -Double.infinity, -Double.infinity)
        for hours in 0..<24 {
            let value = rows.z[max(latest - hours * hour, 0)] - level
            if hours < 4 { out.append(Float(value)) }
            sum += value
            if hours % 2 == 1 { odd += value }
            highest = max(highest, value)
            if hours == 5 { highestOfSix = highest }
        }
        out.append(Float(sum / 24))
        out.append(Float(highest))
        out.append(Float(highestOfSix))
        out.append(Float(odd / 12))
    }

    private func appendRidge(_ rows: QuantileNetRows, _ origin: Int, _ phase: Int, to inputs: inout QuantileNetInputs) {
        let base = inputs.ridge.count
        inputs.ridge.append(contentsOf: repeatElement(0, count: ridge.count))
        _ = ridge.write(rows, phase: phase, origin: origin, to: &inputs.ridge[base..<base + ridge.count])
    }
}

/// Where in a cycle a row lies, as cosines and sines.
private struct FeatureCycle: Sendable {
    /// Cosine and sine of an angle.
    typealias Hand = (cosine: Double, sine: Double)

    let period: Int
    /// Multiples of the angle.
    let pairs: Int
    /// What a row turns by.
    private let turn: Hand

    init(period: Int, pairs: Int) {
        (self.period, self.pairs) = (period, pairs)
        turn = cosineAndSine(turns: 1 / Double(period))
    }

    func hand(atRow row: Int) -> Hand { cosineAndSine(turns: Double(row % period) / Double(period)) }

    /// Appends the multiples, each from the one before by a rotation, and turns the hand to the next row.
    func append(_ hand: inout Hand, to out: inout [Float]) {
        let (cosine, sine) = hand
        var (c, s) = hand
        for _ in 0..<pairs {
            out.append(Float(c))
            out.append(Float(s))
            (c, s) = (c * cosine - s * sine, c * sine + s * cosine)
        }
        hand = (cosine * turn.cosine - sine * turn.sine, cosine * turn.sine + sine * turn.cosine)
    }
}
