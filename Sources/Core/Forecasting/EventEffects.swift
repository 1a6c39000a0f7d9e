import Kernels
import Series
import Units

/// What events of each kind multiply demand by; and the same taken out of a history and put into a forecast.
struct EventEffects: Sendable {
    let events: KnownEvents
    /// One a kind: what its fourth root rises by, as a share of itself.
    let effects: [Double]

    init(events: KnownEvents, effects: [Double]) { (self.events, self.effects) = (events, effects) }

    /// Learns from the known rows. Each row within an event is compared with the median of rows of the same time of week, or
    /// else of day, around it that no event touches. The mean over the occurrences of a kind is drawn towards no effect, or
    /// to the one that is given, by as much as such means come out where nothing takes place (W. James, C. Stein, 1961). A kind
    /// that has not come twice is taken for what others that last about as long have done, if they agree: most holidays of a
    /// calendar come once a year, and are holidays all the same.
    init(_ history: KnownDemand, events: KnownEvents, task: ForecastTask) {
        let rows = history.suffix().map { $0.isFinite ? Demand.bounded($0) : .nan }
        let transform = FourthRoot(of: rows.filter { !$0.isNaN })
        let touched = events.rows(of: TimeGrid(start: history.start, step: history.step, count: history.count))
        let surprise = Surprise(z: rows.map { $0.isNaN ? .nan : transform.apply($0) }, touched: touched, task: task)
        let priors = events.kinds.map { ($0.effect ?? 1).squareRoot().squareRoot() - 1 }
        let alike = events.kinds.map(Self.alike(among: events.kinds))
        var effects = priors
        // Where kinds overlap, each is told from what the others leave.
        for _ in 0..<(touched.count > 1 ? 3 : 1) {
            for kind in effects.indices {
                effects[kind] = surprise.effect(
                    of: kind, beside: effects, prior: priors[kind], alike: alike[kind])
            }
        }
        self.init(events: events, effects: effects)
    }

    /// The numbers of the kinds that one whose effect is not given is taken for while it is not known: itself, and others that
    /// last half to twice as long.
    private static func alike(among kinds: [KnownEvents.Kind]) -> (KnownEvents.Kind) -> [Int] {
        func length(_ kind: KnownEvents.Kind) -> Double { median(kind.spans.map { $0.end.seconds(since: $0.start) }) }
        return { kind in
            guard kind.effect == nil else { return [] }
            let own = length(kind)
            return kinds.indices.filter { number in
                let other = length(kinds[number])
                return kinds[number].effect == nil && other <= 2 * own && own <= 2 * other
            }
        }
    }

    /// What each row of `grid` that an event touches is multiplied by, together at most by a thousand.
    private func factors(_ grid: TimeGrid) -> [(row: Int, factor: Double)] {
        var rises: [Int: Double] = [:]
        for (effect, rows) in zip(effects, events.rows(of: grid)) where effect != 0 {
            for (row, share) in rows { rises[row, default: 0] += effect * share }
        }
        return rises.sorted { $0.key < $1.key }.map { row, rise in
            let root = 1 + min(max(rise, -0.8), 4.6)
            return (row, root * root * root * root)
        }
    }

    /// The history as it would have been without. Row by row, so that no row depends on a later one.
    func removed(from history: KnownDemand) -> KnownDemand {
        let factors = factors(TimeGrid(start: history.start, step: history.step, count: history.count))
        guard !factors.isEmpty else { return history }
        var values = Array(history.suffix())
        for (row, factor) in factors where values[row].isFinite { values[row] = Demand.bounded(values[row]) / factor }
        return KnownDemand(RegularSeries(start: history.start, step: history.step, values: values))
    }

    func added(to forecast: QuantileForecast) -> QuantileForecast {
        let factors = factors(forecast.grid), levels = forecast.levels.count
        guard !factors.isEmpty else { return forecast }
        var values = forecast.values
        for (row, factor) in factors {
            for slot in row * levels..<(row + 1) * levels { values[slot] *= factor }
        }
        return QuantileForecast(origin: forecast.origin, step: forecast.step, levels: forecast.levels, values: values)
    }
}

/// How far rows lie from rows like them.
private struct Surprise {
    private let z: [Double]
    private let touched: [[(row: Int, share: Double)]]
    private let isTouched: [Bool]
    private let cycles: [Int]
    /// Shares of the other kinds, by row: kind and share.
    private let shares: [Int: [(kind: Int, share: Double)]]

    /// Rows of an occurrence that are looked at, and stretches without events to compare with.
    private static let rowsLookedAt = 48, stretches = 160

