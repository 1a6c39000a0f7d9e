import Units

/// A policy within limits that it knows nothing of: what demand asks for is its own affair, what may be done of it is said here.
///
/// The policy underneath sees the count that it has asked for itself, so that neither standby nor a step that is still under way looks
/// like capacity it would have to keep or to ask for again. A count that somebody else has set replaces it.
package struct LimitedPolicy: ScalingPolicy {
    package var name: String { base.name }
    private var base: any ScalingPolicy
    private let service: ServiceModel
    private let tick: Int
    private var ledger: BudgetLedger?
    private var wished: (own: Int, settled: Int)?
    private var highest: [(time: Timestamp, count: Int)] = []
    private var raised: Timestamp?

    /// The limits are those of `service`.
    package init(_ base: any ScalingPolicy, service: ServiceModel, tick: Int) {
        (self.base, self.service, self.tick) = (base, service, tick)
        ledger = service.limits.budget.map(BudgetLedger.init)
    }

    package func forecastHorizon(step: Int, tick: Int) -> Int { base.forecastHorizon(step: step, tick: tick) }
    package var forecastSource: ForecastSource { base.forecastSource }
    package var operatingLevel: Double? { base.operatingLevel }

    package mutating func decide(_ observation: Observation) -> Decision {
        let (limits, least) = (service.limits, service.minInstances)
        let (now, current) = (observation.now, observation.desired)
        ledger?.note(current, at: now)
        var own = limits.standby?.taken(from: current) ?? current
        if let wished, wished.settled == current { own = wished.own }
        let inner = base.decide(observation.wanting(own))
        var course = Course(inner)
        if inner.binding == .demandUnknown {
            // Nothing new is known: no step goes on towards what was wished before.
            course.begin(at: current)
        } else if let standby = limits.standby {
            course.pass(inner.desired + standby.of(inner.desired), .hotStandby)
        }
        raiseToFloor(&course, observation)
        hold(&course, current, now)
        step(&course, current)
        if let most = ledger?.most(at: now, least: least) { course.pass(min(course.count, most), .budget) }
        let decision = Decision.settled(
            course.count, course.candidates, course.reason, service, standby: inner.standby)
        if decision.desired > current { raised = now }
        // What was running until now has been noted; from now on it is this.
        ledger?.note(decision.desired, at: now)
        wished = (inner.binding == .demandUnknown ? own : inner.desired, decision.desired)
        return decision
    }

    /// A start takes its time, so that a floor counts from that much earlier on.
    private func raiseToFloor(_ course: inout Course, _ observation: Observation) {
        let lead = observation.lead?.seconds ?? service.startupSeconds
        guard
            let floor = ScheduledFloor.highest(observation.floors, from: observation.now, seconds: lead + tick)
        else { return }
        course.pass(max(course.count, floor), .scheduledFloor)
    }

    /// Cuts wait for the stabilisation window and for the minimum run.
    private mutating func hold(_ course: inout Course, _ current: Int, _ now: Timestamp) {
        let limits = service.limits
        if limits.stabilisationSeconds > 0 {
            while let last = highest.last, last.count <= course.count { highest.removeLast() }
            highest.append((now, course.count))
            highest.removeAll { now.seconds(since: $0.time) >= Double(limits.stabilisationSeconds) }
            if course.count < current, let peak = highest.first {
                course.pass(max(course.count, min(peak.count, current)), .stabilisation)
            }
        }
        if limits.minimumRunSeconds > 0, course.count < current, let raised,
            now.seconds(since: raised) < Double(limits.minimumRunSeconds)
        {
            course.pass(current, .minimumRun)
        }
    }

    private func step(_ course: inout Course, _ current: Int) {
        let limits = service.limits
        if let up = limits.stepUp, course.count > current {
            course.pass(min(course.count, current + max(up.of(current), 1)), .stepUp)
        }
        if let down = limits.stepDown, course.count < current {
            course.pass(max(course.count, current - max(down.of(current), 1)), .stepDown)
        }
    }
}

/// A count on its way through the limits, and what has been said about it.
private struct Course {
    private(set) var count: Int
    private(set) var reason: Decision.Reason
    private(set) var candidates: [Decision.Candidate]

    init(_ decision: Decision) {
        (count, reason, candidates) = (decision.desired, decision.binding, decision.candidates)
    }

    mutating func begin(at count: Int) { self.count = count }

    /// Records what a limit comes to; where it changes the count it is what binds.
    mutating func pass(_ next: Int, _ limit: Decision.Reason) {
        candidates.append(.init(limit, next))
        if next != count { (count, reason) = (next, limit) }
    }
}
