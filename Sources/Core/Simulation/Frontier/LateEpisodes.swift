import Forecasting
import Planning
import Series
import Units

/// Where requests were late, and which decisions would have had to be others.
package struct LateMoments: Sendable {
    private struct Episode {
        var rows: Range<Int>
        var late: Double
        var longest: Double
    }

    private let trace: ReplayTrace, service: ReplayService, tick: Int
    private let ready: [Int]
    private let episodes: [Episode]
    private let allLate: Double

    /// The `count` worst; rows that are no further apart than a start-up and ten minutes are one episode.
    package init(
        _ decisions: [ReplayDecision], trace: ReplayTrace, service: ReplayService, tick: Int, count: Int
    ) {
        (self.trace, self.service, self.tick) = (trace, service, tick)
        let (_, rows) = replayByCells(trace, service: service, decisions: decisions, cellSeconds: trace.step)
        allLate = rows.late.reduce(0, +)
        let reach = (service.model.startupSeconds + 600) / trace.step + 1
        var found: [Episode] = []
        for row in rows.late.indices where rows.late[row] > 0 {
            if let last = found.last, row - last.rows.upperBound < reach {
                found[found.count - 1].rows = last.rows.lowerBound..<row + 1
                found[found.count - 1].late += rows.late[row]
                found[found.count - 1].longest = max(last.longest, rows.longestWait[row])
            } else {
                found.append(Episode(rows: row..<row + 1, late: rows.late[row], longest: rows.longestWait[row]))
            }
        }
        let worst = found.sorted { ($1.late, $0.rows.lowerBound) < ($0.late, $1.rows.lowerBound) }
        episodes = Array(worst.prefix(max(0, count)))
        ready = Self.byRow(service.ready(decisions, until: trace.seconds), trace)
    }

    /// Ready instances at the start of each row.
    private static func byRow(_ steps: [ReplayDecision], _ trace: ReplayTrace) -> [Int] {
        var (next, count) = (0, 0)
        return trace.rates.indices.map { row in
            while next < steps.count, steps[next].second <= row * trace.step {
                count = steps[next].desired
                next += 1
            }
            return count
        }
    }

    /// The row in which the most capacity was missing.
    private func peak(_ episode: Episode) -> Int {
        let each = service.model.perInstance.perSecond
        func missing(_ row: Int) -> Double {
            trace.rates[row].isNaN ? -.infinity : trace.rates[row] - Double(ready[row]) * each
        }
        return episode.rows.max { missing($0) < missing($1) } ?? episode.rows.lowerBound
    }

    /// The last tick from which a start is ready for the row; may lie before the scored part.
    private func lastTick(for row: Int) -> Int {
        let second = row * trace.step - service.model.startupSeconds
        return second < 0 ? -1 : second / tick * tick
    }

    /// Seconds of the ticks to watch.
    package var ticks: Set<Int> { Set(episodes.map { lastTick(for: peak($0)) }.filter { $0 >= 0 }) }

    /// With the records of a run that watched `ticks`.
    package func worst(_ records: [DecisionRecord]) -> [LateEpisode] {
        let start = trace.start
        let byTime = Dictionary(records.map { ($0.time, $0) }) { first, _ in first }
        return episodes.map { episode in
            let peak = peak(episode), tick = lastTick(for: peak), rate = trace.rates[peak]
            return LateEpisode(
                start: start.advanced(bySeconds: episode.rows.lowerBound * trace.step),
                end: start.advanced(bySeconds: episode.rows.upperBound * trace.step), lateRequests: episode.late,
                shareOfLate: allLate > 0 ? episode.late / allLate : 0, longestWait: episode.longest,
                peak: start.advanced(bySeconds: peak * trace.step), peakRate: rate.isNaN ? 0 : rate,
                need: service.model.instances(forRate: rate.isNaN ? 0 : rate), ready: ready[peak],
                record: tick < 0 ? nil : byTime[start.advanced(bySeconds: tick)])
        }
    }
}

extension DecisionRecord {
    static let levels = [0.5, 0.9, 0.99]

    init(_ observation: Observation, _ decision: Decision, _ service: ReplayService) {
        (time, self.decision) = (observation.now, decision)
        (desired, ready, starting) = (observation.desired, observation.ready, observation.starting)
        forecast =
            observation.forecast.map { forecast in
                let served = observation.now.advanced(bySeconds: service.model.startupSeconds)
                return Self.levels.map { ForecastLevel(level: $0, rate: forecast.rate(at: served, level: $0, service)) }
            } ?? []
    }
}

extension QuantileForecast {
    /// Per second, in the row that holds `time` or the nearest.
    func rate(at time: Timestamp, level: Double, _ service: ReplayService) -> Double {
        guard horizon > 0 else { return 0 }
        let row = min(max(grid.row(holding: time), 0), horizon - 1)
        return service.model.rate(ofRow: value(row: row, level: level), step: step)?.perSecond ?? 0
    }
}

/// Collects what was forecast a lead time ahead.
package struct LeadForecasts: Sendable {
    package static let lowLevel = 0.1, highLevel = 0.99

    private let service: ReplayService, grid: ForecastGrid, start: Timestamp
    private let ahead: Int, first: Int
    private var low: [Double], median: [Double], high: [Double]

    package init(_ trace: ReplayTrace, service: ReplayService) {
        (self.service, grid) = (service, trace.forecastGrid)
        ahead = service.model.startupSeconds / grid.step
        first = grid.windows(endedWith: trace.rows.lowerBound, since: trace.series.start)
        start = grid.windows(of: trace.series, kind: service.model.kind).grid.time(of: first)
        let count = max(1, (trace.seconds + grid.step - 1) / grid.step)
        low = [Double](repeating: .nan, count: count)
        (median, high) = (low, low)
    }

    package mutating func note(_ tape: ForecastTape) {
        for window in tape.origins {
            let place = window + ahead - first
            guard low.indices.contains(place), let forecast = tape[window], forecast.horizon > 0 else { continue }
            let time = forecast.grid.time(of: min(ahead, forecast.horizon - 1))
            low[place] = forecast.rate(at: time, level: Self.lowLevel, service)
            median[place] = forecast.rate(at: time, level: 0.5, service)
            high[place] = forecast.rate(at: time, level: Self.highLevel, service)
        }
    }

    /// With `capacities` of the policies named.
    package func timeline(
        _ trace: ReplayTrace, _ policies: [(policy: String, decisions: [ReplayDecision])]
    ) -> FrontierTimeline {
        func series(_ values: [Double]) -> RegularSeries {
            RegularSeries(start: start, step: grid.step, values: values)
        }
        return FrontierTimeline(
            demand: RegularSeries(start: trace.start, step: trace.step, values: trace.rates), low: series(low),
            median: series(median), high: series(high), lowLevel: Self.lowLevel, highLevel: Self.highLevel,
            capacities: policies.map { policy, decisions in
                let rows = replayByCells(trace, service: service, decisions: decisions, cellSeconds: trace.step).cells
                return .init(
                    policy: policy, decisions: decisions, ready: service.ready(decisions, until: trace.seconds),
                    late: rows.late)
            })
    }
}
