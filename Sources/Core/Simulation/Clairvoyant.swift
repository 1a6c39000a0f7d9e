import Planning
import Units

/// The cheapest plan with no wait once start-up allows: the k-th instance is there while at least k are needed, started a
/// start-up before, and kept over a gap in its need that is no longer than a start-up. A scheduled floor is a need.
///
/// Complexity: linear in the rows and in the changes of the need.
package func clairvoyantDecisions(_ trace: ReplayTrace, service: ReplayService) -> [ReplayDecision] {
    var plan = ClairvoyantPlan(startup: service.model.startupSeconds)
    let (model, rates, step) = (service.model, trace.rates, trace.step)
    let end = trace.start.advanced(bySeconds: trace.seconds)
    let floors = model.limits.schedules.steps(within: trace.start..<end)
    // Inside a gap the need is held; before anything is known it is that of no demand.
    var (rate, floor, need, next) = (0.0, 0, model.instances(forRate: 0), 0)
    func settle(at second: Int) {
        let wanted = model.clamped(max(model.instances(forRate: rate), floor))
        if wanted != need { plan.change(to: wanted, at: second) }
        need = wanted
    }
    func raiseFloor(until second: Int) {
        while next < floors.count, Int(floors[next].at.seconds(since: trace.start)) <= second {
            floor = floors[next].instances
            settle(at: Int(floors[next].at.seconds(since: trace.start)))
            next += 1
        }
    }
    plan.change(to: need, at: 0)
    for row in rates.indices where !rates[row].isNaN && (rates[row] != rate || row == 0) {
        raiseFloor(until: row * step)
        rate = rates[row]
        settle(at: row * step)
    }
    raiseFloor(until: trace.seconds)
    return plan.decisions
}

/// Starts and stops, each ascending; a stop that turns out to be none is taken back.
private struct ClairvoyantPlan {
    private let startup: Int
    private var need = 0
    private var starts: [(second: Int, count: Int)] = [], stops: [(second: Int, count: Int)] = []
    /// Which entry of `stops` an instance ended with, by its number.
    private var ended: [Int?] = []

    init(startup: Int) { self.startup = startup }

    mutating func change(to next: Int, at second: Int) {
        while ended.count < next { ended.append(nil) }
        if next < need {
            for instance in next..<need { ended[instance] = stops.count }
            stops.append((second, need - next))
        }
        var started = 0
        for instance in need..<max(need, next) {
            if let stop = ended[instance], second - stops[stop].second <= startup {
                stops[stop].count -= 1
            } else {
                started += 1
            }
        }
        if started > 0 { starts.append((max(second - startup, 0), started)) }
        need = next
    }

    /// At second 0 and at every change.
    var decisions: [ReplayDecision] {
        var (want, start, stop) = (0, 0, 0)
        var decisions: [ReplayDecision] = []
        var second = 0
        repeat {
            let before = want
            while start < starts.count, starts[start].second == second {
                want += starts[start].count
                start += 1
            }
            while stop < stops.count, stops[stop].second == second {
                want -= stops[stop].count
                stop += 1
            }
            if want != before || second == 0 { decisions.append(ReplayDecision(second: second, desired: want)) }
            second = min(
                start < starts.count ? starts[start].second : .max, stop < stops.count ? stops[stop].second : .max)
        } while second < .max
        return decisions
    }
}
