import Forecasting
import Kernels
import Planning
import Series
import Simulation
import Testing
import Units

/// What a policy is shown in a replay.
@Suite struct RunPolicyTests {
    private let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

    /// Three days of history and some hours that are scored, in rows of five minutes.
    private func series(seed: UInt64) -> RegularSeries {
        generateLoad(.daily, seed: seed, start: start, step: 300, rows: 288 * 3 + 40, mean: 3_000)
    }

    private func decisions(_ name: String, _ series: RegularSeries, _ service: ReplayService) throws -> [ReplayDecision]
    {
        let trace = try ReplayTrace(series, service: service, from: start.advanced(bySeconds: 3 * 86_400))
        let policy = try PolicyCatalogue.policy(parsing: name, service: service.model)
        if policy.forecastSource != .own {
            let peer = try rollingForecaster(for: policy, step: 300, tick: 15, own: LastValue())
            return runPolicy(policy, trace: trace, service: service, forecaster: peer)
        }
        let horizon = policy.forecastHorizon(step: 300, tick: 15)
        let task = ForecastTask(horizon: max(1, horizon), season: 288, isWeekly: false)
        let forecaster = RollingForecaster(ModelCatalogue.auto, task: task, refitEvery: 12)
        return runPolicy(policy, trace: trace, service: service, forecaster: horizon == 0 ? nil : forecaster)
    }

    /// Garbage from a running row on changes nothing that is decided before that row has ended.
    @Test(arguments: [
        "predictive:0.9", "hpa:0.7", "kpa", "keda", "aws-like", "crane-like", "phpa-like", "tortoise-like", "autopilot",
        "app-engine-like", "seasonal-naive", "cron", "lcp",
    ])
    func nothingOfARunningRowIsSeen(name: String) throws {
        let service = try ReplayService(
            perInstance: 0.5, startupSeconds: 120, sloWaitSeconds: 1, minInstances: 1, maxInstances: 400)
        for seed in UInt64(0)..<3 {
            let clean = series(seed: seed)
            let expected = try decisions(name, clean, service)
            #expect(expected.count > ["autopilot": 0, "cron": 2][name, default: 5])
            for row in [0, 1, 17, 39] {
                let running = 288 * 3 + row
                let garbage = clean.values[running...].indices.map { $0 % 2 == 0 ? 1e9 : Double.nan }
                let dirty = RegularSeries(start: start, step: 300, values: clean.values[..<running] + garbage)
                let end = (row + 1) * 300
                let made = try decisions(name, dirty, service).filter { $0.second < end }
                #expect(made == expected.filter { $0.second < end }, "\(name), seed \(seed), row \(row)")
            }
        }
    }

    /// A policy that writes down what it is shown.
    private struct Witness: ScalingPolicy {
        let name = "witness"
        mutating func decide(_ observation: Observation) -> Decision {
            // As many instances as rows are known, one more a second since the last ended.
            let seconds = Int(observation.now.seconds(since: observation.demand.end))
            let count = observation.demand.count * 100 + seconds
            return Decision(desired: count, candidates: [.init(.policyRule, count)], binding: .policyRule)
        }
    }

    @Test func rowsAreKnownOnceTheyHaveEnded() throws {
        let service = try ReplayService(
            perInstance: 1, startupSeconds: 30, sloWaitSeconds: 1, minInstances: 0, maxInstances: 1_000)
        let series = RegularSeries(start: start, step: 60, values: [1, 2, 3, 4, 5])
        let trace = try ReplayTrace(series, service: service, from: start.advanced(bySeconds: 120))
        let made = runPolicy(Witness(), trace: trace, service: service, tick: 20)
        #expect(made.map(\.second) == [0, 20, 40, 60, 80, 100, 120, 140, 160])
        #expect(made.map(\.desired) == [200, 220, 240, 300, 320, 340, 400, 420, 440])
    }
}