    init(z: [Double], touched: [[(row: Int, share: Double)]], task: ForecastTask) {
        var isTouched = [Bool](repeating: false, count: z.count)
        var shares: [Int: [(kind: Int, share: Double)]] = [:]
        for (kind, rows) in touched.enumerated() {
            for (row, share) in rows {
                isTouched[row] = true
                shares[row, default: []].append((kind, share))
            }
        }
        (self.z, self.touched, self.isTouched, self.shares) = (z, touched, isTouched, shares)
        cycles = (task.isWeekly ? [7 * task.season] : []) + [task.season]
    }

    /// What is usual for the row and how far it is from that; nil where too little is known around.
    private func at(_ row: Int) -> (usual: Double, distance: Double)? {
        guard !z[row].isNaN else { return nil }
        for cycle in cycles {
            var like: [Double] = []
            for distance in 1...4 {
                for other in [row - distance * cycle, row + distance * cycle]
                where z.indices.contains(other) && !isTouched[other] && !z[other].isNaN { like.append(z[other]) }
            }
            guard like.count >= 2 else { continue }
            let usual = median(like)
            return (usual, z[row] - usual)
        }
        return nil
    }

    func effect(of kind: Int, beside effects: [Double], prior: Double, alike: [Int]) -> Double {
        let own = means(of: kind, beside: effects)
        // What one of a kind was like may have been its own; on the taxi entry, learning from one cost a twentieth of WQL.
        guard own.means.count < 2 else {
            let noise = meanSquare(ofStretches: own.rows) / Double(own.means.count)
            return drawn(own.means.reduce(0, +) / Double(own.means.count), to: prior, noise: noise)
        }
        let others = alike.map { means(of: $0, beside: effects) }, all = others.flatMap(\.means)
        guard all.count >= 2, let rows = others.filter({ !$0.means.isEmpty }).map(\.rows).max() else { return prior }
        let count = Double(all.count), found = all.reduce(0, +) / count
        let spread = all.reduce(0) { $0 + ($1 - found) * ($1 - found) } / (count - 1)
        return drawn(found, to: prior, noise: max(spread, meanSquare(ofStretches: rows)) / count)
    }

    /// A mean, drawn towards `prior` by as much as it may be noise.
    private func drawn(_ found: Double, to prior: Double, noise: Double) -> Double {
        let distance = (found - prior) * (found - prior)
        guard distance > 0 else { return prior }
        return min(max(prior + max(0, 1 - noise / distance) * (found - prior), -0.8), 4.6)
    }

    /// What each occurrence of a kind was off by on the whole, and the rows of a usual one.
    private func means(of kind: Int, beside effects: [Double]) -> (means: [Double], rows: Int) {
        let occurrences = occurrences(of: kind)
        let means = occurrences.compactMap { mean(of: $0, kind: kind, beside: effects) }
        let rows = occurrences.reduce(0) { $0 + $1.count } / max(1, occurrences.count)
        return (means, max(rows, 1))
    }

    /// Rows that follow each other, thinned to those that are looked at.
    private func occurrences(of kind: Int) -> [[(row: Int, share: Double)]] {
        var all: [[(row: Int, share: Double)]] = []
        for entry in touched[kind] {
            if let last = all.last?.last, last.row + 1 == entry.row {
                all[all.count - 1].append(entry)
            } else {
                all.append([entry])
            }
        }
        // One that still goes on, or has only just ended, is not told by its first rows.
        if all.last?.last?.row == z.count - 1 { all.removeLast() }
        return all
    }

    private func mean(of rows: [(row: Int, share: Double)], kind: Int, beside effects: [Double]) -> Double? {
        var (sum, weight) = (0.0, 0.0)
        for index in stride(from: 0, to: rows.count, by: max(1, rows.count / Self.rowsLookedAt)) {
            let (row, share) = rows[index]
            guard let surprise = at(row) else { continue }
            let others = (shares[row] ?? []).reduce(0) { $1.kind == kind ? $0 : $0 + effects[$1.kind] * $1.share }
            // Least squares of the distances on what is usual, times the share.
            let usual = surprise.usual * share
            sum += (surprise.distance - others * surprise.usual) * usual
            weight += usual * usual
        }
        return weight > 0 ? sum / weight : nil
    }

    /// The mean square of what stretches of so many rows without events are off by on the whole; infinite where there are too
    /// few to tell, so that nothing is believed of events then.
    private func meanSquare(ofStretches length: Int) -> Double {
        var (sum, count) = (0.0, 0.0)
        for first in stride(from: 0, through: z.count - length, by: max(1, (z.count - length) / Self.stretches)) {
            let rows = stride(from: first, to: first + length, by: max(1, length / Self.rowsLookedAt))
            let found = rows.compactMap { isTouched[$0] ? nil : at($0) }
            let weight = found.reduce(0) { $0 + $1.usual * $1.usual }
            guard weight > 0 else { continue }
            let rise = found.reduce(0) { $0 + $1.usual * $1.distance } / weight
            sum += rise * rise
            count += 1
        }
        return count < 8 ? .infinity : sum / count
    }
}
