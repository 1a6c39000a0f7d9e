/// The quantile that a single row is planned at, so that a share `1 - dial` of the demand is late.
///
/// A row that is missed is known to be missed when it has ended, a start decided then serves `lead` seconds later, and what waited
/// takes about a minute more. So a miss makes that many rows late, and each may be missed with that much less chance. The same
/// follows from prices: when the newsvendor's ratio is c/(c + o) for a row, a miss that costs c in n rows has
/// n·c/(n·c + o) ≈ 1 - (1 - dial)/n. It is also the bound of a union over the rows of the lead time, so that the highest of them is
/// covered with at least the dial's chance.
package func lateLevel(dial: Double, leadSeconds: Int, step: Int) -> Double {
    let rows = 1 + (leadSeconds + drainSeconds + step - 1) / step
    return 1 - (1 - dial) / Double(rows)
}

/// What waits when a start serves at last is served in this time, as a rule.
private let drainSeconds = 60

/// What is kept about rows that were forecast, until they have ended.
///
/// Bounded by the rows between an origin and the end of its lead time.
struct ForecastLedger: Sendable {
    struct Entry: Sendable {
        let start: Int64
        /// Planned for when a start could still have been decided; nil where nothing was.
        var planned: Double?
        /// The least that was thought likely when the row began.
        var low: Double?
    }

    /// By start, ascending.
    private var entries: [Entry] = []
    private static let most = 4_096

    mutating func note(start: Int64, planned: Double? = nil, low: Double? = nil) {
        let place = entries.firstIndex { $0.start >= start } ?? entries.endIndex
        if place == entries.endIndex || entries[place].start != start {
            guard entries.count < Self.most else { return }
            entries.insert(Entry(start: start, planned: planned, low: low), at: place)
        } else {
            entries[place].planned = planned ?? entries[place].planned
            entries[place].low = low ?? entries[place].low
        }
    }

    /// The oldest entry whose row has ended by `end`, taken out.
    mutating func next(endedBy end: Int64, step: Int) -> Entry? {
        guard let first = entries.first, first.start + Int64(step) <= end else { return nil }
        return entries.removeFirst()
    }
}
