/// A condition on one label, as in `job="web"` or `path=~"/api/.*"`. A label that a series does not have is the empty text.
package struct LabelMatcher: Sendable {
    package enum Operation: String, Sendable, CaseIterable {
        case equal = "=", notEqual = "!=", matches = "=~", matchesNot = "!~"
    }

    package let name: String
    package let operation: Operation
    package let value: String
    private let pattern: Pattern?

    /// - Throws: where `value` should be a regular expression and is none.
    package init(_ name: String, _ operation: Operation, _ value: String) throws(PatternError) {
        (self.name, self.operation, self.value) = (name, operation, value)
        switch operation {
        case .equal, .notEqual: pattern = nil
        case .matches, .matchesNot: pattern = try Pattern(value)
        }
    }

    package func accepts(_ text: String) -> Bool {
        switch operation {
        case .equal: text == value
        case .notEqual: text != value
        case .matches: pattern?.matches(text) ?? false
        case .matchesNot: !(pattern?.matches(text) ?? true)
        }
    }
}

/// Which series are meant: those that satisfy every matcher. The metric's name is the label `__name__`.
package struct SeriesFilter: Sendable {
    package let matchers: [LabelMatcher]

    package init(_ matchers: [LabelMatcher]) { self.matchers = matchers }

    package func matches(_ key: SeriesKey) -> Bool {
        matchers.allSatisfy { $0.accepts($0.name == "__name__" ? key.metric : key.value(of: $0.name) ?? "") }
    }

    /// Whether a series without any label would be meant, so that all of them could be.
    package var isOpen: Bool { matchers.allSatisfy { $0.accepts("") } }

    /// What of it a store can look up; every series that the filter means, it means too. Nil where no metric is named.
    package var selector: SeriesSelector? {
        let equalities = matchers.filter { $0.operation == .equal && !$0.value.isEmpty }
        guard let metric = equalities.first(where: { $0.name == "__name__" })?.value else { return nil }
        let labels = equalities.filter { $0.name != "__name__" }.map { SeriesKey.Label(name: $0.name, value: $0.value) }
        return SeriesSelector(metric: metric, labels: labels)
    }
}
