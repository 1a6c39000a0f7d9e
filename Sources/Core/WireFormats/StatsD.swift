package import Series

/// One metric of a StatsD datagram, as StatsD and DogStatsD write it: `name:value|type|@rate|#tag:value,…`.
package struct StatsDMetric: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Events, each value multiplied by how many it stands for.
        case count
        /// A level that replaces the one before.
        case level
        /// A change of a level, written with a sign.
        case levelChange
        /// Durations in milliseconds or other values, each standing for `weight` of them.
        case timing(weight: Double)
        /// Members of a set; only how many there are is of use.
        case member
    }

    package let kind: Kind
    /// Name and tags in Prometheus's form: dots and the like are underscores.
    package let key: SeriesKey
    /// Finite. For `.member` a hash of each member, of 52 bits.
    package let values: [Double]

    /// Reads one line. DogStatsD's several values (`name:1:2|h`) are read; its container, timestamp and other fields are
    /// passed over, and its events and service checks are no metrics. Complexity: linear in the line.
    package init(parsing line: ArraySlice<UInt8>) throws(LineProblem) {
        guard line.count <= Self.maximumBytes else { throw LineProblem("a line of \(line.count) bytes") }
        let fields = line.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        guard fields.count >= 2, let colon = fields[0].firstIndex(of: UInt8(ascii: ":")) else {
            throw LineProblem("'\(Self.text(line.prefix(40)))' is not of the form name:value|type")
        }
        let texts = fields[0][(colon + 1)...].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let type = Self.text(fields[1])
        let rate = try Self.rate(fields.dropFirst(2))
        kind = try Self.kind(type, isSigned: texts.first.map(Self.isSigned) ?? false, weight: 1 / rate)
        key = try Self.key(line[..<colon], fields.dropFirst(2))
        values = try Self.values(texts, type: type, scale: type == "c" ? 1 / rate : 1)
    }

    /// A UDP datagram cannot hold more.
    private static let maximumBytes = 65_536

    private static func kind(_ type: String, isSigned: Bool, weight: Double) throws(LineProblem) -> Kind {
        switch type {
        case "c": return .count
        case "g": return isSigned ? .levelChange : .level
        case "ms", "h", "d": return .timing(weight: weight)
        case "s": return .member
        default: throw LineProblem("'\(type.prefix(20))' is no metric type: c, g, ms, h, d or s")
        }
    }

    private static func isSigned(_ text: ArraySlice<UInt8>) -> Bool {
        text.first == UInt8(ascii: "+") || text.first == UInt8(ascii: "-")
    }

    private static func rate(_ fields: ArraySlice<ArraySlice<UInt8>>) throws(LineProblem) -> Double {
        guard let field = fields.first(where: { $0.first == UInt8(ascii: "@") }) else { return 1 }
        guard let rate = Double(text(field.dropFirst().prefix(40))), rate > 1e-9, rate <= 1 else {
            throw LineProblem("the sample rate '\(text(field.prefix(40)))' is not above 0 and at most 1")
        }
        return rate
    }

    private static func values(
        _ texts: [ArraySlice<UInt8>], type: String, scale: Double
    ) throws(LineProblem) -> [Double] {
        var values: [Double] = []
        for text in texts {
            if type == "s" {
                values.append(Double(fnv1a(text) >> 12))
            } else {
                guard let value = Double(Self.text(text.prefix(400))), (value * scale).isFinite else {
                    throw LineProblem("'\(Self.text(text.prefix(40)))' is no finite number")
                }
                values.append(value * scale)
            }
        }
        return values
    }

    private static func key(
        _ name: ArraySlice<UInt8>, _ fields: ArraySlice<ArraySlice<UInt8>>
    ) throws(LineProblem) -> SeriesKey {
        let tags = fields.first { $0.first == UInt8(ascii: "#") }?.dropFirst() ?? []
        let labels = tags.split(separator: UInt8(ascii: ",")).prefix(SeriesKey.Limits.labels + 1).map { tag in
            let parts = tag.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            // A tag without a value is a fact: it is there.
            return SeriesKey.Label(name: text(parts[0]), value: parts.count == 2 ? text(parts[1]) : "true")
        }
        do throws(SeriesNameError) {
            return try SeriesKey(
                metric: prometheusName(name, allowsColons: false), labels: prometheusLabels(labels))
        } catch {
            throw LineProblem(error.description)
        }
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// G. Fowler, L. Noll, K.-P. Vo: a hash that is the same on every machine and run.
    private static func fnv1a(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
