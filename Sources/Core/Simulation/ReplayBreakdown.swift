import Planning

/// What falls into each stretch of the scored part: late requests by when they arrived, and what is billed.
package struct ReplayBreakdown: Hashable, Sendable {
    /// What a cell spans; the last may be cut short.
    package let cellSeconds: Int
    /// Requests that were late, by cell.
    package let late: [Double]
    /// Seconds, of those that were late; 0 where none was.
    package let longestWait: [Double]
    /// Instance-seconds, by cell.
    package let billedSeconds: [Double]
    /// Instances that were started, by cell.
    package let started: [Double]
}

/// Late requests by the cell in which they arrived.
struct LateCells {
    private let seconds: Int
    private(set) var late: [Double], longest: [Double]

    init(seconds: Int, of total: Int) {
        precondition(seconds >= 1, "a cell of a second at least")
        self.seconds = seconds
        late = [Double](repeating: 0, count: (total + seconds - 1) / seconds)
        longest = late
    }

    /// `each` in every tick, none of which waited longer than `wait`.
    mutating func add(ticks: Range<Int>, each: Double, longest wait: Int) {
        var tick = ticks.lowerBound
        while tick < ticks.upperBound {
            let cell = tick / seconds
            let end = min((cell + 1) * seconds, ticks.upperBound)
            late[cell] += each * Double(end - tick)
            longest[cell] = max(longest[cell], Double(wait))
            tick = end
        }
    }
}

/// Instance-seconds that `decisions` are billed for in each cell; nothing in a missing row.
func billedSeconds(
    _ trace: ReplayTrace, _ service: ReplayService, _ decisions: [ReplayDecision], cellSeconds: Int
) -> [Double] {
    var billed = LateCells(seconds: cellSeconds, of: trace.seconds)
    let spans = trace.knownSpans
    var (second, next, span, desired) = (0, 0, 0, service.initialInstances)
    while second < trace.seconds, span < spans.count {
        while next < decisions.count, decisions[next].second <= second {
            desired = service.model.clamped(decisions[next].desired)
            next += 1
        }
        let until = min(next < decisions.count ? decisions[next].second : trace.seconds, trace.seconds)
        while span < spans.count, spans[span].lowerBound < until {
            let low = max(second, spans[span].lowerBound), high = min(until, spans[span].upperBound)
            if low < high { billed.add(ticks: low..<high, each: Double(desired), longest: 0) }
            guard spans[span].upperBound <= until else { break }
            span += 1
        }
        second = until
    }
    return billed.late
}

/// Instances that `decisions` start in each cell.
func startedInstances(
    _ trace: ReplayTrace, _ service: ReplayService, _ decisions: [ReplayDecision], cellSeconds: Int
) -> [Double] {
    var started = [Double](repeating: 0, count: (trace.seconds + cellSeconds - 1) / cellSeconds)
    var (next, desired) = (0, service.initialInstances)
    while next < decisions.count, decisions[next].second < trace.seconds {
        let second = decisions[next].second
        var wish = desired
        while next < decisions.count, decisions[next].second == second {
            wish = service.model.clamped(decisions[next].desired)
            next += 1
        }
        started[second / cellSeconds] += Double(max(wish - desired, 0))
        desired = wish
    }
    return started
}

extension ReplayTrace {
    /// Seconds of the scored part whose rows are not missing, joined where they touch.
    var knownSpans: [Range<Int>] {
        var spans: [Range<Int>] = []
        var row = 0
        while row < rates.count {
            let first = row
            while row < rates.count, !rates[row].isNaN { row += 1 }
            if row > first { spans.append(first * step..<row * step) }
            while row < rates.count, rates[row].isNaN { row += 1 }
        }
        return spans
    }

    /// Requests that arrive in each cell.
    package func requests(cellSeconds: Int) -> [Double] {
        var cells = LateCells(seconds: cellSeconds, of: seconds)
        for (row, rate) in rates.enumerated() where rate > 0 {
            cells.add(ticks: row * step..<(row + 1) * step, each: rate, longest: 0)
        }
        return cells.late
    }
}

extension ReplayService {
    /// Ready instances: at second 0 and whenever their number changes.
    package func ready(_ decisions: [ReplayDecision], until end: Int) -> [ReplayDecision] {
        var fleet = Fleet(initial: initialInstances, startupSeconds: model.startupSeconds)
        var steps = [ReplayDecision(second: 0, desired: initialInstances)]
        var (second, next) = (0, 0)
        while second < end {
            var wish = fleet.desired
            while next < decisions.count, decisions[next].second <= second {
                wish = model.clamped(decisions[next].desired)
                next += 1
            }
            fleet.advance(to: second, wanting: wish)
            if fleet.ready != steps[steps.count - 1].desired {
                if steps[steps.count - 1].second == second { steps.removeLast() }
                steps.append(ReplayDecision(second: second, desired: fleet.ready))
            }
            second = min(next < decisions.count ? decisions[next].second : end, fleet.nextReady)
        }
        return steps
    }
}
