extension Query {
    /// What is understood, for whoever asked for more.
    private static let supported = "selectors, rate, increase, sum, avg, min, max, count and arithmetic with numbers"

    /// Reads a query; everything that Prometheus knows and this does not is refused by name.
    package init(parsing text: String) throws(QueryError) {
        var parser = QueryParser(try QueryLexer.tokens(text))
        form = try parser.whole()
    }

    /// Reads a plain selector, as `match[]` takes it.
    package static func filter(parsing text: String) throws(QueryError) -> SeriesFilter {
        var parser = QueryParser(try QueryLexer.tokens(text))
        return try parser.wholeSelector()
    }

    fileprivate static func unsupported(_ what: String, _ token: QueryToken) -> QueryError {
        QueryError(.badData, "character \(token.position): \(what) not supported; only \(supported) are")
    }
}

/// Reads a query by recursive descent of bounded depth. Numbers are worked out at once.
private struct QueryParser {
    private static let maximumDepth = 64

    private let tokens: [QueryToken]
    private var position = 0
    private var depth = 0

    init(_ tokens: [QueryToken]) { self.tokens = tokens }

    private var next: QueryToken { tokens[min(position, tokens.count - 1)] }
    private var following: QueryToken { tokens[min(position + 1, tokens.count - 1)] }

    private func isNext(_ symbol: String) -> Bool { next.kind == .symbol && next.text == symbol }

