/// How far idle times that were seen are trusted to come again, learnt from all functions.
///
/// A step of the prediction is trusted by how often idle times came from it rather than from the steps after it, in cases
/// alike in how many it had seen and how many of those differed (secondary escape estimation, C. Bloom, "Solving the problems
/// of context modeling", 1998). An idle time that several steps could have told is shared among them by their chances. Where
/// functions are timers, one period is enough to go by; where people call them, it says little.
struct IdleTrust: Sendable {
    /// What the trust that is begun with counts for, idle times.
    private static let prior = 4.0
    private static let countKinds = 6, noveltyKinds = 4

    private var cases = Array(
        repeating: (told: 0.0, total: 0.0), count: IdleSource.steps * countKinds * noveltyKinds)

    /// The share of each of `sources`, and what is left for what is usual.
    func shares(_ sources: [IdleSource]) -> (shares: [Double], left: Double) {
        var left = 1.0
        let shares = sources.map { source in
            let known = cases[Self.place(source)], total = source.weights.total
            let usual = total / (total + Double(source.weights.values.count))
            let trust = (known.told + Self.prior * usual) / (known.total + Self.prior)
            defer { left *= 1 - trust }
            return left * trust
        }
        return (shares, left)
    }

    /// An idle time ended, of which the sources gave these chances, and what is usual `usual`.
    mutating func learn(_ sources: [IdleSource], chances: [Double], usual: Double) {
        let (shares, left) = shares(sources)
        let joint = zip(shares, chances).map { $0 * $1 }
        var rest = joint.reduce(left * usual, +)
        guard rest > 0 else { return }
        let whole = rest
        for (source, part) in zip(sources, joint) {
            let place = Self.place(source)
            cases[place].told += part / whole
            cases[place].total += rest / whole
            rest -= part
        }
    }

    private static func place(_ source: IdleSource) -> Int {
        let count = source.weights.count, different = source.weights.values.count
        let countKind = count <= 2 ? count - 1 : count <= 4 ? 2 : count <= 8 ? 3 : count <= 16 ? 4 : 5
        let novelty = 4 * different <= count ? 0 : 2 * different <= count ? 1 : different < count ? 2 : 3
        return (source.step * countKinds + countKind) * noveltyKinds + novelty
    }
}
