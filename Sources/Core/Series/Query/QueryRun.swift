package import Units

/// A query at work: fed one series after the other, it keeps only what the answer needs. A sum over many series holds one row of
/// values a group.
package struct QueryRun: Sendable {
    /// Values an answer may have, over all its series.
    package static let maximumValues = 2_000_000

    private let form: Query.Form
    package let steps: QuerySteps
    /// Up to the first aggregate: done to each series as it comes.
    private let early: ArraySlice<Stage>
    /// The first aggregate, and what follows it.
    private let late: ArraySlice<Stage>
    private var groups: GroupTable?
    private var series: [QuerySeries] = []

    package init(_ query: Query, at steps: QuerySteps) {
        (form, self.steps) = (query.form, steps)
        guard case .vector(let chain) = query.form else {
            (early, late) = ([], [])
            return
        }
        let first = chain.stages.firstIndex { if case .aggregate = $0 { true } else { false } }
        early = chain.stages[..<(first ?? chain.stages.endIndex)]
        late = chain.stages[(first ?? chain.stages.endIndex)...]
        if case .aggregate(let aggregation, let grouping) = late.first {
            groups = GroupTable(aggregation, grouping, count: steps.count)
        }
    }

    /// The instants of which a series' samples are needed; nil where no series is.
    package var range: Range<Timestamp>? {
        guard case .vector(let chain) = form else { return nil }
        return Timestamp(
            millisecondsSinceEpoch: steps.start - chain.leaf.windowMilliseconds + 1)..<Timestamp(
                millisecondsSinceEpoch: steps.last + 1)
    }

    /// Takes in a series: its samples within `range`, ascending.
    ///
    /// - Throws: where the answer becomes too large.
    package mutating func add(_ key: SeriesKey, _ samples: SampleColumns) throws(QueryError) {
        guard case .vector(let chain) = form, samples.count > 0 else { return }
        var row = QuerySeries(
            metric: chain.leaf.keepsMetric ? key.metric : nil, labels: key.labels,
            values: chain.leaf.values(of: samples, at: steps))
        guard !row.values.allSatisfy(isAbsent) else { return }
        for stage in early { row.apply(stage) }
        if groups == nil { series.append(row) } else { groups?.add(row) }
        let rows = groups?.count ?? series.count
        guard rows * steps.count <= Self.maximumValues else {
            throw QueryError(
                .execution,
                "the answer has over \(Self.maximumValues) values; select less, sum it up or lengthen the step")
        }
    }

    /// The answer: series ascending by their labels, none without a value.
    package func finish() throws(QueryError) -> [QuerySeries] {
        if case .scalar(let value) = form {
            return [QuerySeries(metric: nil, labels: [], values: Array(repeating: value, count: steps.count))]
        }
        var rows = groups?.rows() ?? series
        for stage in late.dropFirst() {
            if case .aggregate(let aggregation, let grouping) = stage {
                var table = GroupTable(aggregation, grouping, count: steps.count)
                for row in rows { table.add(row) }
                rows = table.rows()
            } else {
                for index in rows.indices { rows[index].apply(stage) }
            }
        }
        rows.sort { ($0.metric ?? "", $0.labels) < ($1.metric ?? "", $1.labels) }
        for (a, b) in zip(rows, rows.dropFirst()) where a.metric == b.metric && a.labels == b.labels {
            throw QueryError(
                .execution, "several series have the same labels once the metric's name is gone; name one metric")
        }
        return rows
    }
}

/// A series of an answer: a value an instant, or `absentValue`.
package struct QuerySeries: Sendable {
    /// Nil where the values are no longer the metric's.
    package var metric: String?
    /// Ascending by name.
    package let labels: [SeriesKey.Label]
    package var values: [Double]

    package init(metric: String?, labels: [SeriesKey.Label], values: [Double]) {
        (self.metric, self.labels, self.values) = (metric, labels, values)
    }

    mutating func apply(_ stage: Stage) {
        guard case .arithmetic(let operation, let number, let numberIsLeft) = stage else { return }
        metric = nil
        for index in values.indices where !isAbsent(values[index]) {
            values[index] = numberIsLeft ? operation(number, values[index]) : operation(values[index], number)
        }
    }
}

private func < (a: (String, [SeriesKey.Label]), b: (String, [SeriesKey.Label])) -> Bool {
    a.0 == b.0 ? a.1.lexicographicallyPrecedes(b.1) : a.0 < b.0
}

/// The groups of an aggregate, filled series by series.
private struct GroupTable: Sendable {
    private let aggregation: Aggregation
    private let grouping: Grouping
    private let instants: Int
    private var index: [GroupKey: Int] = [:]
    private var groups: [(key: GroupKey, columns: GroupColumns)] = []

    private struct GroupKey: Hashable, Sendable {
        let metric: String?
        let labels: [SeriesKey.Label]
    }

    init(_ aggregation: Aggregation, _ grouping: Grouping, count: Int) {
        (self.aggregation, self.grouping, instants) = (aggregation, grouping, count)
    }

    var count: Int { groups.count }

    mutating func add(_ row: QuerySeries) {
        let key = key(of: row)
        let place = index[key] ?? groups.count
        if place == groups.count {
            index[key] = place
            groups.append((key, GroupColumns(aggregation, count: instants)))
        }
        groups[place].columns.add(row.values)
    }

    private func key(of row: QuerySeries) -> GroupKey {
        switch grouping {
        case .by(let names):
            GroupKey(
                metric: names.contains("__name__") ? row.metric : nil,
                labels: row.labels.filter { names.contains($0.name) })
        case .without(let names): GroupKey(metric: nil, labels: row.labels.filter { !names.contains($0.name) })
        }
    }

    func rows() -> [QuerySeries] {
        groups.map { QuerySeries(metric: $0.key.metric, labels: $0.key.labels, values: $0.columns.values) }
    }
}

/// The running values of a group.
private struct GroupColumns: Sendable {
    private let aggregation: Aggregation
    private var results: [Double]
    /// What rounding has taken from the sums.
    private var corrections: [Double]
    private var counts: [Double]

    init(_ aggregation: Aggregation, count: Int) {
        self.aggregation = aggregation
        let isSum = aggregation == .sum || aggregation == .avg
        (results, counts) = (Array(repeating: 0, count: count), Array(repeating: 0, count: count))
        corrections = Array(repeating: 0, count: isSum ? count : 0)
    }

    mutating func add(_ values: [Double]) {
        for (index, value) in values.enumerated() where !isAbsent(value) {
            counts[index] += 1
            switch aggregation {
            case .count: break
            case .sum, .avg: addExactly(value, to: index)
            case .min: if isFirst(index) || value < results[index] || results[index].isNaN { results[index] = value }
            case .max: if isFirst(index) || value > results[index] || results[index].isNaN { results[index] = value }
            }
        }
    }

    private func isFirst(_ index: Int) -> Bool { counts[index] == 1 }

    /// Neumaier's summation, so that the order of the series makes no difference that is seen.
    private mutating func addExactly(_ value: Double, to index: Int) {
        let old = results[index], sum = old + value
        if sum.isFinite { corrections[index] += abs(old) >= abs(value) ? (old - sum) + value : (value - sum) + old }
        results[index] = sum
    }

    var values: [Double] {
        counts.indices.map { index in
            guard counts[index] > 0 else { return absentValue }
            switch aggregation {
            case .count: return counts[index]
            case .min, .max: return results[index]
            case .sum: return results[index] + corrections[index]
            case .avg: return (results[index] + corrections[index]) / counts[index]
            }
        }
    }
}
