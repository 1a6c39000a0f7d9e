package import Units

/// A query of the store, as read from a part of Prometheus's language: a selector, `rate` or `increase` of one, sums and their
/// kin over it, and arithmetic with numbers. There is at most one selector, so that a query is a chain.
package struct Query: Sendable {
    /// What a query comes down to.
    enum Form: Sendable {
        case scalar(Double)
        case vector(Chain)
    }

    let form: Form

    /// Where the samples come from and how far before an instant they matter; nil for a number.
    package var source: (filter: SeriesFilter, windowMilliseconds: Int64)? {
        guard case .vector(let chain) = form else { return nil }
        return (chain.filter, chain.leaf.windowMilliseconds)
    }

    /// Whether it is a number that depends on no series.
    package var isScalar: Bool { source == nil }
}

/// A selector, what is made of each of its series at an instant, and what is made of those.
struct Chain: Sendable {
    let filter: SeriesFilter
    let leaf: Leaf
    var stages: [Stage] = []
}

/// The value of a series at an instant.
enum Leaf: Sendable {
    /// How long a sample speaks for its series when no newer one comes, milliseconds: Prometheus's five minutes.
    static let lookback: Int64 = 300_000

    /// The newest sample.
    case latest
    /// How much a counter grew within the window before, milliseconds.
    case increase(window: Int64)
    /// The same per second.
    case rate(window: Int64)

    var windowMilliseconds: Int64 {
        switch self {
        case .latest: Self.lookback
        case .increase(let window), .rate(let window): window
        }
    }

    var keepsMetric: Bool {
        if case .latest = self { true } else { false }
    }
}

enum Stage: Sendable {
    case arithmetic(ArithmeticOperator, Double, numberIsLeft: Bool)
    case aggregate(Aggregation, Grouping)
}

enum ArithmeticOperator: Character, Sendable {
    case add = "+", subtract = "-", multiply = "*", divide = "/"

    func callAsFunction(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        }
    }
}

enum Aggregation: String, Sendable, CaseIterable {
    case sum, avg, min, max, count
}

enum Grouping: Sendable {
    case by(Set<String>)
    case without(Set<String>)
}

/// Why a query cannot be answered.
package struct QueryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `badData`: the query is not understood. `execution`: its answer makes no sense or is too large.
    package enum Kind: Hashable, Sendable { case badData, execution }
    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) { (self.kind, self.description) = (kind, description) }
}

/// The instants at which a query is answered: `count` of them from `start` on, `step` milliseconds apart.
package struct QuerySteps: Hashable, Sendable {
    /// Of a range: Prometheus's bound.
    package static let maximumCount = 11_000

    package let start: Int64, step: Int64
    package let count: Int

    /// One instant.
    package init(at instant: Timestamp) throws(QueryError) { try self.init(from: instant, to: instant, step: 1) }

    /// From `start` on while not after `end`; `step` in milliseconds.
    package init(from start: Timestamp, to end: Timestamp, step: Int64) throws(QueryError) {
        let (first, last) = (start.millisecondsSinceEpoch, end.millisecondsSinceEpoch)
        // Beyond, sums of times could overflow.
        guard max(first.magnitude, last.magnitude) <= 8_640_000_000_000_000 else {
            throw QueryError(.badData, "a time is beyond what a date can be")
        }
        guard step > 0 else { throw QueryError(.badData, "step must be above zero, and at least a millisecond") }
        guard end >= start else { throw QueryError(.badData, "end must not be before start") }
        let span = last - first
        guard span / step <= Self.maximumCount else {
            throw QueryError(.badData, "over 11,000 points a series; make the step longer or the range shorter")
        }
        (self.start, self.step, count) = (first, step, Int(span / step) + 1)
    }

    package var last: Int64 { start + step * Int64(count - 1) }

    package subscript(index: Int) -> Int64 { start + step * Int64(index) }
}
