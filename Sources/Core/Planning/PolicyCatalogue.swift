import Units

/// Every policy by name. To add one: a file under `Baselines/` and an entry here.
package enum PolicyCatalogue {
    /// How each family is written.
    package static let forms = families.map(\.usage)

    /// The names over which a frontier sweeps `family`; none where there is no such family.
    package static func sweep(_ family: String) -> [String] { families.first { $0.family == family }?.sweep ?? [] }

    /// The policy that `text` names. `peak` needs `peakRate`, the highest demand per second of the scored part, and
    /// `clairvoyant` the `schedule` to follow. Scheduled floors of `service` are under every one of them; what else limits a plan is
    /// `predictive`'s alone, as peers have rules of their own for it. Throws where there is no such policy or its argument will not do.
    package static func policy(
        parsing text: String, service: ServiceModel, tick: Int = 15, peakRate: Double? = nil,
        schedule: [SchedulePolicy.Entry]? = nil
    ) throws(PolicyError) -> any ScalingPolicy {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let form = families.first(where: { $0.family == parts[0] }) else { throw unknown(text, parts[0]) }
        let request = PolicyRequest(
            text: text, service: service, tick: tick, peakRate: peakRate, schedule: schedule)
        let policy = try form.policy(parts.count > 1 ? parts[1] : nil, request)
        var floors = PlanLimits.none
        floors.schedules = service.limits.schedules
        guard !floors.schedules.isEmpty, !(policy is LimitedPolicy) else { return policy }
        return LimitedPolicy(policy, service: service.limited(to: floors), tick: tick)
    }

    private static func unknown(_ text: String, _ family: String) -> PolicyError {
        let starts = families.first { !family.isEmpty && $0.family.hasPrefix(family) }?.family
        let hint = starts ?? nearestName(to: family, among: families.map(\.family))
        let list = forms.joined(separator: ", ")
        return PolicyError("no policy \"\(text)\"\(hint.map { "; did you mean \($0)?" } ?? ";") There are \(list)")
    }

    /// The newsvendor's critical ratio, where a late request costs its price and an idle instance its hour.
    package static func newsvendorLevel(_ service: ServiceModel) throws(PolicyError) -> Double {
        guard let prices = service.prices else {
            throw PolicyError(
                "policy predictive:auto needs idleCost and lateCost in the service, or a quantile, as in predictive:0.95"
            )
        }
        let late = prices.latePerRequest * service.perInstance.perSecond * 3_600
        let level = late / (late + prices.idlePerInstanceHour)
        guard level.isFinite else { throw PolicyError("policy predictive:auto: idleCost and lateCost are both 0") }
        return min(max(level, 0.01), 0.999)
    }
}

extension PolicyCatalogue {
    private static let targets = stride(from: 25, through: 95, by: 5).map { Double($0) / 100 }

    /// The share of `perInstance` that an instance is to be loaded to.
    private static func target(standard: Double, sweep: [Double] = targets) -> PolicyKnob {
        PolicyKnob(
            "target", "the share of an instance's capacity that is aimed at", in: 0.01...10, standard: standard,
            sweep: sweep)
    }

