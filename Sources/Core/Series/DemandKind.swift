/// How a stored value speaks of demand.
package enum DemandKind: String, CaseIterable, Sendable {
    /// A total that only rises, or restarts from zero.
    case counter
    /// What arrived within the row.
    case count
    /// The mean per second over the row.
    case rate
    /// A level held: concurrency, queue length, load.
    case gauge
}

extension DemandKind {
    /// What a metric's name says by custom: a counter where it ends in `_total`, and a count otherwise.
    package init(impliedBy metric: String) { self = metric.hasSuffix("_total") ? .counter : .count }
}
