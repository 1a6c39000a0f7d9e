import Forecasting
import Ports
import Reports
import Series
import Units

/// The part of the demo before the day: the history goes into the store, and a model learns from what the store gives back.
struct DemoPast: Sendable {
    let settings: DemoSettings
    let store: any SampleStore
    let output: @Sendable (DemoMessage) -> Void

    /// Stores the days before `dayStart`, for both fleets.
    func ingest(_ counts: [Double], for fleets: FleetPair, before dayStart: Timestamp) async throws {
        var batch = SampleBatch()
        for fleet in fleets.both {
            for (row, count) in counts.enumerated() {
                batch.append(fleet.demand, dayStart.advanced(bySeconds: row - counts.count), count)
            }
        }
        let outcome = try await store.append(batch)
        let requests = Int(counts.reduce(0, +))
        output(
            .line(
                """
                1/4 history: \(settings.historyDays) days of \(settings.dayRows) seconds, \(requests) requests; \
                \(outcome.added) samples stored
                """))
    }

    /// A forecaster that has learnt from all before `dayStart`, and what it makes of the day to come.
    func learn(
        from key: SeriesKey, before dayStart: Timestamp
    ) async throws -> (RollingForecaster, QuantileForecast) {
        let rows = settings.historyDays * settings.dayRows
        let samples = try await store.samples(of: key, in: dayStart.advanced(bySeconds: -rows)..<dayStart)
        guard let series = RegularSeries(resampling: samples, kind: .count, step: 1, endingBy: dayStart) else {
            throw DemoError("the store gave back nothing of the history of \(key)")
        }
        let known = KnownDemand(series)
        let began = ContinuousClock.now
        let task = ForecastTask(horizon: settings.horizon, season: settings.dayRows, isWeekly: false)
        let method = try ModelCatalogue.forecaster(named: "auto")
        let model = try await fitted(method, known, task)
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        output(.line("2/4 training: model \(model.name) on \(known.count) rows, \(fixedText(seconds, digits: 2)) s"))
        // Not again within the day, so that every decision of it rests on the model that is shown.
        var rolling = RollingForecaster(method, task: task, refitEvery: 4 * settings.dayRows)
        rolling.adopt(model, fittedAt: known.end, step: known.step)
        let forecast = model.forecast(after: known)
        output(.forecast(history: series.suffix(2 * settings.dayRows), forecast))
        return (rolling, forecast)
    }
}

/// Learns off the caller's executor.
@concurrent
private func fitted(
    _ method: any Forecaster, _ known: KnownDemand, _ task: ForecastTask
) async throws -> any FittedModel {
    try method.fit(known, task: task)
}
