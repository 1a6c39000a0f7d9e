import Kernels
import Series
import Units

/// Autopilot's horizontal scaling (Rzadca and others, "Autopilot: workload autoscaling at Google", EuroSys 2020): every 5 minutes the 95th
/// percentile of total usage over 72 h, in means of 5 minutes, over `target` of what an instance sustains.
///
/// Stabilised as published: the highest such count of the last 48 h decides (most jobs there defer for two to three days), a
/// cut goes so slowly that the count halves in an hour, and changes of a tenth or less are ignored. Nothing changes while
/// the newest 5 minutes are missing.
package struct AutopilotHorizontal: ScalingPolicy {
    package let name: String
    private let service: ServiceModel
    private let target: Double
    private var recommendations = WindowMaximum(seconds: 48 * 3_600)
    private var updatedAt: Timestamp?
    /// The count in full precision, so that a small one decays as slowly as a large one.
    private var level = 0.0

    private static let window = 300, windows = 72 * 3_600 / 300
    private static let smallChange = 0.1
    /// 2 to the power of -1/12: twelve steps of 5 minutes halve.
    private static let decay = exponential(-logarithm(2) / 12)

    /// - Precondition: `target`, the share of `perInstance` aimed at, is above 0.
    package init(name: String, service: ServiceModel, target: Double) {
        precondition(target > 0, "a target above 0")
        (self.name, self.service, self.target) = (name, service, target)
    }

    package mutating func decide(_ observation: Observation) -> Decision {
        let current = observation.desired, now = observation.now
        if let updatedAt, now.seconds(since: updatedAt) < Double(Self.window) {
            return .held(current, .unchanged, service)
        }
        guard let usage = usage(observation.demand) else { return .held(current, .demandUnknown, service) }
        updatedAt = now
        let wish = service.instances(forRate: usage, target: target)
        let stable = recommendations.highest(adding: wish, at: now)
        let count = settle(stable, current)
        let candidates = [wish, stable, count].map { Decision.Candidate(.policyRule, $0) }
        return .settled(count, candidates, count == current ? .unchanged : .policyRule, service)
    }

    private mutating func settle(_ wish: Int, _ current: Int) -> Int {
        if count != current { level = Double(current) }
        if abs(Double(wish - current)) <= Self.smallChange * Double(current) { return current }
        level = max(Double(wish), level * (wish < current ? Self.decay : 0))
        return count
    }

    private var count: Int { Int(clamping: (level - 1e-9).rounded(.up)) }

    /// The 95th percentile, per second; nil where the newest mean is missing.
    private func usage(_ demand: KnownDemand) -> Double? {
        let each = max(1, Self.window / demand.step)
        var newest = demand.suffix(each * Self.windows)
        guard newest.suffix(each).contains(where: \.isFinite) else { return nil }
        var means: [Double] = []
        while !newest.isEmpty {
            let known = newest.suffix(each).filter(\.isFinite)
            if !known.isEmpty { means.append(known.reduce(0) { $0 + max($1, 0) } / Double(known.count)) }
            newest = newest.dropLast(each)
        }
        return service.rate(ofRow: quantile(ofSorted: means.sorted(), 0.95), step: demand.step)?.perSecond
    }
}
