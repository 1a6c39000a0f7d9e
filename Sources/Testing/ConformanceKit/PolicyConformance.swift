import Kernels
package import Planning
import Series
import Units

/// What every scaling policy owes its callers. Each finding is a sentence; an empty list is a pass.
package struct PolicyConformance {
    private let policy: any ScalingPolicy
    private let service: ServiceModel
    private let followsDemand: Bool

    /// `policy` has not been asked yet and plans for `service`; `followsDemand` is false where counts are
    /// handed in with their times.
    package init(_ policy: any ScalingPolicy, service: ServiceModel, followsDemand: Bool = true) {
        (self.policy, self.service, self.followsDemand) = (policy, service, followsDemand)
    }

    /// The findings of the first seed that has any.
    package func findings(seeds: Range<UInt64> = 0..<200) -> [String] {
        for seed in seeds {
            let scenario = Scenario(seed: seed, policy: policy, service: service)
            let found =
                decisions(scenario) + blindness(scenario) + monotonicity(scenario) + extremes(scenario)
            if !found.isEmpty { return found.map { "\(policy.name), seed \(seed): \($0)" } }
        }
        return []
    }

    /// Within the limits, explained, and the same from a copy of the policy.
    private func decisions(_ scenario: Scenario) -> [String] {
        var (one, other) = (policy, policy)
        var desired = scenario.initial
        var findings: [String] = []
        for tick in 0..<Scenario.ticks {
            // Now and then somebody else has changed the count.
            if tick % 17 == 16 { desired = scenario.initial }
            let observation = scenario.observation(tick, desired: desired)
            let decision = one.decide(observation)
            findings += unexplained(decision, after: observation)
            if other.decide(observation) != decision { findings.append("a copy decides otherwise") }
            desired = decision.desired
        }
        return findings
    }

    private func unexplained(_ decision: Decision, after observation: Observation) -> [String] {
        var findings: [String] = []
        let desired = decision.desired
        if desired != service.clamped(desired) { findings.append("\(desired) lies outside the limits") }
        if decision.candidates.isEmpty { findings.append("no candidate") }
        let candidates = decision.candidates.map(\.instances) + [observation.desired]
        if !candidates.map(service.clamped).contains(desired) { findings.append("\(desired) is no candidate") }
        let isMaximum = decision.binding == .maxInstances, isMinimum = decision.binding == .minInstances
        if isMaximum && desired != service.maxInstances || isMinimum && desired != service.minInstances {
            findings.append("\(desired) is not the limit that is said to bind")
        }
        return findings
    }

    /// Where demand is unknown and there is no forecast, the count stays.
    private func blindness(_ scenario: Scenario) -> [String] {
        guard followsDemand else { return [] }
        var (blind, desired) = (policy, scenario.initial)
        for tick in 0..<20 { desired = blind.decide(scenario.observation(tick, desired: desired)).desired }
        for tick in 20..<Scenario.ticks {
            let decision = blind.decide(scenario.blindObservation(tick, desired: desired))
            if decision.desired != desired { return ["blind, it goes from \(desired) to \(decision.desired)"] }
        }
        return []
    }

    /// From one state more demand never asks for fewer instances, but for those that are held through a sudden drop.
    private func monotonicity(_ scenario: Scenario) -> [String] {
        var (reached, desired) = (policy, scenario.initial)
        for tick in 0..<20 { desired = reached.decide(scenario.observation(tick, desired: desired)).desired }
        let decisions = [0, 0.2, 0.5, 0.9, 1, 1.2, 2, 5].map { factor in
            var fresh = reached
            return fresh.decide(scenario.observation(20, desired: desired, factor: factor))
        }
        // A limit that binds after that has the last word on it, so the candidate tells.
        let counts = decisions.filter { decision in
            !decision.candidates.contains { $0.reason == .suddenDrop }
        }
        .map(\.desired)
        return zip(counts, counts.dropFirst()).allSatisfy(<=) ? [] : ["more demand, fewer instances: \(counts)"]
    }
}

extension PolicyConformance {
    /// Whatever is seen, from nothing at all to more than anything can carry, there is a sound decision.
    private func extremes(_ scenario: Scenario) -> [String] {
        var (shown, desired) = (policy, scenario.initial)
        var findings: [String] = []
        for (tick, name) in Scenario.extremes.enumerated() {
            let observation = scenario.observation(tick, desired: desired, extreme: name)
            let decision = shown.decide(observation)
            findings += unexplained(decision, after: observation).map { "\(name) demand: \($0)" }
            desired = decision.desired
        }
        return findings
    }
}

