package import Series
package import Units

/// What StatsD metrics come to over a flush interval.
///
/// * Counters give the count of the interval (kind `count`, not ever-growing counters); gauges their level; timers and
///   histograms `NAME_count` and `NAME_sum`; sets the count of different members.
/// * What was seen once is reported on: a counter, timer or set that gets nothing is 0, since a program that is idle
///   sends nothing; a gauge keeps its level. After `forgetAfter` flushes without news the series ends.
/// * Everything is bounded: series, and members of a set, whose count stops at the bound.
package struct StatsDAggregator: Sendable {
    private let maximumSeries: Int, maximumMembers: Int, forgetAfter: Int
    private var slots: [SeriesKey: Slot] = [:]

    /// Lines that were no metric since the last flush, and the first problem among them.
    package private(set) var malformedLines = 0
    package private(set) var firstProblem: String?
    /// Metrics dropped since the last flush because there are as many series as may be, or one changed its type.
    package private(set) var droppedMetrics = 0

    private struct Slot {
        var state: State
        var idleFlushes = 0
    }

    private enum State {
        case count(Double), level(Double), timing(count: Double, sum: Double)
        case members(Set<Double>)
    }

    package init(maximumSeries: Int = 10_000, maximumMembers: Int = 10_000, forgetAfter: Int = 8_640) {
        precondition(maximumSeries > 0 && maximumMembers > 0 && forgetAfter > 0, "bounds are positive")
        (self.maximumSeries, self.maximumMembers, self.forgetAfter) = (maximumSeries, maximumMembers, forgetAfter)
    }

    package var seriesCount: Int { slots.count }

    /// Takes in a datagram: a metric a line. A line that is wrong is counted and leaves the others alone.
    package mutating func add(datagram: ArraySlice<UInt8>) {
        for line in datagram.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            do throws(LineProblem) { add(try StatsDMetric(parsing: line)) } catch {
                malformedLines += 1
                firstProblem = firstProblem ?? error.description
            }
        }
    }

    package mutating func add(_ metric: StatsDMetric) {
        guard slots[metric.key] != nil || slots.count < maximumSeries else { return droppedMetrics += 1 }
        var state = slots[metric.key]?.state ?? Self.initial(metric.kind)
        // Out of the dictionary while it changes, so that a set is not copied.
        slots[metric.key]?.state = .count(0)
        let isTaken = metric.values.reduce(true) { $0 && update(&state, metric.kind, $1) }
        if !isTaken { droppedMetrics += 1 }
        slots[metric.key] = Slot(state: state, idleFlushes: isTaken ? 0 : slots[metric.key]?.idleFlushes ?? 0)
    }

    private static func initial(_ kind: StatsDMetric.Kind) -> State {
        switch kind {
        case .count: .count(0)
        case .level, .levelChange: .level(0)
        case .timing: .timing(count: 0, sum: 0)
        case .member: .members([])
        }
    }

    /// False where the series is of another type.
    private func update(_ state: inout State, _ kind: StatsDMetric.Kind, _ value: Double) -> Bool {
        switch (state, kind) {
        case (.count(let count), .count): state = .count(count + value)
        case (.level, .level): state = .level(value)
        case (.level(let level), .levelChange): state = .level(level + value)
        case (.timing(let count, let sum), .timing(let weight)):
            state = .timing(count: count + weight, sum: sum + value * weight)
        case (.members(var members), .member):
            state = .count(0)
            if members.count < maximumMembers { members.insert(value) }
            state = .members(members)
        default: return false
        }
        return true
    }

    /// Ends an interval that began at `start`: a count belongs to the time after its timestamp. Ascending by series.
    ///
    /// Complexity: O(*n* log *n*) in the series.
    package mutating func flush(at start: Timestamp) -> SampleBatch {
        var batch = SampleBatch()
        for (key, slot) in slots.sorted(by: { $0.key < $1.key }) {
            for (suffix, value) in Self.results(slot.state) where value.isFinite {
                guard let named = try? SeriesKey(metric: key.metric + suffix, labels: key.labels) else { continue }
                batch.append(named, start, value)
            }
            let isForgotten = slot.idleFlushes >= forgetAfter
            slots[key] = isForgotten ? nil : Slot(state: Self.emptied(slot.state), idleFlushes: slot.idleFlushes + 1)
        }
        (malformedLines, firstProblem, droppedMetrics) = (0, nil, 0)
        return batch
    }

    private static func results(_ state: State) -> [(suffix: String, value: Double)] {
        switch state {
        case .count(let count): [("", count)]
        case .level(let level): [("", level)]
        case .timing(let count, let sum): [("_count", count), ("_sum", sum)]
        case .members(let members): [("", Double(members.count))]
        }
    }

    private static func emptied(_ state: State) -> State {
        switch state {
        case .count: .count(0)
        case .level: state
        case .timing: .timing(count: 0, sum: 0)
        case .members: .members([])
        }
    }
}
