import Series
import Units

/// Starts ahead of forecast demand, and keeps what would soon have to be started again.
///
/// A start is decided on the demand of the window that it would be the first to serve; an instance is stopped only when
/// neither that window nor the time until it could be back asks for it. Beside the forecast stand what was observed last, a memory
/// of recent shortfalls, an estimate of what waits, and a hold through sudden drops.
package struct PredictivePlanner: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let tick: Int
    private let dial: Double
    private let keepLevel: Double
    private var ledger = ForecastLedger()
    private var shortfall = ShortfallMemory()
    private var backlog = BacklogEstimate()
    private var outage = OutageHold()
    private var rowsSeen: Int64?

    /// `aggressiveness` is the share of demand that is to be served in time, within (0, 1): `lateLevel` makes it the quantile of a
    /// row. `keepLevel` is the quantile beyond the lead time, where stopping is weighed against starting again.
    package init(
        name: String, service: ServiceModel, tick: Int, aggressiveness: Double, keepLevel: Double = 0.6
    ) {
        precondition(aggressiveness > 0 && aggressiveness < 1 && tick >= 1, "a quantile within (0, 1), a tick of 1 s")
        (self.name, self.service, self.tick) = (name, service, tick)
        (dial, self.keepLevel) = (aggressiveness, min(keepLevel, aggressiveness))
    }

    package func forecastHorizon(step: Int, tick: Int) -> Int { (2 * service.startupSeconds + tick) / step + 2 }

    package var operatingLevel: Double? { dial }

    package mutating func decide(_ observation: Observation) -> Decision {
        learn(observation)
        let reactive = service.reactiveInstances(observation.demand)
        guard let forecast = observation.forecast, forecast.horizon > 0 else {
            guard let reactive else { return .held(observation.desired, .demandUnknown, service) }
            return .settled(reactive, [.init(.reactive, reactive)], .reactive, service)
        }
        note(forecast)
        return decide(observation, on: forecast, reactive: reactive)
    }

    private func decide(_ observation: Observation, on forecast: QuantileForecast, reactive: Int?) -> Decision {
        let (now, current, lead) = (observation.now, observation.desired, service.startupSeconds)
        let window = ForecastWindow(forecast, service)
        let level = lateLevel(dial: dial, leadSeconds: lead, step: forecast.step)
        let ahead = service.instances(
            forRate: shortfall.factor * window.highest(now.advanced(bySeconds: lead), lasting: tick, level))
        let soon = service.instances(
            forRate: shortfall.factor * window.highest(now, lasting: lead + tick, level))
        let later = service.instances(
            forRate: window.highest(now.advanced(bySeconds: lead + tick), lasting: lead, keepLevel))
        let drain = drainInstances(observation, window)
        // Where the newest row is missing, nothing is stopped on the word of a forecast alone.
        let up = max(ahead, reactive ?? 0, drain?.start ?? 0)
        let keep = max(up, soon, later, reactive ?? current, min(drain?.keep ?? 0, current))
        let held = outage.count(at: now.wholeSeconds, window: lead + tick, dial: dial) ?? 0
        var candidates = [Decision.Candidate(.forecastOverLeadTime, ahead), .init(.forecastUntilRestart, keep)]
        if let reactive { candidates.append(.init(.reactive, reactive)) }
        if let drain { candidates.append(.init(.backlog, drain.start)) }
        if held > 0 { candidates.append(.init(.suddenDrop, held)) }
        if current < up {
            let reason: Decision.Reason =
                ahead >= up ? .forecastOverLeadTime : reactive == up ? .reactive : .backlog
            return .settled(up, candidates, reason, service)
        }
        if current > max(keep, held) {
            return .settled(max(keep, held), candidates, held > keep ? .suddenDrop : .forecastUntilRestart, service)
        }
        return .settled(current, candidates, current > keep ? .suddenDrop : .unchanged, service)
    }

    /// Instances that serve what is expected and what waits: to start now, and to keep until it is served. Nil where nothing
    /// worth a second of an instance waits.
    ///
    /// Extra instances k take B/k to serve a backlog B, in which n instances' worth of requests is late, and cost their start-up
    /// time L each: at the price ratio that the dial stands for, c = dial/(1 - dial), the least of k·L + c·n·B/k is at
    /// k = √(c·n·B/L). At most two more for each that is needed, and four.
    private func drainInstances(_ observation: Observation, _ window: ForecastWindow) -> (start: Int, keep: Int)? {
        let (now, each) = (observation.now, service.perInstance.perSecond)
        let lead = Double(service.startupSeconds), tick = Double(tick)
        let running = window.highest(now, lasting: 1, keepLevel)
        let waiting = backlog.requests(at: now.wholeSeconds, rate: running)
        guard backlog.requests > 0 else { return nil }
        let expected = window.highest(now.advanced(bySeconds: service.startupSeconds), lasting: 1, keepLevel)
        let rate = max(expected, service.observedRate(observation.demand) ?? 0)
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
                    leadSeconds: service.startupSeconds)
            }
        }
    }

    /// Remembers what is planned for the row that a start decided now serves last, and what is likely in the next.
    private mutating func note(_ forecast: QuantileForecast) {
        let window = ForecastWindow(forecast, service), lead = service.startupSeconds
        let origin = forecast.origin.wholeSeconds, row = (lead + tick - 1) / forecast.step
        let level = lateLevel(dial: dial, leadSeconds: lead, step: forecast.step)
        ledger.note(start: origin, low: window.rate(row: 0, forecast.levels[0]))
        ledger.note(start: origin + Int64(row * forecast.step), planned: window.rate(row: row, level))
    }
}

