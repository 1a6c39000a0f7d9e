import Kernels
package import Series
package import Units

/// A what-if on demand: something that happens to the same history.
package struct DemandChange: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable { case outage, burst, drift }

    package let kind: Kind
    /// What demand is multiplied by while it lasts; for a drift, at the end.
    package let factor: Double
    package let durationSeconds: Int
    /// How often, at moments drawn from `seed`; unless `at` says when.
    package let count: Int
    package let at: Timestamp?
    package let seed: UInt64

    package static let forms = [
        "outage[:for=30m,level=0,count=1,at=TIME,seed=1]", "burst[:for=10m,factor=3,count=1,at=TIME,seed=1]",
        "drift[:by=0.5]",
    ]

    /// Reads one of `forms`.
    package init(parsing text: String) throws(ReplayError) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard let kind = parts.first.flatMap(Kind.init(rawValue:)) else {
            throw ReplayError("inject \"\(text)\": write \(Self.forms.joined(separator: ", or "))")
        }
        var fields = DemandChangeFields(text: text, parts.count > 1 ? parts[1] : "")
        self.kind = kind
        switch kind {
        case .outage: factor = try fields.number("level", 0...1) ?? 0
        case .burst: factor = try fields.number("factor", 0...1_000) ?? 3
        case .drift: factor = 1 + (try fields.number("by", -1...1_000) ?? 0.5)
        }
        let isDrift = kind == .drift
        durationSeconds = isDrift ? 0 : try fields.duration("for") ?? (kind == .outage ? 1_800 : 600)
        count = isDrift ? 1 : Int(try fields.number("count", 1...1_000) ?? 1)
        at = isDrift ? nil : try fields.time("at")
        seed = isDrift ? 1 : UInt64(try fields.number("seed", 0...1e15) ?? 1)
        try fields.checkAllRead()
    }

    /// Throws, naming the change as it was written, where it does not take place within the scored part of `trace`.
    package func check(_ text: String, within trace: ReplayTrace) throws(ReplayError) {
        let end = trace.start.advanced(bySeconds: trace.seconds)
        if let at, at < trace.start || at >= end {
            throw ReplayError("inject \"\(text)\": at lies outside what is scored, \(trace.start) to \(end)")
        }
        guard durationSeconds <= trace.seconds else {
            throw ReplayError(
                "inject \"\(text)\": for = \(durationSeconds) s is longer than what is scored, \(trace.seconds) s")
        }
    }

    /// `series` with the change in its `rows`. Rows that are touched in part are changed in part.
    package func applied(to series: RegularSeries, rows: Range<Int>) -> RegularSeries {
        guard !rows.isEmpty else { return series }
        var values = series.values
        if kind == .drift {
            for row in rows {
                values[row] *= 1 + (factor - 1) * Double(row - rows.lowerBound + 1) / Double(rows.count)
            }
        } else {
            for start in starts(series, rows) {
                let first = max(rows.lowerBound, start / series.step)
                let end = min(rows.upperBound, (start + durationSeconds + series.step - 1) / series.step)
                for row in first..<max(first, end) {
                    let covered = min((row + 1) * series.step, start + durationSeconds) - max(row * series.step, start)
                    values[row] *= 1 + (factor - 1) * Double(covered) / Double(series.step)
                }
            }
        }
        return RegularSeries(start: series.start, step: series.step, values: values)
    }

    /// Seconds since the start of the series.
    private func starts(_ series: RegularSeries, _ rows: Range<Int>) -> [Int] {
        if let at { return [Int(max(0, at.seconds(since: series.start)))] }
        var generator = SplitMix64(seed: seed)
        let room = max(1, rows.count * series.step - durationSeconds)
        return (0..<count).map { _ in rows.lowerBound * series.step + Int(generator.uniform() * Double(room)) }
    }
}

extension RegularSeries {
    /// Demand times `factor`.
    package func scaled(by factor: Double) -> RegularSeries {
        RegularSeries(start: start, step: step, values: values.map { $0 * factor })
    }
}

/// `name=value` pairs, each taken once.
private struct DemandChangeFields {
    private let text: String
    private var fields: [(name: String, value: String)]

    init(text: String, _ arguments: String) {
        self.text = text
        fields = arguments.split(separator: ",").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            return (parts.first ?? "", parts.count > 1 ? parts[1] : "")
        }
    }

    private mutating func take(_ name: String) -> String? {
        guard let place = fields.firstIndex(where: { $0.name == name }) else { return nil }
        return fields.remove(at: place).value
    }

    mutating func number(_ name: String, _ range: ClosedRange<Double>) throws(ReplayError) -> Double? {
        guard let value = take(name) else { return nil }
        guard let number = Double(value), range.contains(number) else {
            throw ReplayError(
                "inject \"\(text)\": \(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func duration(_ name: String) throws(ReplayError) -> Int? {
        guard let value = take(name) else { return nil }
        guard let duration = seconds(parsing: value), duration >= 1, duration <= 3e9 else {
            throw ReplayError("inject \"\(text)\": \(name) must be a length of time such as 30m")
        }
        return Int(duration)
    }

    mutating func time(_ name: String) throws(ReplayError) -> Timestamp? {
        guard let value = take(name) else { return nil }
        guard let time = Timestamp(parsing: value) else {
            throw ReplayError("inject \"\(text)\": \(name) must be a time")
        }
        return time
    }

    func checkAllRead() throws(ReplayError) {
        if let left = fields.first { throw ReplayError("inject \"\(text)\": nothing is called \(left.name) here") }
    }
}
