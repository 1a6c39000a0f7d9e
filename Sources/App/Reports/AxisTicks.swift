import Units

/// A place on an axis that carries a label, and perhaps a second, rarer one below it (the date under a time of day).
struct AxisTick: Hashable {
    let position: Double
    let label: String
    var context = ""
}

/// Round values that enclose what is shown.
struct ValueTicks {
    let lower: Double, upper: Double
    let ticks: [AxisTick]

    /// About `target` steps of 1, 2 or 5 times a power of ten from at or below `low` to at or above `high`.
    ///
    /// A range of nothing is widened, so that a flat line has an axis too.
    init(from low: Double, to high: Double, target: Int) {
        let widened = high > low ? high : low + max(abs(low), 1)
        let step = roundStep(atLeast: (widened - low) / Double(max(target, 1)))
        let first = (low / step + 1e-9).rounded(.down), last = (widened / step - 1e-9).rounded(.up)
        let positions = (0...max(1, Int(min(last - first, 100)))).map { (first + Double($0)) * step }
        (lower, upper) = (positions[0], positions[positions.count - 1])
        let (scale, suffix) = thousands(max(abs(lower), abs(upper)))
        let digits = decimals(of: step / scale)
        ticks = positions.map { position in
            let text = fixedText(position / scale, digits: digits)
            return AxisTick(position: position, label: text == fixedText(0, digits: digits) ? "0" : text + suffix)
        }
    }
}

/// The least of 1, 2, 5 times a power of ten that is at least `least`.
private func roundStep(atLeast least: Double) -> Double {
    guard least > 0, least.isFinite else { return 1 }
    var power = 1.0
    if least > 1 {
        while power * 10 <= least { power *= 10 }
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= least * (1 - 1e-9) } ?? power * 10
    }
    while 1 / power > least, power < 1e300 { power *= 10 }
    return [1, 2, 5, 10].map { $0 / power }.first { $0 >= least * (1 - 1e-9) } ?? 10 / power
}

/// Decimals that tell multiples of `step` apart.
private func decimals(of step: Double) -> Int {
    var (digits, scaled) = (0, step)
    while digits < 6, abs(scaled - scaled.rounded()) > 1e-6 * scaled {
        digits += 1
        scaled *= 10
    }
    return digits
}

/// Ticks on an axis of Unix seconds, in UTC: times of day with the date where it changes, days, months, years.
func timeTicks(from low: Double, to high: Double, target: Int) -> [AxisTick] {
    let steps = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
        604_800, 1_209_600,
    ]
    guard high > low, low > -6e10, high < 2.5e11 else { return [] }
    let least = (high - low) / Double(max(target, 1))
    guard let step = steps.first(where: { Double($0) >= least }) else {
        return monthTicks(from: low, to: high, least: least)
    }
    // Weeks start on Mondays; the epoch is a Thursday.
    let offset = step >= 604_800 ? 4 * 86_400 : 0
    let first = ((low - Double(offset)) / Double(step)).rounded(.up)
    var ticks: [AxisTick] = []
    for index in 0..<1_000 {
        let position = (first + Double(index)) * Double(step) + Double(offset)
        guard position <= high, let time = Timestamp(secondsSinceEpoch: position) else { break }
        ticks.append(clockTick(CivilTime(time), at: position, step: step))
    }
    return withContextWhereItChanges(ticks, isWithinDays: step < 86_400)
}

private func clockTick(_ time: CivilTime, at position: Double, step: Int) -> AxisTick {
    let date = "\(time.day) \(monthNames[time.month - 1])"
    guard step < 86_400 else { return AxisTick(position: position, label: date, context: "\(time.year)") }
    let minutes = "\(twoDigits(time.hour)):\(twoDigits(time.minute))"
    return AxisTick(
        position: position, label: step < 60 ? "\(minutes):\(twoDigits(time.second))" : minutes,
        context: "\(date) \(time.year)")
}

/// Keeps the second label only where it differs from the one before; within days the year and zone stand once.
private func withContextWhereItChanges(_ ticks: [AxisTick], isWithinDays: Bool) -> [AxisTick] {
    ticks.indices.map { index in
        var tick = ticks[index]
        if index > 0, ticks[index - 1].context == tick.context {
            tick.context = ""
        } else if isWithinDays {
            tick.context = index == 0 ? tick.context + " UTC" : String(tick.context.dropLast(5))
        }
        return tick
    }
}

private func monthTicks(from low: Double, to high: Double, least: Double) -> [AxisTick] {
    let month = 30.4 * 86_400
    let step = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200].first { Double($0) * month >= least } ?? 12_000
    guard let start = Timestamp(secondsSinceEpoch: low) else { return [] }
    var index = CivilTime(start).year * 12 / step * step
    var ticks: [AxisTick] = []
    while ticks.count < 1_000 {
        let (year, monthOfYear) = (index / 12, index % 12)
        let position = Double(CivilTime.daysSinceEpoch(year: year, month: monthOfYear + 1, day: 1)) * 86_400
        guard position <= high else { break }
        index += step
        guard position >= low else { continue }
        let label = step < 12 ? monthNames[monthOfYear] : "\(year)"
        ticks.append(AxisTick(position: position, label: label, context: step < 12 ? "\(year)" : ""))
    }
    return withContextWhereItChanges(ticks, isWithinDays: false)
}

/// Ticks on an axis of elapsed seconds: in seconds, minutes, hours or days, whichever suits the span.
func elapsedTicks(from low: Double, to high: Double, target: Int) -> [AxisTick] {
    let span = high - low
    let units: [(Double, String, Double)] = [(86_400, "d", 3 * 86_400), (3_600, "h", 3 * 3_600), (60, "min", 300)]
    let (unit, name) = units.first { span > $0.2 }.map { ($0.0, $0.1) } ?? (1, "s")
    let sizes: [Double] = name == "h" ? [1, 2, 3, 6, 12, 24] : name == "d" ? [] : [1, 2, 5, 10, 15, 20, 30, 60, 120]
    let least = span / unit / Double(max(target, 1))
    guard least > 0.5, let step = sizes.first(where: { $0 >= least }) else {
        return numberTicks(from: low / unit, to: high / unit, target: target).map {
            AxisTick(position: $0.position * unit, label: "\($0.label) \(name)")
        }
    }
    let first = (low / unit / step).rounded(.up)
    let positions = (0..<100).map { (first + Double($0)) * step }.prefix { $0 * unit <= high }
    return positions.map { AxisTick(position: $0 * unit, label: "\(fixedText($0, digits: 0)) \(name)") }
}

/// Round numbers within the range.
func numberTicks(from low: Double, to high: Double, target: Int) -> [AxisTick] {
    ValueTicks(from: low, to: high, target: target).ticks.filter { $0.position >= low && $0.position <= high }
}

let monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

private func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
