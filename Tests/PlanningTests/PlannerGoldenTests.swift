import Kernels
import Planning
import Series
import TestSupport
import Testing
import Units

/// What the planner decides where none of its options is used: recorded once, so that an option that is added changes nothing else.
@Suite struct PlannerGoldenTests {
    /// Minutes and five minutes of demand with a daily shape, bursts, a drop, gaps and lost forecasts; starts take `startup` seconds.
    private func decisions(seed: UInt64, step: Int, startup: Int, dial: Double, kind: DemandKind) throws -> String {
        let model = try service(each: 2.5, startup: startup, min: 1, max: 60, kind: kind)
        var random = SplitMix64(seed: seed)
        let rows = 160, unit = kind == .count ? Double(step) : 1
        let level = (0..<rows + 20).map { 40 + 30 * cosineAndSine(turns: Double($0) / 70).sine }
        let values = level.enumerated().map { row, level -> Double in
            let draw = random.uniform()
            if draw < 0.04 { return .nan }
            if (90..<100).contains(row) { return 0 }
            return unit * level * (draw > 0.97 ? 2.5 : 0.8 + 0.4 * random.uniform())
        }
        let series = RegularSeries(start: start, step: step, values: values)
        var planner = PredictivePlanner(name: "p", service: model, tick: 15, aggressiveness: dial)
        let horizon = planner.forecastHorizon(step: step, tick: 15)
        var (desired, waiting, text, last) = (12, [(at: Int, count: Int)](), "", "")
        for second in stride(from: 20 * step, to: rows * step, by: 15) {
            let known = KnownDemand(series, count: second / step)
            let forecast = QuantileForecast(
                origin: known.end, step: step, levels: [0.05, 0.5, 0.9, 0.99],
                values: (0..<horizon).flatMap { ahead in
                    [0.7, 1, 1.25, 1.5].map { unit * level[min(known.count + ahead, level.count - 1)] * $0 }
                })
            waiting.removeAll { $0.at <= second }
            let starting = min(waiting.reduce(0) { $0 + $1.count }, desired)
            let decision = planner.decide(
                Observation(
                    now: start.advanced(bySeconds: second), desired: desired, ready: desired - starting,
                    starting: starting, demand: known, forecast: known.count % 11 == 0 ? nil : forecast))
            if decision.desired > desired { waiting.append((second + startup, decision.desired - desired)) }
            desired = decision.desired
            let candidates = decision.candidates.map { "\($0.reason.rawValue) \($0.instances)" }
            let outcome = "\(desired) \(decision.binding.rawValue)"
            if outcome != last { text += "\(second) \(outcome): \(candidates.joined(separator: ", "))\n" }
            last = outcome
        }
        return text
    }

    @Test func decisionsAreAsRecorded() throws {
        let text =
            try decisions(seed: 1, step: 60, startup: 120, dial: 0.95, kind: .count)
            + decisions(seed: 2, step: 60, startup: 0, dial: 0.8, kind: .rate)
            + decisions(seed: 3, step: 300, startup: 400, dial: 0.99, kind: .count)
        try expectGolden(text, "planner.txt")
    }
}
