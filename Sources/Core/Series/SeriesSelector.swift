/// Which series are meant: a metric name and the labels it must carry, as in `http_requests_total{job="checkout"}`.
///
/// Only equality for now; a label that is not named may have any value.
package struct SeriesSelector: Hashable, Sendable, CustomStringConvertible {
    package let metric: String
    package let labels: [SeriesKey.Label]

    package init(metric: String, labels: [SeriesKey.Label] = []) {
        (self.metric, self.labels) = (metric, labels.sorted())
    }

    package init(_ key: SeriesKey) { (metric, labels) = (key.metric, key.labels) }

    package func matches(_ key: SeriesKey) -> Bool {
        key.metric == metric && labels.allSatisfy { (key.value(of: $0.name) ?? "") == $0.value }
    }

    package var description: String {
        (try? SeriesKey(metric: metric, labels: labels).description) ?? metric
    }

    /// Reads `metric` or `metric{name="value", …}`; throws with the position of what does not fit.
    package init(parsing text: String) throws(SelectorError) {
        var parser = SelectorParser(text)
        let metric = parser.name()
        var labels: [SeriesKey.Label] = []
        if parser.take("{") {
            while !parser.take("}") {
                labels.append(try parser.matcher())
                guard parser.take(",") || parser.peek("}") else { throw parser.error("expected ',' or '}'") }
            }
        }
        guard parser.isAtEnd else { throw parser.error("unexpected text") }
        do {
            _ = try SeriesKey(metric: metric, labels: labels)
        } catch {
            throw SelectorError(text: text, position: 0, problem: "\(error)")
        }
        self.init(metric: metric, labels: labels)
    }
}

/// Where a selector stops making sense.
package struct SelectorError: Error, Hashable, Sendable, CustomStringConvertible {
    package let text: String, position: Int, problem: String
    package var description: String {
        "selector '\(text.prefix(200))', character \(position + 1): \(problem) (example: requests_total{job=\"web\"})"
    }
}

private struct SelectorParser {
    private let text: String
    private let characters: [Character]
    private var position = 0

    init(_ text: String) { (self.text, characters) = (text, Array(text)) }

    var isAtEnd: Bool { characters[position...].allSatisfy(\.isWhitespace) }

    func error(_ problem: String) -> SelectorError { SelectorError(text: text, position: position, problem: problem) }

    func peek(_ character: Character) -> Bool { position < characters.count && characters[position] == character }

    mutating func take(_ character: Character) -> Bool {
        skipBlanks()
        guard peek(character) else { return false }
        position += 1
        skipBlanks()
        return true
    }

    mutating func name() -> String {
        skipBlanks()
        let start = position
        while position < characters.count, !"{}=,\"".contains(characters[position]), !characters[position].isWhitespace
        {
            position += 1
        }
        return String(characters[start..<position])
    }

    mutating func matcher() throws(SelectorError) -> SeriesKey.Label {
        let label = name()
        guard !label.isEmpty, take("=") else { throw error("expected name=\"value\"") }
        guard peek("\"") else { throw error("expected a quoted value") }
        position += 1
        var value = ""
        while !peek("\"") {
            guard position < characters.count else { throw error("the quote is not closed") }
            if peek("\\"), position + 1 < characters.count {
                position += 1
                value.append(characters[position] == "n" ? "\n" : characters[position])
            } else {
                value.append(characters[position])
            }
            position += 1
        }
        position += 1
        skipBlanks()
        return SeriesKey.Label(name: label, value: value)
    }

    private mutating func skipBlanks() {
        while position < characters.count, characters[position].isWhitespace { position += 1 }
    }
}