    private static let quantile = PolicyKnob(
        "aggressiveness", "the quantile of demand that capacity is to cover", in: 0.001...0.9999, standard: 0.95,
        sweep: [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999], word: "auto")
    private static let headroom = PolicyKnob(
        "headroom", "the share on top of what was needed then", in: 0...100, standard: 0.2,
        sweep: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5])
    private static let spare = PolicyKnob(
        "idle", "the instances beyond those that serve", in: 0...1_000_000, standard: 1,
        sweep: [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40], isWhole: true)
    private static let startCost = PolicyKnob(
        "seconds", "the time of holding an instance that a start costs", in: 1...2_592_000, standard: 600,
        sweep: [15, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800], isWhole: true)
    private static let count = PolicyKnob(
        "N", "the instances", in: 0...1_000_000_000, standard: nil,
        sweep: [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50, 60, 80, 100, 130, 160], isWhole: true)

    /// The table of all of them: how they are written, what they are, and what they are tuned by.
    package static let families: [PolicyForm] = [
        PolicyForm("predictive", "starts ahead of forecast demand", knob: quantile) {
            request throws(PolicyError) in
            let level = if let number = request.number { number } else { try newsvendorLevel(request.service) }
            let planner = PredictivePlanner(
                name: request.text, service: request.service, tick: request.tick, aggressiveness: level)
            guard request.service.limits != .none else { return planner }
            return LimitedPolicy(planner, service: request.service, tick: request.tick)
        },
        PolicyForm("hpa", "Kubernetes' Horizontal Pod Autoscaler", knob: target(standard: 0.7)) {
            HorizontalPodAutoscaler(name: $0.text, service: $0.service, target: $0.number ?? 0.7)
        },
        PolicyForm("kpa", "Knative's pod autoscaler", knob: target(standard: 0.7)) {
            KnativePodAutoscaler(name: $0.text, service: $0.service, target: $0.number ?? 0.7)
        },
        PolicyForm("keda", "KEDA: hpa, and to zero and back", knob: target(standard: 0.7)) {
            KEDAScaler(name: $0.text, service: $0.service, target: $0.number ?? 0.7)
        },
        PolicyForm("aws-like", "predictive scaling and target tracking", knob: target(standard: 0.7)) {
            AWSLike(name: $0.text, service: $0.service, target: $0.number ?? 0.7)
        },
        PolicyForm("crane-like", "hpa on the highest of the next hour too", knob: target(standard: 0.7, sweep: ahead)) {
            PredictedMetricAutoscaler.crane(name: $0.text, service: $0.service, target: $0.number ?? 0.7)
        },
        PolicyForm("phpa-like", "hpa on a Holt-Winters forecast too", knob: target(standard: 0.7, sweep: ahead)) {
            PredictedMetricAutoscaler.holtWinters(name: $0.text, service: $0.service, target: $0.number ?? 0.7)
        },
        PolicyForm("tortoise-like", "hpa over half of the hour's past", knob: target(standard: 0.7)) {
            TortoiseLike(name: $0.text, service: $0.service, target: $0.number ?? 0.7)
        },
        PolicyForm("autopilot", "Autopilot's horizontal scaling", knob: target(standard: 0.7, sweep: wide)) {
            AutopilotHorizontal(name: $0.text, service: $0.service, target: $0.number ?? 0.7)
        },
        PolicyForm("app-engine-like", "idle instances as a moving buffer", knob: spare) {
            KeptInstances.appEngine(name: $0.text, service: $0.service, spare: Int(clamping: $0.number ?? 1))
        },
        PolicyForm("seasonal-naive", "last week's or yesterday's same time", knob: headroom) {
            SeasonalSchedule(name: $0.text, service: $0.service, headroom: $0.number ?? 0.2, tick: $0.tick)
        },
        PolicyForm("cron", "last week's or yesterday's same hour", knob: headroom) {
            SeasonalSchedule(
                name: $0.text, service: $0.service, headroom: $0.number ?? 0.2, tick: $0.tick, slot: 3_600)
        },
        PolicyForm("lcp", "lazy capacity provisioning", knob: startCost) {
            KeptInstances.lazy(name: $0.text, service: $0.service, startCost: Int(clamping: $0.number ?? 600))
        },
        PolicyForm("fixed", "the same count always", knob: count) {
            FixedPolicy(name: $0.text, service: $0.service, count: Int(clamping: $0.number ?? 0))
        },
        PolicyForm("peak", "the count for the highest demand") { request throws(PolicyError) in
            guard let peakRate = request.peakRate else {
                throw PolicyError("policy peak exists in a backtest only: it needs the maximum")
            }
            let count = request.service.instances(forRate: peakRate)
            return FixedPolicy(name: request.text, service: request.service, count: count)
        },
        PolicyForm("clairvoyant", "the cheapest plan with no wait, known ahead") { request throws(PolicyError) in
            guard let schedule = request.schedule else {
                throw PolicyError("policy clairvoyant exists in a backtest only")
            }
            return SchedulePolicy(name: request.text, service: request.service, entries: schedule)
        },
    ]

    /// Of those that look ahead: above 1 the forecast alone gives the headroom.
    private static let ahead = targets + [1, 1.1, 1.25]
    private static let wide = [0.1, 0.15, 0.2] + targets + [1, 1.1, 1.25]
}
