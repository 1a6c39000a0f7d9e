import Kernels
import Series
import Units

/// Starts ahead of forecast demand, and keeps what would soon have to be started again.
///
/// A start is decided on the demand of the window that it would be the first to serve; an instance is stopped only when
/// neither that window nor the time until it could be back asks for it. Beside the forecast stand what was observed last, a memory
/// of recent shortfalls, an estimate of what waits, and a hold through sudden drops. Where starts or short runs have a price
/// of their own, an instance is stopped only if the chance that it is wanted back before it has saved that is small enough.
package struct PredictivePlanner: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let tick: Int
    private let dial: Double
    private let keepLevel: Double
    private let metricWindowSeconds: Int
    private var ledger = ForecastLedger()
    private var shortfall = ShortfallMemory()
    private var backlog = BacklogEstimate()
    private var outage = OutageHold()
    private var rowsSeen: Int64?

    /// `aggressiveness` is the share of demand that is to be served in time, within (0, 1): `lateLevel` makes it the quantile of a
    /// row. `keepLevel` is the quantile beyond the lead time, where stopping is weighed against starting again. What is observed
    /// is the mean of the rows that ended within `metricWindowSeconds`, or the last one where rows are longer.
    package init(
        name: String, service: ServiceModel, tick: Int, aggressiveness: Double, keepLevel: Double = 0.6,
        metricWindowSeconds: Int = 60
    ) {
        precondition(aggressiveness > 0 && aggressiveness < 1 && tick >= 1, "a quantile within (0, 1), a tick of 1 s")
        (self.name, self.service, self.tick) = (name, service, tick)
        (dial, self.keepLevel) = (aggressiveness, min(keepLevel, aggressiveness))
        self.metricWindowSeconds = metricWindowSeconds
    }

    package func forecastHorizon(step: Int, tick: Int) -> Int {
        let lead = service.startupSeconds
        return (lead + max(lead, service.limits.breakEvenSeconds) + tick) / step + 2
    }

    package var operatingLevel: Double? { dial }

    package mutating func decide(_ observation: Observation) -> Decision {
        learn(observation)
        let reactive = observedRate(observation.demand).map { service.instances(forRate: $0, level: dial) }
        guard let forecast = observation.forecast, forecast.horizon > 0 else {
            guard let reactive else { return .held(observation.desired, .demandUnknown, service) }
            return .settled(reactive, [.init(.reactive, reactive)], .reactive, service)
        }
        note(forecast, leadSeconds: observation.leadSeconds(service))
        return decide(observation, on: forecast, reactive: reactive)
    }

    private func observedRate(_ demand: KnownDemand) -> Double? {
        service.recentRate(demand, over: metricWindowSeconds)
    }

    private func decide(_ observation: Observation, on forecast: QuantileForecast, reactive: Int?) -> Decision {
        let (now, current, lead) = (observation.now, observation.desired, observation.leadSeconds(service))
        let window = ForecastWindow(forecast, service)
        let plan = service.rungs.isEmpty ? plan(window, now, lead) : planOnRungs(window, now, lead)
        let drain = drainInstances(observation, window)
        // Where the newest row is missing, nothing is stopped on the word of a forecast alone.
        let up = max(plan.start, reactive ?? 0, drain?.start ?? 0)
        let keep = max(up, plan.keep, reactive ?? current, min(drain?.keep ?? 0, current))
        let held = outage.count(at: now.wholeSeconds) ?? 0
        var candidates = [Decision.Candidate(plan.reason, plan.start), .init(.forecastUntilRestart, keep)]
        if let reactive { candidates.append(.init(.reactive, reactive)) }
        if let drain { candidates.append(.init(.backlog, drain.start)) }
        if held > 0 { candidates.append(.init(.suddenDrop, held)) }
        let wish: Int, reason: Decision.Reason
        if current < up {
            (wish, reason) = (up, plan.start >= up ? plan.reason : reactive == up ? .reactive : .backlog)
        } else if current > max(keep, held) {
            (wish, reason) = (max(keep, held), held > keep ? .suddenDrop : .forecastUntilRestart)
        } else {
            (wish, reason) = (current, current > keep ? .suddenDrop : .unchanged)
        }
        return .settled(wish, candidates, reason, service, standby: plan.standby)
    }

    /// What the forecast alone asks for.
    private struct Plan {
        /// To be there when a start decided now serves, and not to go below.
        let start: Int, keep: Int
        let reason: Decision.Reason
        var standby: [StandbyCount] = []
    }

    private func plan(_ window: ForecastWindow, _ now: Timestamp, _ lead: Int) -> Plan {
        let level = lateLevel(dial: dial, leadSeconds: lead, step: window.step), factor = shortfall.factor
        let ahead = window.instances(now.advanced(bySeconds: lead), lasting: tick, level, factor)
        let soon = window.instances(now, lasting: lead + tick, level, factor)
        let later = laterInstances(window, from: now.advanced(bySeconds: lead + tick), lead: lead)
        return Plan(start: ahead, keep: max(soon, later), reason: .forecastOverLeadTime)
    }

    /// With rungs between serving and not being there, what serves is only what could not be promoted in time.
    private func planOnRungs(_ window: ForecastWindow, _ now: Timestamp, _ lead: Int) -> Plan {
        let factor = shortfall.factor, each = service.perInstance.perSecond
        let counts = standbyPlan(
            rungs: service.rungs, coldSeconds: lead,
            level: lateLevel(dial: dial, leadSeconds: lead, step: window.step), most: service.maxInstances
        ) { seconds, instances in
            window.chance(now, lasting: seconds + tick, above: Double(instances - 1) * each / factor)
        }
        let serving = counts.first ?? 0
        let standby = zip(service.rungs, counts.dropFirst()).map { StandbyCount($0.kind, $1) }
        return Plan(start: serving, keep: serving, reason: .standbyRungs, standby: standby)
    }

    /// What is worth keeping beyond the lead time.
    ///
    /// Where a start has a price, stopping is a ski rental: an instance is kept while the chance that it is wanted back before the
    /// stop has saved that price exceeds 1/2 - 1/e. The rows of such a time move together, so the highest of their quantiles
    /// stands for the quantile of the highest.
    private func laterInstances(_ window: ForecastWindow, from start: Timestamp, lead: Int) -> Int {
        let breakEven = service.limits.breakEvenSeconds
        guard breakEven > 0 else { return window.instances(start, lasting: lead, keepLevel) }
        return window.instances(start, lasting: max(lead, breakEven), 0.5 + exponential(-1))
    }

    /// Instances that serve what is expected and what waits: to start now, and to keep until it is served. Nil where nothing
    /// worth a second of an instance waits.
    ///
    /// Extra instances k take B/k to serve a backlog B, in which n instances' worth of requests is late, and cost their start-up
    /// time L each: at the price ratio that the dial stands for, c = dial/(1 - dial), the least of k·L + c·n·B/k is at
    /// k = √(c·n·B/L). At most two more for each that is needed, and four.
    private func drainInstances(_ observation: Observation, _ window: ForecastWindow) -> (start: Int, keep: Int)? {
        let (now, each) = (observation.now, service.perInstance.perSecond)
        let leadSeconds = observation.leadSeconds(service)
        let lead = Double(leadSeconds), tick = Double(tick)
        let running = window.highest(now, lasting: 1, keepLevel)
        let waiting = backlog.requests(at: now.wholeSeconds, rate: running)
        guard backlog.requests > 0 else { return nil }
        let expected = window.highest(now.advanced(bySeconds: leadSeconds), lasting: 1, keepLevel)
        let rate = max(expected, observedRate(observation.demand) ?? 0)
        // What is starting will have served for half of the time that another start takes, on average.
        let serving = Double(observation.ready) + Double(observation.starting) / 2
        let then = max(0, waiting + (rate - serving * each) * lead) / each
        guard then > 1 else { return nil }
        let needed = rate / each
        let best = (dial / (1 - dial) * max(needed, 1) * then / max(lead, tick)).squareRoot()
        let extra = min(best, then / tick, 2 * needed + 4)
        return (
            service.instances(forRate: rate + extra * each), service.instances(forRate: running + waiting / tick)
        )
    }

    /// Compares the rows that have ended with what was forecast for them.
    private mutating func learn(_ observation: Observation) {
        let demand = observation.demand, end = demand.end.wholeSeconds
        let step = observation.forecast?.step ?? demand.step
        backlog.advance(
            to: observation.now.wholeSeconds, rowsEnd: end,
            arrived: rowsSeen.flatMap { demand.requests(from: $0, to: end, service) },
            perSecond: Double(observation.ready) * service.perInstance.perSecond)
        rowsSeen = max(rowsSeen ?? end, end)
        while let entry = ledger.next(endedBy: end, step: step) {
            guard let requests = demand.requests(from: entry.start, to: entry.start + Int64(step), service) else {
                continue
            }
            let actual = requests / Double(step)
            if let planned = entry.planned {
                shortfall.learn(actual: actual, planned: max(planned, service.perInstance.perSecond), seconds: step)
            }
            if let low = entry.low {
                outage.learn(
                    actual: actual, low: low, desired: observation.desired, end: entry.start + Int64(step),
                    window: observation.leadSeconds(service) + tick, dial: dial)
            }
        }
    }

    /// Remembers what is planned for the row that a start decided now serves last, and what is likely in the next.
    private mutating func note(_ forecast: QuantileForecast, leadSeconds lead: Int) {
        let window = ForecastWindow(forecast, service)
        let origin = forecast.origin.wholeSeconds, row = (lead + tick - 1) / forecast.step
        let level = lateLevel(dial: dial, leadSeconds: lead, step: forecast.step)
        ledger.note(start: origin, low: window.rate(row: 0, forecast.levels[0]))
        ledger.note(start: origin + Int64(row * forecast.step), planned: window.rate(row: row, level))
    }
}

extension Observation {
    /// Seconds that a start decided now takes.
    fileprivate func leadSeconds(_ service: ServiceModel) -> Int { lead?.seconds ?? service.startupSeconds }
}
extension Timestamp {
    fileprivate var wholeSeconds: Int64 { millisecondsSinceEpoch / 1_000 }
}

extension KnownDemand {
    /// Requests within [`from`, `to`), both row boundaries; nil where a row of it is missing or not known.
    fileprivate func requests(from: Int64, to: Int64, _ service: ServiceModel) -> Double? {
        let begin = start.millisecondsSinceEpoch / 1_000
        let first = Int(from - begin) / step, end = Int(to - begin) / step
        guard from >= begin, first >= 0, end <= count, first < end else { return nil }
        var sum = 0.0
        for row in first..<end {
            guard let rate = service.rate(ofRow: self[row], step: step) else { return nil }
            sum += rate.perSecond * Double(step)
        }
        return sum
    }
}
