import Forecasting
import Kernels
import Planning
import Series
import Simulation
import Testing
import Units

/// Forecasts made ahead for a replay against those made one by one.
@Suite struct ForecastTapeTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

    /// Weekly load in rows of half an hour, with some missing.
    private func series(seed: UInt64, days: Int, missing: Double) -> RegularSeries {
        var rng = SplitMix64(seed: seed)
        let load = generateLoad(.weekly, seed: seed, start: Self.start, step: 1_800, rows: 48 * days, mean: 500)
        return RegularSeries(
            start: Self.start, step: 1_800, values: load.values.map { rng.uniform() < missing ? .nan : $0 })
    }

    /// The whole history is replayed, from nothing known through every kind of model: byte by byte the same.
    @Test(arguments: ["auto", "ridge", "net", "histogram", "seasonal-naive", "last-value", "linear-quantile", "shape"])
    func batchesAreTheForecastsOneByOne(model: String) throws {
        for (seed, missing) in [(UInt64(1), 0.0), (2, 0.02)] {
            let series = series(seed: seed, days: 17, missing: missing)
            let task = ForecastTask(horizon: 6, season: 48, isWeekly: true)
            let forecaster = RollingForecaster(
                try ModelCatalogue.forecaster(named: model), task: task, refitEvery: 48 * 4)
            var (single, batch) = (forecaster, forecaster)
            var all: [QuantileForecast?] = []
            // In pieces of any length, as a tape is.
            var rng = SplitMix64(seed: seed), origin = 0
            while origin <= series.count {
                let end = min(series.count + 1, origin + 1 + Int(rng.next() % 90))
                all += batch.forecasts(of: KnownDemand(series), at: origin..<end)
                origin = end
            }
            for origin in 0...series.count {
                let one = single.forecast(after: KnownDemand(series, count: origin))
                #expect(one == all[origin], "\(model), seed \(seed), origin \(origin)")
            }
            #expect(all.last.map { $0 != nil } ?? false)
        }
    }

    private func service() throws -> ReplayService {
        try ReplayService(
            perInstance: 0.02, startupSeconds: 600, sloWaitSeconds: 1, minInstances: 1, maxInstances: 400)
    }

    /// One training serves all dials: each decides as it would have alone.
    @Test func policiesShareATapeAndDecideAsAlone() throws {
        let service = try service()
        let series = series(seed: 3, days: 16, missing: 0.01)
        let trace = try ReplayTrace(series, service: service, from: Self.start.advanced(bySeconds: 12 * 86_400))
        let policies = try ["predictive:0.5", "predictive:0.9", "predictive:0.99"].map {
            try PolicyCatalogue.policy(parsing: $0, service: service.model)
        }
        let horizon = policies[0].forecastHorizon(step: 1_800, tick: 15)
        let forecaster = RollingForecaster(
            ModelCatalogue.auto, task: trace.forecastGrid.task(horizon: horizon), refitEvery: 48)
        let together = runPolicies(policies, trace: trace, service: service, forecaster: forecaster)
        for (policy, decisions) in zip(policies, together) {
            #expect(decisions == runPolicy(policy, trace: trace, service: service, forecaster: forecaster))
        }
        #expect(Set(together).count == 3)
        var recorder = ForecastRecorder(trace, service: service, forecaster: forecaster)
        var run = PolicyRun(policies[1], trace: trace, service: service)
        while let tape = recorder.record(length: 7) { run.advance(on: tape) }
        #expect(run.decisions == together[1])
    }

    /// A policy that writes down what the forecast was made from.
    private struct Witness: ScalingPolicy {
        let name = "witness"
        func forecastHorizon(step: Int, tick: Int) -> Int { 1 }
        mutating func decide(_ observation: Observation) -> Decision {
            // The last value forecasts what the newest whole minute held.
            let forecast = observation.forecast.map { Int($0.value(row: 0, level: 0.5)) } ?? 999
            return Decision(desired: forecast, candidates: [.init(.policyRule, forecast)], binding: .policyRule)
        }
    }

    @Test func secondsAreForecastInMinutesThatHaveEnded() throws {
        let service = try ReplayService(
            perInstance: 1, startupSeconds: 30, sloWaitSeconds: 1, minInstances: 0, maxInstances: 1_000)
        // Minute m brings m + 1 a second, but for a minute's garbage in the end.
        let values = (0..<360).map { second in second < 300 ? Double(second / 60 + 1) : 1e6 }
        let series = RegularSeries(start: Self.start, step: 1, values: values)
        let trace = try ReplayTrace(series, service: service, from: Self.start.advanced(bySeconds: 130))
        let forecaster = RollingForecaster(
            LastValue(), task: trace.forecastGrid.task(horizon: 1), refitEvery: 1)
        let made = runPolicy(Witness(), trace: trace, service: service, tick: 10, forecaster: forecaster)
        // Two minutes had ended at second 0 of the scored part, the third ends 50 s later.
        #expect(made.map(\.second) == [0, 50, 110, 170])
        #expect(made.map(\.desired) == [120, 180, 240, 300])
    }
}
