import Kernels

/// How long functions are idle, learnt from all of them, in kinds by how long they usually are.
///
/// A hazard for each minute of age, shrunk to that of the ages about it, which is shrunk to that of all kinds, and that to a
/// hazard that falls with age as 1/(2·age). Idle times that still last count as far as they have come, so that the rarely called are not mistaken for gone.
struct PooledIdleTimes: Sendable {
    /// Newcomers, then idle times of under 2 minutes, under 4, and so on.
    static let kinds = 9
    /// Ages with one hazard: four to a doubling.
    private static let groupsPerDoubling = 4.0
    /// What the hazard that is shrunk to counts for, idle times.
    private static let groupPrior = 4.0, agePrior = 8.0

    let horizon: Int
    private let groups: [Range<Int>]
    private var tables: [Table]
    /// Of all kinds.
    private var whole: Table

    private struct Table: Sendable {
        /// Idle times that ended at each age, and that were not over before it.
        var ended: [Double], reached: [Double]
        var isStale = true
        var chances: [Double] = []
    }

    init(horizon: Int) {
        self.horizon = horizon
        groups = Self.groups(of: horizon)
        let none = [Double](repeating: 0, count: horizon)
        whole = Table(ended: none, reached: none)
        tables = Array(repeating: whole, count: Self.kinds)
    }

    static func kind(usualLength: Double?) -> Int {
        guard let usualLength else { return 0 }
        var (kind, limit) = (1, 2.0)
        while usualLength >= limit, kind < kinds - 1 { (kind, limit) = (kind + 1, limit * 2) }
        return kind
    }

    /// An idle time of this kind has come to `age` minutes and may end there.
    mutating func reach(age: Int, kind: Int) {
        guard age <= horizon else { return }
        tables[kind].reached[age - 1] += 1
        whole.reached[age - 1] += 1
        tables[kind].isStale = true
    }

    /// An idle time ended; its age was reached before.
    mutating func end(age: Int, kind: Int) {
        guard age <= horizon else { return }
        tables[kind].ended[age - 1] += 1
        whole.ended[age - 1] += 1
        tables[kind].isStale = true
    }

    /// The chances that an idle time of this kind is of each length, from a minute to the horizon.
    ///
    /// Complexity: linear in the horizon where something was learnt since, else constant.
    mutating func chances(kind: Int) -> [Double] {
        if tables[kind].isStale {
            tables[kind].chances = lengths(tables[kind])
            tables[kind].isStale = false
        }
        return tables[kind].chances
    }

    private func lengths(_ table: Table) -> [Double] {
        var chances = [Double](repeating: 0, count: horizon)
        var rest = 1.0
        for group in groups {
            let usual = group.reduce(0) { $0 + Self.usualHazard($1 + 1) } / Double(group.count)
            let common = hazard(table, group, orElse: hazard(whole, group, orElse: usual))
            for place in group {
                let hazard = (table.ended[place] + Self.agePrior * common) / (table.reached[place] + Self.agePrior)
                chances[place] = rest * hazard
                rest -= chances[place]
            }
        }
        return chances
    }

    private func hazard(_ table: Table, _ group: Range<Int>, orElse usual: Double) -> Double {
        let prior = Self.groupPrior * Double(group.count)
        let ended = table.ended[group].reduce(0, +), reached = table.reached[group].reduce(0, +)
        return (ended + prior * usual) / (reached + prior)
    }

    private static func usualHazard(_ age: Int) -> Double { 0.5 / (Double(age) + 0.5) }

    private static func groups(of horizon: Int) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        while start < horizon {
            let ratio = exponential(logarithm(2) / groupsPerDoubling)
            let end = min(horizon, max(start + 1, Int(Double(start + 1) * ratio) - 1))
            groups.append(start..<max(end, start + 1))
            start = groups[groups.count - 1].upperBound
        }
        return groups
    }
}