/// A forecast as rates per second; rows past its horizon are taken to be like the last.
private struct ForecastWindow {
    private let forecast: QuantileForecast
    private let service: ServiceModel

    init(_ forecast: QuantileForecast, _ service: ServiceModel) { (self.forecast, self.service) = (forecast, service) }

    func rate(row: Int, _ level: Double) -> Double {
        let value = forecast.value(row: min(max(row, 0), forecast.horizon - 1), level: level)
        return service.rate(ofRow: value, step: forecast.step)?.perSecond ?? 0
    }

    /// Of the rows within [`start`, `start` + `seconds`).
    func highest(_ start: Timestamp, lasting seconds: Int, _ level: Double) -> Double {
        let last = forecast.horizon - 1
        let first = min(max(forecast.grid.row(holding: start), 0), last)
        let end = min(max(forecast.grid.row(holding: start.advanced(bySeconds: max(seconds, 1) - 1)), first), last)
        var highest = 0.0
        for row in first...end { highest = max(highest, rate(row: row, level)) }
        return highest
    }
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

extension ServiceModel {
    /// Instances that sustain `rate` per second, within the limits.
    package func instances(forRate rate: Double) -> Int {
        let exact = (rate / perInstance.perSecond - 1e-9).rounded(.up)
        return exact >= Double(maxInstances) ? maxInstances : clamped(Int(max(exact, 0)))
    }

    /// Demand per second in the last row that ended; nil where it is missing.
    func observedRate(_ demand: KnownDemand) -> Double? {
        guard demand.count > 0 else { return nil }
        return rate(ofRow: demand[demand.count - 1], step: demand.step)?.perSecond
    }

    /// Instances for the last row that ended; nil where it is missing.
    func reactiveInstances(_ demand: KnownDemand) -> Int? { observedRate(demand).map(instances(forRate:)) }
}

extension Decision {
    /// `wish` within the limits; a limit that changed it is the binding reason.
    static func settled(
        _ wish: Int, _ candidates: [Candidate], _ reason: Reason, _ service: ServiceModel
    ) -> Decision {
        let desired = service.clamped(wish)
        let binding: Reason = desired == wish ? reason : desired < wish ? .maxInstances : .minInstances
        return Decision(desired: desired, candidates: candidates, binding: binding)
    }

    static func held(_ current: Int, _ reason: Reason, _ service: ServiceModel) -> Decision {
        settled(current, [Candidate(reason, current)], reason, service)
    }
}