    private mutating func take(_ symbol: String) -> Bool {
        guard isNext(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(QueryError) {
        guard take(symbol) else { throw unexpected("'\(symbol)' expected") }
    }

    private func unexpected(_ wanted: String) -> QueryError {
        if isOperator(next) { return Query.unsupported("'\(next.text)' is", next) }
        let found = next.kind == .end ? "the end" : "'\(next.text.prefix(40))'"
        return QueryError(.badData, "character \(next.position): \(wanted), found \(found)")
    }

    mutating func whole() throws(QueryError) -> Query.Form {
        let form = try sum()
        guard next.kind == .end else { throw unexpected("the end of the query expected") }
        return form
    }

    mutating func wholeSelector() throws(QueryError) -> SeriesFilter {
        let filter = try selector()
        guard next.kind == .end else { throw unexpected("the end of the selector expected") }
        return filter
    }

    private func isOperator(_ token: QueryToken) -> Bool {
        switch token.kind {
        case .symbol: ["^", "%", "==", "!=", ">", "<", ">=", "<=", "@", "["].contains(token.text)
        case .name: ["and", "or", "unless", "atan2", "offset", "bool"].contains(token.text.lowercased())
        case .number, .string, .end: false
        }
    }

    private mutating func sum() throws(QueryError) -> Query.Form {
        var form = try product()
        while let (operation, token) = takeOperator("+-") {
            let right = try product()
            form = try combined(form, operation, right, at: token)
        }
        return form
    }

    private mutating func product() throws(QueryError) -> Query.Form {
        var form = try signed()
        while let (operation, token) = takeOperator("*/") {
            let right = try signed()
            form = try combined(form, operation, right, at: token)
        }
        return form
    }

    private mutating func takeOperator(_ symbols: String) -> (ArithmeticOperator, QueryToken)? {
        let token = next
        guard token.kind == .symbol, token.text.count == 1, let symbol = token.text.first, symbols.contains(symbol),
            let operation = ArithmeticOperator(rawValue: symbol)
        else { return nil }
        position += 1
        return (operation, token)
    }

    private func combined(
        _ a: Query.Form, _ operation: ArithmeticOperator, _ b: Query.Form, at token: QueryToken
    ) throws(QueryError) -> Query.Form {
        switch (a, b) {
        case (.scalar(let a), .scalar(let b)): return .scalar(operation(a, b))
        case (.vector(var chain), .scalar(let number)):
            chain.stages.append(.arithmetic(operation, number, numberIsLeft: false))
            return .vector(chain)
        case (.scalar(let number), .vector(var chain)):
            chain.stages.append(.arithmetic(operation, number, numberIsLeft: true))
            return .vector(chain)
        case (.vector, .vector): throw Query.unsupported("'\(operation.rawValue)' between two series is", token)
        }
    }

    /// A sign before a power would bind less; there are no powers here.
    private mutating func signed() throws(QueryError) -> Query.Form {
        var isNegative = false
        let start = next
        while let (sign, _) = takeOperator("+-") { if case .subtract = sign { isNegative.toggle() } }
        let form = try primary()
        return isNegative ? try combined(.scalar(-1), .multiply, form, at: start) : form
    }

    private mutating func primary() throws(QueryError) -> Query.Form {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw QueryError(.badData, "the query is nested too deeply") }
        if take("(") {
            let form = try sum()
            try expect(")")
            return form
        }
        switch next.kind {
        case .number: return .scalar(try number())
        case .name: return try named()
        case .symbol where next.text == "{": return .vector(Chain(filter: try selector(), leaf: .latest))
        case .string: throw Query.unsupported("a text as a value is", next)
        case .symbol, .end: throw unexpected("a selector, function or number expected")
        }
    }

    private mutating func number() throws(QueryError) -> Double {
        guard let value = Double(next.text) ?? queryDuration(next.text).map({ Double($0) / 1_000 }) else {
            throw unexpected("a number expected")
        }
        position += 1
        return value
    }

    private mutating func named() throws(QueryError) -> Query.Form {
        let word = next.text.lowercased()
        if let number = ["inf": Double.infinity, "nan": .nan][word], following.text != "{" {
            position += 1
            return .scalar(number)
        }
        if let aggregation = Aggregation(rawValue: word), following.text == "(" || isGrouping(following) {
            return try aggregate(aggregation)
        }
        guard following.kind == .symbol, following.text == "(" else {
            return .vector(Chain(filter: try selector(), leaf: .latest))
        }
        switch next.text {
        case "rate": return .vector(try overWindow { .rate(window: $0) })
        case "increase": return .vector(try overWindow { .increase(window: $0) })
        default: throw Query.unsupported("'\(next.text.prefix(40))()' is", next)
        }
    }

    private func isGrouping(_ token: QueryToken) -> Bool {
        token.kind == .name && ["by", "without"].contains(token.text.lowercased())
    }

    /// `rate(selector[5m])`.
    private mutating func overWindow(_ leaf: (Int64) -> Leaf) throws(QueryError) -> Chain {
        position += 1
        try expect("(")
        let filter = try selector()
        guard take("[") else { throw unexpected("a window in brackets expected, as in [5m]") }
        guard next.kind == .number, let window = queryDuration(next.text), window > 0 else {
            throw unexpected("a duration above zero expected, as in 5m")
        }
        position += 1
        if next.kind == .name { throw Query.unsupported("a subquery, [range:step], is", next) }
        try expect("]")
        try expect(")")
        return Chain(filter: filter, leaf: leaf(window))
    }

    /// `sum by (a) (…)` or `sum(…) by (a)`.
    private mutating func aggregate(_ aggregation: Aggregation) throws(QueryError) -> Query.Form {
        let token = next
        position += 1
        var grouping = isGrouping(next) ? try self.grouping() : nil
        try expect("(")
        let form = try sum()
        try expect(")")
        if grouping == nil, isGrouping(next) { grouping = try self.grouping() }
        guard case .vector(var chain) = form else {
            throw QueryError(.badData, "character \(token.position): '\(token.text)' needs series, not a number")
        }
        chain.stages.append(.aggregate(aggregation, grouping ?? .by([])))
        return .vector(chain)
    }

    private mutating func grouping() throws(QueryError) -> Grouping {
        let isBy = next.text.lowercased() == "by"
        position += 1
        try expect("(")
        var labels: Set<String> = []
        while !take(")") {
            guard next.kind == .name else { throw unexpected("the name of a label expected") }
            labels.insert(next.text)
            position += 1
            guard take(",") || isNext(")") else { throw unexpected("',' or ')' expected") }
        }
        return isBy ? .by(labels) : .without(labels)
    }

    private mutating func selector() throws(QueryError) -> SeriesFilter {
        let start = next
        var matchers: [LabelMatcher] = []
        if next.kind == .name {
            matchers.append(try matcher("__name__", .equal, next.text))
            position += 1
        } else if !isNext("{") {
            throw unexpected("a selector expected, as requests_total{job=\"web\"}")
        }
        if take("{") { try braces(&matchers) }
        let filter = SeriesFilter(matchers)
        guard !filter.isOpen else {
            throw QueryError(
                .badData, "character \(start.position): a selector must name a metric or a label that is not empty")
        }
        return filter
    }

    private mutating func braces(_ matchers: inout [LabelMatcher]) throws(QueryError) {
        while !take("}") {
            guard next.kind == .name else { throw unexpected("the name of a label expected") }
            let name = next.text
            position += 1
            guard next.kind == .symbol, let operation = LabelMatcher.Operation(rawValue: next.text) else {
                throw unexpected("=, !=, =~ or !~ expected")
            }
            position += 1
            guard next.kind == .string else { throw unexpected("a quoted value expected") }
            if name == "__name__", matchers.contains(where: { $0.name == name && $0.operation == .equal }) {
                throw unexpected("the metric's name only once expected")
            }
            matchers.append(try matcher(name, operation, next.text))
            position += 1
            guard take(",") || isNext("}") else { throw unexpected("',' or '}' expected") }
        }
    }

    private func matcher(
        _ name: String, _ operation: LabelMatcher.Operation, _ value: String
    ) throws(QueryError) -> LabelMatcher {
        do throws(PatternError) { return try LabelMatcher(name, operation, value) } catch {
            throw QueryError(.badData, "character \(next.position): '\(value.prefix(80))': \(error)")
        }
    }
}
