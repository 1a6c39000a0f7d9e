package import Series
package import Units

/// Which rows the members of a net had not learnt from when it was fitted, so that those of a later one may go on from them.
///
/// The rule: a member goes on from an older one only where that had learnt from no row of the block the new one holds out.
/// It then holds for what the older one went on from, too, and so on back: rows from `end` on did not exist yet, and a block
/// that a member held out no ancestor of it had learnt from, by the same rule.
package struct QuantileNetPast: Hashable, Sendable {
    /// Where the history ended, and the seconds of its rows.
    package let end: Timestamp
    package let step: Int
    /// Of each member, the rows it held out, as targets: up to `end` for the first, the newest rows.
    package let heldOut: [Range<Timestamp>]

    /// Whether member `member`, or any it went on from, can have learnt from none of `rows`.
    package func isUnseen(_ rows: Range<Timestamp>, by member: Int) -> Bool {
        let held = heldOut[member]
        guard rows.lowerBound < end else { return true }
        return rows.lowerBound >= held.lowerBound && (rows.upperBound <= held.upperBound || held.upperBound >= end)
    }
}

/// Which samples each member of a net holds out, and which older member it goes on from.
package struct QuantileNetPlan {
    /// Sample numbers, the newest block first.
    package let blocks: [Range<Int>]
    /// Nil where members start from nothing.
    package let parents: [Int]?

    /// The newest samples in `members` blocks of the share `share` each, every member from nothing.
    package init(samples count: Int, members: Int, share: Double) {
        let size = max(1, Int(Double(count) * share))
        blocks = (0..<members).map { count - ($0 + 1) * size..<count - $0 * size }
        parents = nil
    }

    /// Blocks that the members of `past` have not seen; nil where it is so old or so new that they would be far longer or
    /// shorter than `afresh`'s.
    ///
    /// Where the history has grown by about a block, the rows that are new are the first block and the others move up, each
    /// to a member that goes on from the one which held it out before; where it has grown by less, the first block grows.
    package init?(
        after past: QuantileNetPast, origins: [Int], of history: KnownDemand, horizon: Int, afresh: QuantileNetPlan
    ) {
        let size = afresh.blocks[0].count, count = afresh.blocks.count
        guard past.step == history.step, past.heldOut.count == count else { return nil }
        let new = past.end..<max(past.end, history.end)
        let longer = past.heldOut[0].lowerBound..<max(past.heldOut[0].lowerBound, history.end)
        let moved = (parents: [count - 1] + Array(0..<count - 1), rows: [new] + past.heldOut.dropLast())
        let kept = (parents: Array(0..<count), rows: [longer] + past.heldOut.dropFirst())
        for (parents, rows) in [moved, kept] {
            let blocks = rows.map { Self.samples(within: $0, origins, of: history, horizon: horizon) }
            let isClean = zip(rows, parents).allSatisfy { past.isUnseen($0, by: $1) }
            guard isClean, blocks.allSatisfy({ 2 * $0.count >= size && $0.count <= 2 * size }) else { continue }
            (self.blocks, self.parents) = (blocks, parents)
            return
        }
        return nil
    }

    /// The samples all of whose targets lie within `rows`; none where those are not on the history's grid.
    private static func samples(
        within rows: Range<Timestamp>, _ origins: [Int], of history: KnownDemand, horizon: Int
    ) -> Range<Int> {
        let bounds = [rows.lowerBound, rows.upperBound].map { $0.seconds(since: history.start) / Double(history.step) }
        guard bounds.allSatisfy({ $0 == $0.rounded() && abs($0) < 1e9 }) else { return 0..<0 }
        let first = origins.firstIndex { Double($0) >= bounds[0] } ?? origins.count
        let end = origins.firstIndex { Double($0 + horizon) > bounds[1] } ?? origins.count
        return first..<max(first, end)
    }

    /// What the members have held out, for those of a later net.
    package func past(_ origins: [Int], of history: KnownDemand, horizon: Int) -> QuantileNetPast {
        func time(_ row: Int) -> Timestamp { history.start.advanced(bySeconds: row * history.step) }
        let heldOut = blocks.enumerated().map { number, block in
            let end = time(origins[block.upperBound - 1] + horizon)
            return time(origins[block.lowerBound])..<(number == 0 ? history.end : end)
        }
        return QuantileNetPast(end: history.end, step: history.step, heldOut: heldOut)
    }
}
