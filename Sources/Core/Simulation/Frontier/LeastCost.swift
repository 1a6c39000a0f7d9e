import Kernels

/// The least cost at which at most `late` of the requests are late: log-linear in lateness between neighbours by cost; nil
/// where it is never reached.
package func leastCost(_ points: some Sequence<(cost: Double, late: Double)>, atLate late: Double) -> Double? {
    let sorted = points.map { ($0.cost, max($0.late, 1e-7)) }.sorted { $0 < $1 }
    var best = sorted.first { $0.1 <= late }?.0
    for (left, right) in zip(sorted, sorted.dropFirst()) where left.1 > late && late >= right.1 {
        let share = (logarithm(left.1) - logarithm(late)) / (logarithm(left.1) - logarithm(right.1))
        let between = left.0 + share * (right.0 - left.0)
        best = min(best ?? between, between)
    }
    return best
}

/// 1 − (predictive's excess over the clairvoyant) / (the peer's); nil where neither reaches the level, 1 where only predictive
/// does, 0 where only the peer does.
package func gapClosed(predictive: Double?, peer: Double?) -> Double? {
    switch (predictive, peer) {
    case (nil, nil): nil
    case (_, nil): 1
    case (nil, _): 0
    case (let own?, let other?): other == 1 ? (own <= 1 ? 1 : 0) : 1 - (own - 1) / (other - 1)
    }
}

extension FrontierFamily {
    package func cost(atLate late: Double) -> Double? {
        leastCost(points.map { ($0.cost, $0.figures.late) }, atLate: late)
    }
}

extension FrontierLevel {
    package init(late: Double, _ families: [FrontierFamily]) {
        self.late = late
        let own = families.first { $0.role == .predictive }?.cost(atLate: late)
        predictive = own
        peers = families.filter { $0.role == .peer }.map { family in
            let cost = family.cost(atLate: late)
            return Peer(family: family.name, cost: cost, gapClosed: gapClosed(predictive: own, peer: cost))
        }
        let reaching = peers.filter { $0.cost != nil }
        best = reaching.min { $0.cost ?? .infinity < $1.cost ?? .infinity }
        bound = families.first { $0.role == .bound }?.cost(atLate: late)
    }
}
