import Series
import Units

/// Knative's KPA with its defaults, on demand per second: the mean of a stable window of 60 s and of a panic window of 6 s, each
/// over `target` of what an instance sustains.
///
/// Twice the ready count in the panic window starts a panic of at least 60 s, in which the count only rises. Otherwise a
/// tick may go up a thousandfold and down by half of what is ready. Zero is reached only once the revision has been active
/// for the stable window and 30 s more have passed without demand. It decides at every tick; Knative every 2 s.
///
/// Where rows are longer than the panic window, both windows hold at least the last row, so that a panic is seen only when
/// the row has ended: in rows of a minute both windows are that row. A missing row is left out of the means.
package struct KnativePodAutoscaler: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let target: Double
    /// When the panic was last called for; nil outside one.
    private var panicAt: Timestamp?
    private var highestInPanic = 0
    private var activeSince: Timestamp?, idleSince: Timestamp?
    private var hasStarted = false

    private static let stableSeconds = 60, panicSeconds = 6, graceSeconds = 30.0
    private static let panicThreshold = 2.0, highestGrowth = 1_000.0

    /// - Precondition: `target` is above 0.
    package init(name: String, service: ServiceModel, target: Double) {
        precondition(target > 0, "a target above 0")
        (self.name, self.service, self.target) = (name, service, target)
    }

    package mutating func decide(_ observation: Observation) -> Decision {
        let now = observation.now, ready = Double(max(1, observation.ready))
        if !hasStarted { start(now, ready: observation.ready) }
        guard let stableRate = service.recentRate(observation.demand, over: Self.stableSeconds) else {
            return .held(observation.desired, .demandUnknown, service)
        }
        let panicRate = service.recentRate(observation.demand, over: Self.panicSeconds) ?? stableRate
        let wished = needed(stableRate), hurried = needed(panicRate)
        if hurried / ready >= Self.panicThreshold {
            panicAt = now
        } else if let since = panicAt, now.seconds(since: since) > Double(Self.stableSeconds) {
            (panicAt, highestInPanic) = (nil, 0)
        }
        let stable = limited(wished, ready), panic = limited(hurried, ready)
        if panicAt != nil { highestInPanic = max(highestInPanic, stable, panic) }
        let count = panicAt == nil ? stable : highestInPanic
        let settled = count > 0 ? active(count, now) : idle(observation.desired, now)
        let candidates = [stable, panic, settled].map { Decision.Candidate(.policyRule, $0) }
        return .settled(settled, candidates, settled == observation.desired ? .unchanged : .policyRule, service)
    }

    /// A restart beside several ready instances begins in panic, as what came before is not known.
    private mutating func start(_ now: Timestamp, ready: Int) {
        (hasStarted, activeSince) = (true, now)
        if ready > 1 { (panicAt, highestInPanic) = (now, ready) }
    }

    private func needed(_ rate: Double) -> Double {
        (rate / (service.perInstance.perSecond * target) - 1e-9).rounded(.up)
    }

    private func limited(_ wish: Double, _ ready: Double) -> Int {
        let lowest = (ready / 2).rounded(.down)
        return Int(clamping: min(max(wish, lowest), Self.highestGrowth * ready))
    }

    private mutating func active(_ count: Int, _ now: Timestamp) -> Int {
        (idleSince, activeSince) = (nil, activeSince ?? now)
        return count
    }

    private mutating func idle(_ current: Int, _ now: Timestamp) -> Int {
        let idle = idleSince ?? now
        idleSince = idle
        let wasActive = activeSince.map { now.seconds(since: $0) < Double(Self.stableSeconds) } ?? false
        if current > 0 && (wasActive || now.seconds(since: idle) < Self.graceSeconds) { return 1 }
        activeSince = nil
        return 0
    }
}
