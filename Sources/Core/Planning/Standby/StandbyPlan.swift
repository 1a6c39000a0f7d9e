/// A state between serving and not being there, in which an instance costs less than one that serves and needs less time than one that is
/// started from nothing.
package struct StandbyRung: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// Started and stopped in its tracks: its memory is there.
        case paused
        /// Made from its image, not started.
        case created
    }
    package let kind: Kind
    /// What holding one costs, as a share of an instance that serves, within [0, 1).
    package let holding: Double
    /// Seconds until it serves.
    package let promotionSeconds: Int

    /// - Precondition: `holding` within [0, 1), `promotionSeconds` ≥ 0.
    package init(_ kind: Kind, holding: Double, promotionSeconds: Int) {
        precondition(holding >= 0 && holding < 1 && promotionSeconds >= 0, "a rung is cheaper than serving")
        (self.kind, self.holding, self.promotionSeconds) = (kind, holding, promotionSeconds)
    }
}

/// How many instances are to wait on a rung.
package struct StandbyCount: Hashable, Sendable {
    package let kind: StandbyRung.Kind, instances: Int
    package init(_ kind: StandbyRung.Kind, _ instances: Int) { (self.kind, self.instances) = (kind, instances) }
}

/// How many instances serve and how many wait on each of `rungs`, at the least cost: a newsvendor on every rung, nested in those that are
/// faster.
///
/// The j-th instance is late where demand asks for j of them before it could be promoted. On a rung it costs what holding it does, plus
/// 1/(1 - `level`) times that chance; one that serves costs 1, one that is not there nothing but lateness. Without rungs this is the
/// `level` quantile of demand over the time of a cold start. Instances are given to faster rungs first, so the counts are nested, and
/// among nested counts the sum is the least there is (a shortest path over instances and rungs).
///
/// `rungs` ascend by promotion time and `coldSeconds` is that of a start from nothing; at most `most` instances are given out.
/// `exceeding` is the chance that within so many seconds demand asks for so many instances or more: falling in the latter, rising in
/// the former.
///
/// Gives the instances that serve, then those on each rung.
///
/// Complexity: O(instances × rungs²) and as many calls of `exceeding` as instances × rungs; `most` instances at the most.
package func standbyPlan(
    rungs: [StandbyRung], coldSeconds: Int, level: Double, most: Int,
    exceeding: (_ seconds: Int, _ instances: Int) -> Double
) -> [Int] {
    let late = 1 / max(1 - level, 1e-9)
    let holding = [1] + rungs.map(\.holding) + [0], seconds = [0] + rungs.map(\.promotionSeconds) + [coldSeconds]
    let cheapest = rungs.map(\.holding).min() ?? 1
    var sums = [Double](repeating: 0, count: holding.count)
    var from: [[Int]] = []
    for instance in 1..<max(most, 0) + 1 {
        let cold = late * exceeding(coldSeconds, instance)
        // From here on none is worth holding.
        if cold <= cheapest && cold <= 1 { break }
        var next = sums, sources = [Int](repeating: 0, count: holding.count)
        var best = 0
        for rung in holding.indices {
            if sums[rung] < sums[best] { best = rung }
            let isCold = rung == holding.count - 1
            let chance = rung == 0 ? 0 : isCold ? cold : late * exceeding(seconds[rung], instance)
            next[rung] = sums[best] + holding[rung] + chance
            sources[rung] = best
        }
        sums = next
        from.append(sources)
    }
    var counts = [Int](repeating: 0, count: holding.count)
    var rung = sums.indices.min { sums[$0] < sums[$1] } ?? 0
    for sources in from.reversed() {
        counts[rung] += 1
        rung = sources[rung]
    }
    return Array(counts.dropLast())
}
