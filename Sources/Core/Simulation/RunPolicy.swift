package import Forecasting
package import Planning
import Series
import Units

/// A policy on its way through a trace, asked at every tick with no more than the rows that have ended.
package struct PolicyRun: Sendable {
    /// Second 0 and every change, so far.
    package private(set) var decisions: [ReplayDecision] = []
    private var policy: any ScalingPolicy
    private var fleet: Fleet
    private var floors: FloorCalendar
    private var second = 0
    private let trace: ReplayTrace, service: ReplayService, tick: Int, grid: ForecastGrid
    /// Ticks whose decisions are kept whole, and those of them that have been.
    private let watched: Set<Int>
    package private(set) var records: [DecisionRecord] = []

    /// `watching` are seconds of ticks whose decisions are kept with all that led to them.
    package init(
        _ policy: any ScalingPolicy, trace: ReplayTrace, service: ReplayService, tick: Int = 15,
        watching: Set<Int> = []
    ) {
        watched = watching
        precondition(tick >= 1, "a tick of at least a second")
        (self.policy, self.trace, self.service, self.tick) = (policy, trace, service, tick)
        grid = trace.forecastGrid
        floors = FloorCalendar(service.model.limits.schedules)
        fleet = Fleet(initial: service.initialInstances, startupSeconds: service.model.startupSeconds)
    }

    /// Decides as far as `tape` reaches; without one to the end.
    package mutating func advance(on tape: ForecastTape? = nil) {
        while second < trace.seconds {
            let rows = trace.rows.lowerBound + second / trace.step
            var forecast: QuantileForecast?
            if let tape {
                let windows = grid.windows(endedWith: rows, since: trace.series.start)
                guard windows < tape.origins.upperBound else { return }
                forecast = tape[windows]
            }
            decide(KnownDemand(trace.series, count: rows), forecast)
            second += tick
        }
    }

    private mutating func decide(_ known: KnownDemand, _ forecast: QuantileForecast?) {
        fleet.advance(to: second, wanting: fleet.desired)
        let now = trace.start.advanced(bySeconds: second)
        let observation = Observation(
            now: now, desired: fleet.desired, ready: fleet.ready, starting: fleet.starting, demand: known,
            forecast: forecast, floors: floors.floors(at: now, ahead: service.planned.startupSeconds + tick))
        let decision = policy.decide(observation)
        if watched.contains(second) { records.append(DecisionRecord(observation, decision, service)) }
        let wish = service.model.clamped(decision.desired)
        if second == 0 || wish != fleet.desired { decisions.append(.init(second: second, desired: wish)) }
        fleet.advance(to: second, wanting: wish)
    }
}

/// The decisions of one policy over the whole scored part. The forecaster's task is one on the trace's `ForecastGrid`.
package func runPolicy(
    _ policy: any ScalingPolicy, trace: ReplayTrace, service: ReplayService, tick: Int = 15,
    forecaster: RollingForecaster? = nil
) -> [ReplayDecision] {
    runPolicies([policy], trace: trace, service: service, tick: tick, forecaster: forecaster)[0]
}

/// The decisions of each of `policies`, which share what `forecaster` learns and forecasts.
package func runPolicies(
    _ policies: [any ScalingPolicy], trace: ReplayTrace, service: ReplayService, tick: Int = 15,
    forecaster: RollingForecaster? = nil
) -> [[ReplayDecision]] {
    var runs = policies.map { PolicyRun($0, trace: trace, service: service, tick: tick) }
    if let forecaster {
        var recorder = ForecastRecorder(trace, service: service, forecaster: forecaster)
        while let tape = recorder.record() {
            for index in runs.indices { runs[index].advance(on: tape) }
        }
    } else {
        for index in runs.indices { runs[index].advance() }
    }
    return runs.map(\.decisions)
}
