package import Planning
package import Series
package import Units

/// What `forecast daemon --config` runs with. Every value has been checked: an invalid one cannot exist.
package struct Settings: Sendable {
    package let store: StoreSettings
    package let listenHost: String
    package let listenPort: Int
    /// Holds the token that state-changing calls must carry; nil where none is asked for.
    package let tokenFile: String?
    package let tickSeconds: Int
    /// Where metrics are fetched.
    package let scrape: [ScrapeSettings]
    /// Nil where StatsD is not taken in.
    package let statsd: StatsDSettings?
    package let workloads: [WorkloadSettings]
}

/// One place where metrics are fetched.
package struct ScrapeSettings: Sendable {
    package let url: String
    /// HOST:PORT of the URL.
    package let instance: String
    package let everySeconds: Int
    package let timeoutSeconds: Double
    /// Put on every series from there; ascending by name.
    package let labels: [SeriesKey.Label]
    /// Holds the bearer token that is sent; nil sends none.
    package let tokenFile: String?
    /// Holds the authorities that may have signed the target's certificate, in PEM; nil: the system's.
    package let authoritiesFile: String?
}

/// Where StatsD is taken in, and how often its sums are stored.
package struct StatsDSettings: Hashable, Sendable {
    package let host: String, port: Int
    package let flushSeconds: Int
}

/// One workload of a configuration.
package struct WorkloadSettings: Sendable {
    package let id: WorkloadID
    package let series: SeriesSelector
    package let kind: DemandKind
    /// Seconds a row of demand spans.
    package let stepSeconds: Int
    /// How long the samples of a row may take to arrive, seconds.
    package let delaySeconds: Int
    package let capacity: InstanceCapacity
    /// What `capacity` comes to.
    package let perInstance: DemandRate
    package let minInstances: Int, maxInstances: Int
    package let limits: PlanLimits
    package let sloWaitSeconds: Double
    /// Assumed until starts have been measured, seconds.
    package let leadSeconds: Double
    package let aggressiveness: Aggressiveness
    package let prices: Prices?
    package let trust: TrustStage
    package let process: ProcessSettings?
    /// Nil where none are known.
    package let events: EventSettings?

    /// What is planned with; `startupSeconds` is measured, or assumed until it is.
    package func service(startupSeconds: Int) -> ServiceModel {
        ServiceModel(
            perInstance: perInstance, startupSeconds: startupSeconds, sloWaitSeconds: sloWaitSeconds,
            minInstances: minInstances, maxInstances: maxInstances, kind: kind, prices: prices,
            queue: capacity.queue, limits: limits)
    }
}

/// Where known events of a workload are read.
package struct EventSettings: Hashable, Sendable {
    /// iCalendar or CSV.
    package let file: String
    /// The IANA zone of times in the file that name none; nil is UTC.
    package let zone: String?

    package init(file: String, zone: String?) { (self.file, self.zone) = (file, zone) }
}

/// The share of demand that must be covered, or `auto`: taken from the prices.
package enum Aggressiveness: Hashable, Sendable {
    case auto
    case quantile(Double)
}

/// The highest stage a workload's forecasts may reach.
package enum TrustStage: String, CaseIterable, Sendable {
    /// Decisions are recorded and not carried out.
    case shadow
    /// Forecasts may raise capacity, never lower it below what reactive scaling would hold.
    case floor
    /// Forecasts decide.
    case full
}

/// How the process actuator starts an instance.
package struct ProcessSettings: Hashable, Sendable {
    /// Argument vector; `{port}` stands for the instance's port. Never given to a shell.
    package let command: [String]
    package let readyPath: String?
    package let readyCommand: [String]
    package let warmPaths: [String]
    package let firstPort: Int, lastPort: Int
    /// Limit from start to ready and warm, and from SIGTERM to SIGKILL, seconds.
    package let readyDeadline: Double, stopGrace: Double
}

/// Everything that is wrong with a configuration, all at once.
package struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Each with the file and line it is about.
    package let problems: [String]
    package init(problems: [String]) { self.problems = problems }
    package var description: String { problems.joined(separator: "\n") }
}
