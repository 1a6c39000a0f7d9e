import Kernels
import Series

/// The chance that a row is not zero, given how many rows ago the last such row was and the time of day.
struct ArrivalHazard: Sendable {
    /// By age: element `a` is for a row `a + 1` rows after the last that was not zero; the last element for all later.
    let byAge: [Double]
    /// What the time of day multiplies it by, a part of the season each.
    let byTime: [Double]
    private let season: Int

    /// Ages told apart: a timer of two hours in rows of a minute.
    private static let ages = 128
    /// Rows that what is common counts for, beside those seen at one age or time.
    private static let prior = 6.0
    /// No chance is nearer to 0 or 1 than this.
    private static let least = 1e-6

    /// Nil unless there is a chance within [0, 1] for an age and a finite factor for a time of day.
    init?(byAge: [Double], byTime: [Double], season: Int) {
        guard (1...Self.ages).contains(byAge.count), (1...24).contains(byTime.count),
            byAge.allSatisfy({ $0 >= 0 && $0 <= 1 }), byTime.allSatisfy({ $0 >= 0 && $0 <= 1e6 })
        else { return nil }
        (self.byAge, self.byTime, self.season) = (byAge, byTime, season)
    }

    /// Counts `rows`, the first of which is `phase` rows after the epoch. Complexity: linear.
    init(_ rows: ArraySlice<Double>, phase: Int, season: Int) {
        let times = min(24, season)
        var counts = Counts(ages: Self.ages, times: times)
        var age = Self.ages - 1
        for (number, value) in rows.enumerated() where value.isFinite {
            let time = (phase + number) % season * times / season
            counts.add(age: age, time: time, isHit: value > 0)
            age = value > 0 ? 0 : min(age + 1, Self.ages - 1)
        }
        let common = (counts.hits + 0.5) / (counts.rows + 1)
        var byTime = [Double](repeating: 1, count: times)
        var byAge = counts.chances(byTime: byTime, common: common, prior: Self.prior)
        // Each is estimated with the other taken out; they settle at once.
        for _ in 0..<4 {
            byTime = counts.factors(byAge: byAge, prior: Self.prior)
            byAge = counts.chances(byTime: byTime, common: common, prior: Self.prior)
        }
        (self.byAge, self.byTime, self.season) = (byAge, byTime, season)
    }

    /// The chances of the rows that follow `rows`, the first `phase` rows after the epoch: the renewal process is run forward
    /// over all ages it may have by then. Complexity: O(steps × ages).
    func chances(after rows: ArraySlice<Double>, phase: Int, steps: Int) -> [Double] {
        var shares = [Double](repeating: 0, count: byAge.count)
        shares[age(after: rows)] = 1
        var result: [Double] = []
        result.reserveCapacity(steps)
        for step in 0..<steps {
            let factor = byTime[(phase + step) % season * byTime.count / season]
            var (hit, carried) = (0.0, 0.0)
            for age in shares.indices {
                let hitting = shares[age] * Self.chance(byAge[age], factor), staying = shares[age] - hitting
                hit += hitting
                shares[age] = carried + (age == shares.count - 1 ? staying : 0)
                carried = staying
            }
            shares[0] = hit
            result.append(min(max(hit, Self.least), 1))
        }
        return result
    }

    /// Rows that are missing age it as a zero does.
    private func age(after rows: ArraySlice<Double>) -> Int {
        let newest = rows.suffix(byAge.count)
        guard let hit = newest.lastIndex(where: { $0.isFinite && $0 > 0 }) else { return byAge.count - 1 }
        return min(newest.endIndex - 1 - hit, byAge.count - 1)
    }

    fileprivate static func chance(_ chance: Double, _ factor: Double) -> Double {
        min(max(chance * factor, least), 1 - least)
    }
}

/// How many rows there were, and how many of them were not zero, by age and time of day.
private struct Counts {
    private let ages: Int, times: Int
    /// Ages × times.
    private var seen: [Double], hit: [Double]

    init(ages: Int, times: Int) {
        (self.ages, self.times) = (ages, times)
        seen = Array(repeating: 0, count: ages * times)
        hit = seen
    }

    var rows: Double { seen.reduce(0, +) }
    var hits: Double { hit.reduce(0, +) }

    mutating func add(age: Int, time: Int, isHit: Bool) {
        seen[age * times + time] += 1
        if isHit { hit[age * times + time] += 1 }
    }

    /// The chance at each age, drawn towards that of ages alike, and those towards what is common.
    func chances(byTime: [Double], common: Double, prior: Double) -> [Double] {
        var result = [Double](repeating: common, count: ages)
        var start = 0
        // Ages alike: 0, 1, 2, 3, 4-5, 6-7, 8-11, 12-15, ... half an octave each.
        while start < ages {
            var width = 1
            while 4 * width <= start { width *= 2 }
            let group = start..<min(start + width, ages)
            let all = group.reduce((0.0, 0.0)) { ($0.0 + hits(at: $1), $0.1 + exposure(at: $1, byTime)) }
            let shared = (all.0 + prior * common) / (all.1 + prior)
            for age in group {
                result[age] = min((hits(at: age) + prior * shared) / (exposure(at: age, byTime) + prior), 1)
            }
            start = group.upperBound
        }
        return result
    }

    /// What each time of day multiplies the chances by, drawn towards 1.
    func factors(byAge: [Double], prior: Double) -> [Double] {
        (0..<times).map { time in
            var (seenHits, expected) = (0.0, 0.0)
            for age in 0..<ages {
                seenHits += hit[age * times + time]
                expected += seen[age * times + time] * byAge[age]
            }
            return (seenHits + prior / 2) / (expected + prior / 2)
        }
    }

    private func hits(at age: Int) -> Double { hit[age * times..<(age + 1) * times].reduce(0, +) }

    private func exposure(at age: Int, _ byTime: [Double]) -> Double {
        (0..<times).reduce(0) { $0 + seen[age * times + $1] * byTime[$1] }
    }
}
