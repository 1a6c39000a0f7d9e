import Units

/// Why a policy cannot be made, in words for an operator.
package struct PolicyError: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Every policy by name.
package enum PolicyCatalogue {
    package static let forms = ["predictive[:aggressiveness|auto]", "hpa[:target]", "fixed:N", "peak", "clairvoyant"]

    /// The policy that `text` names. `peak` needs `peakRate`, the highest demand per second of the scored part, and
    /// `clairvoyant` the `schedule` to follow. Throws where there is no such policy or its argument will not do.
    package static func policy(
        parsing text: String, service: ServiceModel, tick: Int = 15, peakRate: Double? = nil,
        schedule: [SchedulePolicy.Entry]? = nil
    ) throws(PolicyError) -> any ScalingPolicy {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let argument = parts.count > 1 ? parts[1] : nil
        switch (parts[0], argument) {
        case ("predictive", _):
            let level = try aggressiveness(argument, service)
            let planner = PredictivePlanner(name: text, service: service, tick: tick, aggressiveness: level)
            return service.limits == .none ? planner : LimitedPolicy(planner, service: service, tick: tick)
        case ("hpa", _):
            guard let target = Double(argument ?? "0.7"), target > 0, target.isFinite else {
                throw PolicyError("policy \(text): the target must be a number above 0, as in hpa:0.7")
            }
            return HorizontalPodAutoscaler(name: text, service: service, target: target)
        case ("fixed", _):
            guard let count = argument.flatMap({ Int($0) }), count >= 0 else {
                throw PolicyError("policy \(text): give a whole number of instances, as in fixed:10")
            }
            return FixedPolicy(name: text, service: service, count: count)
        case ("peak", nil):
            guard let peakRate else { throw PolicyError("policy peak exists in a backtest only: it needs the maximum") }
            return FixedPolicy(name: text, service: service, count: service.instances(forRate: peakRate))
        case ("clairvoyant", nil):
            guard let schedule else { throw PolicyError("policy clairvoyant exists in a backtest only") }
            return SchedulePolicy(name: text, service: service, entries: schedule)
        default:
            throw PolicyError("no policy \"\(text)\"; there are \(forms.joined(separator: ", "))")
        }
    }

    private static func aggressiveness(_ text: String?, _ service: ServiceModel) throws(PolicyError) -> Double {
        if text == "auto" { return try newsvendorLevel(service) }
        guard let level = Double(text ?? "0.95"), level > 0, level < 1 else {
            throw PolicyError("policy predictive:\(text ?? ""): give a quantile between 0 and 1, or auto")
        }
        return level
    }

    /// The newsvendor's critical ratio, where a late request costs its price and an idle instance its hour.
    package static func newsvendorLevel(_ service: ServiceModel) throws(PolicyError) -> Double {
        guard let prices = service.prices else {
            throw PolicyError("policy predictive:auto needs idleCost and lateCost in the service")
        }
        let late = prices.latePerRequest * service.perInstance.perSecond * 3_600
        let level = late / (late + prices.idlePerInstanceHour)
        guard level.isFinite else { throw PolicyError("policy predictive:auto: idleCost and lateCost are both 0") }
        return min(max(level, 0.01), 0.999)
    }
}
