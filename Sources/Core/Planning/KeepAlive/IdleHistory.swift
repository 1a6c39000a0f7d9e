import Kernels

/// The idle times of one function, the newest `limit` of them.
///
/// The next idle time is told by prediction by partial matching (J. Cleary and I. Witten, 1984) over whole minutes: what
/// followed the last two idle times before, else what followed the last one, else any that was seen, else one of those but for
/// a minute, else one about as long, else what is usual for functions like this one. How far each step is trusted is told by
/// `IdleTrust`, and older idle times count less. So a timer is known for one after a single period, and 29, 1, 29, 1 after a
/// few.
struct IdleHistory: Sendable {
    static let limit = 64
    /// What an idle time counts for beside the one after it.
    static let decay = 0.97

    /// Whole minutes, oldest first.
    private(set) var idleTimes: [Int] = []
    private(set) var lastMinute: Int?
    /// Calls after those of the first minute, which nothing could have been done about.
    private(set) var callsAfterFirst = 0.0

    mutating func add(minute: Int, calls: Double) {
        if let lastMinute {
            if idleTimes.count == Self.limit { idleTimes.removeFirst() }
            idleTimes.append(minute - lastMinute)
            callsAfterFirst += calls
        }
        lastMinute = minute
    }

    /// The mean of the logarithms of the newest, as a length; nil where there is none yet.
    var usualLength: Double? {
        guard !idleTimes.isEmpty else { return nil }
        let recent = idleTimes.suffix(8)
        return exponential(recent.reduce(0) { $0 + logarithm(Double($1)) } / Double(recent.count))
    }

    /// The weights of the idle times that followed the newest `order` of them.
    private func followers(order: Int) -> IdleWeights {
        var weights = IdleWeights()
        let count = idleTimes.count
        guard count > order || order == 0 else { return weights }
        var weight = 1.0
        for place in stride(from: count - 1, through: order, by: -1) {
            defer { weight *= Self.decay }
            if order > 0, idleTimes[place - 1] != idleTimes[count - 1] { continue }
            if order > 1, idleTimes[place - 2] != idleTimes[count - 2] { continue }
            weights.add(idleTimes[place], weight)
        }
        return weights
    }

    /// What there is to say of the next idle time, from what was most like now to the lengths alone.
    func sources() -> [IdleSource] {
        let seen = followers(order: 0)
        guard seen.total > 0 else { return [] }
        return [
            IdleSource(step: 0, reading: .exact, weights: followers(order: 2)),
            IdleSource(step: 1, reading: .exact, weights: followers(order: 1)),
            IdleSource(step: 2, reading: .exact, weights: seen),
            IdleSource(step: 3, reading: .nextMinute, weights: seen),
            IdleSource(step: 4, reading: .length, weights: seen),
        ].filter { $0.weights.total > 0 }
    }
}

/// One step of the prediction: idle times that were seen.
struct IdleSource {
    /// What they say of the next one.
    enum Reading {
        /// That it is one of them.
        case exact
        /// That it is one of them but for a minute: whole minutes move by one where a call is a moment early or late.
        case nextMinute
        /// That it is about as long.
        case length
    }

    static let steps = 5
    let step: Int
    let reading: Reading
    let weights: IdleWeights

    /// The chance of `idleTime` by this source alone.
    func chance(of idleTime: Int, _ spreads: inout LengthSpreads) -> Double {
        weights.values.reduce(0) { sum, seen in
            let share = seen.weight / weights.total
            switch reading {
            case .exact: return sum + (seen.value == idleTime ? share : 0)
            case .nextMinute:
                return sum + share * Self.neighbours(seen.value).reduce(0) { $0 + ($1 == idleTime ? 0.5 : 0) }
            case .length: return sum + share * spreads.chance(of: idleTime, around: seen.value)
            }
        }
    }

    /// Adds `share` of the chances of this source.
    func add(_ share: Double, to chances: inout [Double], _ spreads: inout LengthSpreads) {
        for seen in weights.values {
            let part = share * seen.weight / weights.total
            switch reading {
            case .exact: Self.put(part, at: seen.value, in: &chances)
            case .nextMinute: for minute in Self.neighbours(seen.value) { Self.put(part / 2, at: minute, in: &chances) }
            case .length: spreads.add(part, around: seen.value, to: &chances)
            }
        }
    }

    /// There is no idle time of no minute.
    private static func neighbours(_ value: Int) -> [Int] { value > 1 ? [value - 1, value + 1] : [2, 2] }

    private static func put(_ part: Double, at minute: Int, in chances: inout [Double]) {
        if minute <= chances.count { chances[minute - 1] += part }
    }
}

/// Idle times with a weight each; few of them, so that looking through them is fast.
struct IdleWeights {
    private(set) var values: [(value: Int, weight: Double)] = []
    private(set) var total = 0.0
    private(set) var count = 0

    mutating func add(_ value: Int, _ weight: Double) {
        total += weight
        count += 1
        if let place = values.firstIndex(where: { $0.value == value }) {
            values[place].weight += weight
        } else {
            values.append((value, weight))
        }
    }
}

/// Spreads of lengths about a length, by their ratio to it; each is made once.
struct LengthSpreads: Sendable {
    /// Of the logarithm of the ratio.
    static let deviation = 0.35

    private var known: [Int: (first: Int, weights: [Double])] = [:]

    /// Of an idle time, by what is spread about `length`.
    mutating func chance(of idleTime: Int, around length: Int) -> Double {
        let spread = known[length] ?? Self.spread(length)
        known[length] = spread
        let place = idleTime - spread.first
        return spread.weights.indices.contains(place) ? spread.weights[place] : 0
    }

    /// Adds `mass`, spread about `length`, to the chances of the minutes from the first on; what lies past them is dropped.
    mutating func add(_ mass: Double, around length: Int, to chances: inout [Double]) {
        let spread = known[length] ?? Self.spread(length)
        known[length] = spread
        let end = min(spread.first + spread.weights.count, chances.count + 1)
        for minute in spread.first..<max(spread.first, end) {
            chances[minute - 1] += mass * spread.weights[minute - spread.first]
        }
    }

    private static func spread(_ length: Int) -> (first: Int, weights: [Double]) {
        let reach = exponential(3 * deviation)
        let first = max(1, Int(Double(length) / reach)), last = Int(Double(length) * reach) + 1
        var weights = (first...last).map { minute in
            let distance = (logarithm(Double(minute)) - logarithm(Double(length))) / deviation
            return exponential(-distance * distance / 2)
        }
        let sum = weights.reduce(0, +)
        for place in weights.indices { weights[place] /= sum }
        return (first, weights)
    }
}
