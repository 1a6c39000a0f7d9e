import Series
import Units
import Yams

/// Problems found on the way, so that a user sees them all at once.
struct ProblemList {
    let path: String
    private(set) var found: [String] = []

    init(path: String) { self.path = path }

    mutating func add(line: Int?, _ problem: String) {
        found.append("\(path):\(line.map { "\($0):" } ?? "") \(problem)")
    }

    mutating func add(_ section: YAMLSection, _ key: String, _ problem: String) {
        add(line: section.line(of: key) ?? section.line, "\(section.name(of: key)): \(problem)")
    }
}

/// A mapping of a YAML document that knows where it stands.
struct YAMLSection {
    private let mapping: Node.Mapping
    private let prefix: String

    /// Nil, with a problem noted, where the text is no YAML mapping.
    init?(parsing text: String, problems: inout ProblemList) {
        do {
            guard let mapping = try Yams.compose(yaml: text)?.mapping else {
                problems.add(line: nil, "no configuration in it; `forecast config init` prints one to start from")
                return nil
            }
            (self.mapping, prefix) = (mapping, "")
        } catch let error as YamlError {
            problems.add(line: nil, "no valid YAML: \(error)")
            return nil
        } catch {
            problems.add(line: nil, "\(error)")
            return nil
        }
    }

    private init(_ mapping: Node.Mapping, prefix: String) { (self.mapping, self.prefix) = (mapping, prefix) }

    var line: Int? { mapping.mark?.line }
    func name(of key: String) -> String { prefix + key }

    func line(of key: String) -> Int? { mapping.first { $0.key.string == key }?.key.mark?.line }

    /// Notes every key that is not among `known`, with the nearest known one.
    func allow(_ known: [String], _ problems: inout ProblemList) {
        for (key, _) in mapping {
            let name = key.string ?? "?"
            guard !known.contains(name) else { continue }
            let hint = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" }
            problems.add(
                line: key.mark?.line,
                "unknown key '\(prefix)\(name)'\(hint ?? "; known: \(known.joined(separator: ", "))")")
        }
    }

    func string(_ key: String) -> String? { mapping[key]?.scalar?.string }

    func section(_ key: String, _ problems: inout ProblemList) -> YAMLSection? {
        guard let node = mapping[key] else { return nil }
        guard let inner = node.mapping else {
            problems.add(self, key, "a group of keys is expected")
            return nil
        }
        return YAMLSection(inner, prefix: "\(prefix)\(key).")
    }

    func requiredSection(_ key: String, _ problems: inout ProblemList) -> YAMLSection? {
        if mapping[key] == nil { problems.add(self, key, "is missing") }
        return section(key, &problems)
    }

    func sections(_ key: String, _ problems: inout ProblemList) -> [YAMLSection] {
        guard let list = mapping[key]?.sequence else {
            problems.add(self, key, mapping[key] == nil ? "is missing" : "a list is expected")
            return []
        }
        return list.enumerated().compactMap { index, node in
            guard let inner = node.mapping else {
                problems.add(line: node.mark?.line, "\(prefix)\(key)[\(index)]: a group of keys is expected")
                return nil
            }
            return YAMLSection(inner, prefix: "\(prefix)\(key)[\(index)].")
        }
    }

    func strings(_ key: String, _ problems: inout ProblemList) -> [String] {
        guard let node = mapping[key] else { return [] }
        guard let list = node.sequence, list.allSatisfy({ $0.scalar != nil }) else {
            problems.add(self, key, "a list of texts is expected")
            return []
        }
        return list.compactMap { $0.scalar?.string }
    }

    /// A mapping of label names to texts, ascending by name.
    func labels(_ key: String, _ problems: inout ProblemList) -> [SeriesKey.Label] {
        guard let inner = section(key, &problems) else { return [] }
        var labels: [SeriesKey.Label] = []
        for (name, value) in inner.mapping {
            guard let name = name.string, let value = value.scalar?.string else {
                problems.add(self, key, "a text for every label is expected")
                return []
            }
            labels.append(.init(name: name, value: value))
        }
        do throws(SeriesNameError) { return try SeriesKey(metric: "m", labels: labels).labels } catch {
            problems.add(self, key, "\(error)")
            return []
        }
    }

    func required<Value>(
        _ key: String, _ parse: (String) -> Value?, _ expected: String, _ problems: inout ProblemList
    ) -> Value? {
        guard let text = string(key) else {
            problems.add(self, key, "is missing; \(expected)")
            return nil
        }
        guard let value = parse(text) else {
            problems.add(self, key, "'\(text)' will not do; \(expected)")
            return nil
        }
        return value
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ type: Value.Type, default fallback: Value, _ problems: inout ProblemList
    ) -> Value {
        guard let text = string(key) else { return fallback }
        if let value = Value(rawValue: text) { return value }
        problems.add(self, key, "'\(text)' is none of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        return fallback
    }

    func number(_ key: String, _ problems: inout ProblemList) -> Double? {
        guard let text = string(key) else { return nil }
        if let value = Double(text), value.isFinite { return value }
        problems.add(self, key, "'\(text)' is not a number")
        return nil
    }

    func integer(_ key: String, default fallback: Int, _ problems: inout ProblemList) -> Int {
        guard let text = string(key) else { return fallback }
        if let value = Int(text) { return value }
        problems.add(self, key, "'\(text)' is not a whole number")
        return fallback
    }

    /// A size such as `64MB` or `20GiB` within `range`; nil where there is none.
    func bytes(_ key: String, in range: ClosedRange<Int>, _ problems: inout ProblemList) -> Int? {
        guard let text = string(key) else { return nil }
        if let value = Units.bytes(parsing: text), range.contains(value) { return value }
        problems.add(
            self, key,
            "'\(text)' is no size such as 64MB or 20GiB, from \(range.lowerBound) to \(range.upperBound) bytes")
        return nil
    }

    /// A duration of whole seconds within `range`.
    func wholeSeconds(
        _ key: String, default fallback: Int, in range: ClosedRange<Int>, _ problems: inout ProblemList
    ) -> Int {
        let value = seconds(key, default: Double(fallback), &problems)
        if let whole = Int(exactly: value), range.contains(whole) { return whole }
        problems.add(self, key, "must be whole seconds from \(range.lowerBound) to \(range.upperBound)")
        return fallback
    }

    /// A duration such as `15s`, `2m`, `1h`, `250ms`, in seconds; a bare number is seconds.
    func seconds(_ key: String, default fallback: Double, _ problems: inout ProblemList) -> Double {
        guard let text = string(key) else { return fallback }
        if let value = Units.seconds(parsing: text) { return value }
        problems.add(self, key, "'\(text)' is not a duration such as 15s, 2m or 1h")
        return fallback
    }
}
