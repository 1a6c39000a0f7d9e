package import Units

/// What is known to take place, before and after now: sales, releases, holidays, by kind.
package struct KnownEvents: Hashable, Sendable {
    /// From `start` until before `end`.
    package struct Span: Hashable, Sendable {
        package let start: Timestamp, end: Timestamp
        package init(start: Timestamp, end: Timestamp) { (self.start, self.end) = (start, end) }
    }

    package struct Kind: Hashable, Sendable {
        package let name: String
        /// What demand is expected to be multiplied by, above 0; nil where the past is to tell.
        package let effect: Double?
        /// Ascending, apart from each other, none empty.
        package let spans: [Span]

        /// Sorts and joins; empty spans are dropped, and an effect that is no positive number.
        package init(name: String, effect: Double? = nil, spans: [Span]) {
            self.name = name
            self.effect = effect.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
            var joined: [Span] = []
            for span in spans.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) where span.start < span.end {
                if let last = joined.last, span.start <= last.end {
                    joined[joined.count - 1] = Span(start: last.start, end: max(last.end, span.end))
                } else {
                    joined.append(span)
                }
            }
            self.spans = joined
        }
    }

    /// Ascending by name; at most `most`.
    package let kinds: [Kind]

    /// Kinds told apart. Where there are more, those that are rarest are one kind, "other".
    package static let most = 16

    /// Kinds of one name are one; the first effect that is given for it counts.
    package init(_ kinds: [Kind] = []) {
        var byName: [String: Kind] = [:]
        for kind in kinds { byName[kind.name] = byName[kind.name].map { Self.joined($0, kind, as: kind.name) } ?? kind }
        let found = byName.values.filter { !$0.spans.isEmpty }
            .sorted { ($1.spans.count, $0.name) < ($0.spans.count, $1.name) }
        var kept = Array(found.prefix(found.count > Self.most ? Self.most - 1 : Self.most))
        let rare = found.dropFirst(kept.count)
        if let first = rare.first {
            kept.append(
                rare.dropFirst().reduce(Self.joined(first, first, as: "other")) { Self.joined($0, $1, as: "other") })
        }
        self.kinds = kept.sorted { $0.name < $1.name }
    }

    private static func joined(_ a: Kind, _ b: Kind, as name: String) -> Kind {
        Kind(name: name, effect: a.effect ?? b.effect, spans: a.spans + b.spans)
    }

    package var isEmpty: Bool { kinds.isEmpty }

    /// What share of each row of `grid` each kind covers, one list a kind of the rows that it touches, ascending.
    ///
    /// Complexity: O(spans + rows touched).
    package func rows(of grid: TimeGrid) -> [[(row: Int, share: Double)]] {
        kinds.map { kind in
            var rows: [(row: Int, share: Double)] = []
            for span in kind.spans where span.end > grid.start && span.start < grid.end {
                let first = max(grid.row(holding: span.start), 0),
                    last = min(grid.row(holding: span.end), grid.count - 1)
                for row in first...max(first, last) {
                    let covered = min(span.end, grid.time(of: row + 1)).seconds(
                        since: max(span.start, grid.time(of: row)))
                    guard covered > 0 else { continue }
                    let share = min(covered / Double(grid.step), 1)
                    if rows.last?.row == row {
                        rows[rows.count - 1].share = min(rows[rows.count - 1].share + share, 1)
                    } else {
                        rows.append((row, share))
                    }
                }
            }
            return rows
        }
    }
}
