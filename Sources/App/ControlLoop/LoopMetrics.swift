import CoreMetrics
import Planning
import Units

/// What one workload tells of itself, made once; the labels are the configured names and the closed set of reasons.
struct LoopMetrics: Sendable {
    private let demand, forecast, leadTime: Recorder
    private let desired, ready, starting: Recorder
    private let ticks, failures: Counter
    private let decisions: [Decision.Reason: Counter]

    init(_ workload: WorkloadID) {
        let label = [("workload", workload.name)]
        func gauge(_ name: String) -> Recorder { Recorder(label: name, dimensions: label, aggregate: false) }
        demand = gauge("prewarm_demand_per_second")
        forecast = gauge("prewarm_forecast_per_second")
        leadTime = gauge("prewarm_lead_time_seconds")
        (desired, ready) = (gauge("prewarm_desired_instances"), gauge("prewarm_ready_instances"))
        starting = gauge("prewarm_starting_instances")
        ticks = Counter(label: "prewarm_ticks_total", dimensions: label)
        failures = Counter(label: "prewarm_failures_total", dimensions: label)
        decisions = Dictionary(
            uniqueKeysWithValues: Decision.Reason.allCases.map {
                ($0, Counter(label: "prewarm_decisions_total", dimensions: label + [("reason", $0.rawValue)]))
            })
    }

    func failed() {
        ticks.increment()
        failures.increment()
    }

    /// `forecastRate`: the demand the plan reckons with at the end of the lead time, per second.
    func decided(_ decision: Decision, ready: Int, starting: Int, rate: Double?, forecastRate: Double?, lead: Double) {
        ticks.increment()
        decisions[decision.binding]?.increment()
        desired.record(decision.desired)
        self.ready.record(ready)
        self.starting.record(starting)
        leadTime.record(lead)
        if let rate { demand.record(rate) }
        if let forecastRate { forecast.record(forecastRate) }
    }

    func actuatorFailed() { failures.increment() }
}
