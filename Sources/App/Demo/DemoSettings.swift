package import Series

/// What a demo run is made of. A demo day is as many rows as `dayRows`, each a second long.
package struct DemoSettings: Hashable, Sendable {
    /// Fixes the history and the arrivals, not what the machine makes of them.
    package var seed: UInt64 = 1
    package var dayRows = 48
    package var historyDays = 30
    package var worker = WorkerSettings()
    package var instances = 1...12
    /// Ready before the day begins, in either fleet.
    package var firstInstances = 2
    /// A request that waits longer is late, seconds.
    package var sloWaitSeconds = 0.5
    /// The quantile of demand that the prewarmed fleet starts for.
    package var aggressiveness = 0.95
    /// The share of an instance that the reactive fleet aims at.
    package var reactiveTarget = 0.7
    /// Seconds of demand it averages, and how long a higher wish of its own keeps it from cutting. Kubernetes has 60 and 300 s
    /// for starts of some two minutes; with a start of some seconds they would be longer than the day.
    package var reactiveMetricWindowSeconds = 2
    package var reactiveStabilisationSeconds = 10
    /// Seconds from the command to the start of the day beyond the workers' start-up: for the history and the training.
    package var headroomSeconds = 3.0
    /// How long after the day answers are waited for, seconds.
    package var drainSeconds = 8.0

    package init() {}

    var reactiveWindows: String {
        "\(reactiveMetricWindowSeconds) s of demand, \(reactiveStabilisationSeconds) s before a cut"
    }
    /// Rows a forecast reaches: the day, or twice a slow start and the tick.
    var horizon: Int { max(dayRows, 4 * Int(worker.startupSeconds.rounded(.up)) + 3) }
    /// Seconds a start takes until some were measured: the load and finding out that it is over.
    var assumedLeadSeconds: Double { worker.startupSeconds + 0.5 }
}

/// One demo worker: what it takes to start and to answer.
package struct WorkerSettings: Hashable, Sendable {
    package var startupSeconds = 4.0
    package var serviceMilliseconds = 200
    /// Requests in work at a time.
    package var concurrency = 2

    package init() {}

    package var serviceSeconds: Double { Double(serviceMilliseconds) / 1_000 }
    /// Requests per second that keep every slot busy.
    package var ratePerSecond: Double { Double(concurrency) / max(serviceSeconds, 0.001) }
}

/// Why the demo could not be played, in words for whoever started it.
package struct DemoError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// What a run has to say while it goes on.
package enum DemoMessage: Sendable {
    /// A line that stays.
    case line(String)
    /// What was learnt: the end of the history, and the day to come as it looks from there.
    case forecast(history: RegularSeries, QuantileForecast)
    /// The state at this second; a terminal may overwrite it with the next one, but for the last.
    case status(String, isLast: Bool)
}
