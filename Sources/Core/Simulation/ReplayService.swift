package import Planning
package import Series
import Units

/// A service field that cannot be used, in words that name it.
package struct ReplayError: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// The service that a trace is replayed against.
package struct ReplayService: Hashable, Sendable {
    package enum Gaps: String, Sendable { case missing, zero }

    package let model: ServiceModel
    /// Ready at the first second, within the limits.
    package let initialInstances: Int
    package let gaps: Gaps
    /// How long starts take where they differ; the fluid replay itself starts every instance in `model.startupSeconds`.
    package let startup: DurationDistribution?

    package init(
        perInstance: Double, startupSeconds: Double, sloWaitSeconds: Double, minInstances: Int, maxInstances: Int,
        initialInstances: Int? = nil, gaps: Gaps = .missing, kind: DemandKind = .count, idleCost: Double? = nil,
        lateCost: Double? = nil, startup: DurationDistribution? = nil, queue: QueueModel? = nil,
        limits: PlanLimits = .none
    ) throws(ReplayError) {
        guard let each = DemandRate(perSecond: perInstance), perInstance > 0 else {
            throw ReplayError("service: perInstance = \(perInstance) must be above 0")
        }
        for (name, value) in [("startupSeconds", startupSeconds), ("sloWaitSeconds", sloWaitSeconds)]
        where !(value >= 0 && value <= 1e9) {
            throw ReplayError("service: \(name) = \(value) must be between 0 and 1e9")
        }
        guard minInstances >= 0 else { throw ReplayError("service: minInstances = \(minInstances) is below 0") }
        guard (minInstances...max(minInstances, 1_000_000_000)).contains(maxInstances) else {
            throw ReplayError(
                "service: maxInstances = \(maxInstances) must lie between minInstances = \(minInstances) and 1e9")
        }
        model = ServiceModel(
            perInstance: each, startupSeconds: Int(startupSeconds.rounded(.up)), sloWaitSeconds: sloWaitSeconds,
            minInstances: minInstances, maxInstances: maxInstances, kind: kind,
            prices: try Self.prices(idleCost, lateCost), queue: queue, limits: limits)
        if let budget = limits.budget, budget.instances < Double(minInstances) {
            throw ReplayError("service: limits.budgetHours does not pay for minInstances = \(minInstances)")
        }
        self.startup = try startup?.checked("startup")
        self.initialInstances = model.clamped(initialInstances ?? minInstances)
        self.gaps = gaps
    }

    /// The service as a policy plans for it.
    package var planned: ServiceModel { startup.map { model.starting(inSeconds: $0.lead.seconds) } ?? model }

    private static func prices(_ idle: Double?, _ late: Double?) throws(ReplayError) -> Prices? {
        guard let idle, let late else {
            if idle == nil && late == nil { return nil }
            throw ReplayError("service: \(idle == nil ? "idleCost" : "lateCost") is missing beside the other price")
        }
        guard let prices = Prices(idlePerInstanceHour: idle, latePerRequest: late) else {
            throw ReplayError("service: idleCost = \(idle) and lateCost = \(late) must be finite and not below 0")
        }
        return prices
    }
}