/// What a policy sees over some minutes, all of it drawn from a seed: bursts, gaps, lost forecasts. Rows of ten seconds, of a
/// minute, or of an hour and then more than a week of them.
private struct Scenario {
    static let ticks = 80
    static let extremes = [
        "no", "unknown", "no", "zero", "negative", "huge", "tiny", "huge", "zero", "unknown", "huge",
    ]
    private static let steps = [60, 10, 3_600]

    private let step: Int, tick: Int, historyRows: Int

    let initial: Int
    private let seed: UInt64
    private let horizon: Int
    private let series: RegularSeries
    /// As `series`, with nothing known.
    private let blank: RegularSeries
    private let highest: Double

    init(seed: UInt64, policy: some ScalingPolicy, service: ServiceModel) {
        var rng = SplitMix64(seed: seed)
        self.seed = seed
        step = Self.steps[Int(seed % 3)]
        tick = max(15, step / 4)
        historyRows = step == 3_600 ? 200 : 30
        horizon = policy.forecastHorizon(step: step, tick: tick)
        initial = Int(rng.next() % UInt64(service.maxInstances - service.minInstances + 1)) + service.minInstances
        let unit = service.kind == .count ? Double(step) : 1
        let highest = 1.3 * service.perInstance.perSecond * Double(service.maxInstances) * unit
        let rows = historyRows + Self.ticks * tick / step
        let values = (0..<rows).map { _ in
            let draw = rng.uniform()
            return draw < 0.1 ? .nan : draw < 0.2 ? 0 : highest * rng.uniform() * rng.uniform()
        }
        let start = Timestamp(secondsSinceEpoch: 1_700_006_400)
        self.highest = highest
        series = RegularSeries(start: start, step: step, values: values)
        blank = RegularSeries(start: start, step: step, values: values.map { _ in .nan })
    }

    /// What is seen at `tick`, with everything known and forecast multiplied by `factor`.
    func observation(_ tick: Int, desired: Int, factor: Double = 1) -> Observation {
        let scaled = factor == 1 ? series.values : series.values.map { $0 * factor }
        let shown = RegularSeries(start: series.start, step: step, values: scaled)
        return observation(tick, desired, shown, forecast: forecast(tick, factor))
    }

    /// With demand of one sort alone.
    func observation(_ tick: Int, desired: Int, extreme: String) -> Observation {
        let value: [String: Double] = [
            "unknown": .nan, "zero": 0, "negative": -5, "huge": 1e300, "tiny": .leastNonzeroMagnitude,
        ]
        let rows = extreme == "no" ? 0 : historyRows + Self.ticks * self.tick / step
        let values = Array(repeating: value[extreme] ?? 0, count: rows)
        let shown = RegularSeries(start: series.start, step: step, values: values)
        return observation(tick, desired, shown, forecast: nil)
    }

    func blindObservation(_ tick: Int, desired: Int) -> Observation {
        observation(tick, desired, blank, forecast: nil)
    }

    private func observation(
        _ tick: Int, _ desired: Int, _ series: RegularSeries, forecast: QuantileForecast?
    ) -> Observation {
        let known = KnownDemand(series, count: min(series.count, knownRows(tick)))
        let now = series.grid.time(of: historyRows).advanced(bySeconds: tick * self.tick)
        return Observation(
            now: now, desired: desired, ready: desired / 2, starting: desired - desired / 2, demand: known,
            forecast: forecast)
    }

    private func knownRows(_ tick: Int) -> Int { historyRows + tick * self.tick / step }

    /// One forecast a row; every fourth is lost.
    private func forecast(_ tick: Int, _ factor: Double) -> QuantileForecast? {
        let row = knownRows(tick)
        guard horizon > 0, row % 4 != 3 else { return nil }
        var rng = SplitMix64(seed: seed &* 1_000 &+ UInt64(row))
        let levels = [0.1, 0.5, 0.9, 0.99]
        let values = (0..<horizon * levels.count).map { _ in factor * highest * rng.uniform() * rng.uniform() }
        return QuantileForecast(
            origin: series.grid.time(of: row), step: series.step, levels: levels, values: values)
    }
}
