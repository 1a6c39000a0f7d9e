/// What names a series: a metric name and labels, each name once, ordered by name so that equal means equal.
package struct SeriesKey: Hashable, Comparable, Sendable {
    package let metric: String
    /// Ascending by name, without `__name__`.
    package let labels: [Label]

    package struct Label: Hashable, Comparable, Sendable {
        package let name: String, value: String
        package init(name: String, value: String) { (self.name, self.value) = (name, value) }
        package static func < (a: Self, b: Self) -> Bool { (a.name, a.value) < (b.name, b.value) }
    }

    /// The bounds that keep one series' name from filling an index.
    package enum Limits {
        package static let labels = 40
        package static let nameBytes = 256
        package static let valueBytes = 2_048
    }

    /// Throws where the metric or a label name is empty or not `[a-zA-Z_:][a-zA-Z0-9_:.-]*`, a label repeats, or a bound
    /// is passed. A label with an empty value counts as absent, as Prometheus has it.
    package init(metric: String, labels: [Label] = []) throws(SeriesNameError) {
        guard isName(metric) else { throw .badMetricName(metric) }
        let sorted = labels.filter { !$0.value.isEmpty }.sorted()
        guard sorted.count <= Limits.labels else { throw .tooManyLabels(sorted.count) }
        for label in sorted {
            guard isName(label.name) else { throw .badLabelName(label.name) }
            guard label.value.utf8.count <= Limits.valueBytes else { throw .valueTooLong(label: label.name) }
        }
        for (a, b) in zip(sorted, sorted.dropFirst()) where a.name == b.name { throw .repeatedLabel(a.name) }
        (self.metric, self.labels) = (metric, sorted)
    }

    package static func < (a: Self, b: Self) -> Bool {
        a.metric == b.metric ? a.labels.lexicographicallyPrecedes(b.labels) : a.metric < b.metric
    }

    package func value(of label: String) -> String? { labels.first { $0.name == label }?.value }
}

extension SeriesKey: CustomStringConvertible {
    /// `metric{a="1",b="2"}`, with backslashes, quotes and newlines escaped.
    package var description: String {
        guard !labels.isEmpty else { return metric }
        return metric + "{" + labels.map { "\($0.name)=\(quoted($0.value))" }.joined(separator: ",") + "}"
    }
}

/// Why a series cannot be called that.
package enum SeriesNameError: Error, Hashable, Sendable, CustomStringConvertible {
    case badMetricName(String), badLabelName(String), repeatedLabel(String), tooManyLabels(Int)
    case valueTooLong(label: String), badLabelBlock

    package var description: String {
        switch self {
        case .badMetricName(let name):
            "'\(name.prefix(80))' is no metric name: letters, digits, '_', ':', '.' and '-', not starting with a digit"
        case .badLabelName(let name): "'\(name.prefix(80))' is no label name"
        case .repeatedLabel(let name): "label '\(name)' stands twice"
        case .tooManyLabels(let count): "\(count) labels; at most \(SeriesKey.Limits.labels)"
        case .badLabelBlock: "the labels are not encoded as remote_write has it"
        case .valueTooLong(let label): "the value of label '\(label)' is over \(SeriesKey.Limits.valueBytes) bytes"
        }
    }
}

private func isName(_ text: String) -> Bool {
    let isLetter = { (c: UInt8) in (65...90).contains(c) || (97...122).contains(c) || c == 95 || c == 58 }
    guard let first = text.utf8.first, isLetter(first), text.utf8.count <= SeriesKey.Limits.nameBytes else {
        return false
    }
    return text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || $0 == 46 || $0 == 45 }
}

private func quoted(_ text: String) -> String {
    var result = "\""
    for character in text.unicodeScalars {
        switch character {
        case "\\": result += "\\\\"
        case "\"": result += "\\\""
        case "\n": result += "\\n"
        default: result.unicodeScalars.append(character)
        }
    }
    return result + "\""
}
