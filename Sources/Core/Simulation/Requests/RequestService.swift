import Planning
import Units

/// What a replay of single requests has to know of a service beyond `ReplayService`.
package struct RequestService: Hashable, Sendable {
    package let serviceTime: DurationDistribution
    package let startup: DurationDistribution
    /// Requests that an instance works on at once.
    package let concurrency: Int
    /// Requests that wait at most; one more is shed.
    package let queueLimit: Int
    /// The chance that a start fails at its end and begins anew.
    package let failedStarts: Double

    /// Waiting requests where no limit is given, so that memory is bounded.
    package static let longestQueue = 1_000_000

    /// What is left out follows from `service`: requests of exponential length that sustain its `perInstance`, one at a time, and
    /// its start-up, always the same.
    package init(
        _ service: ReplayService, serviceTime: DurationDistribution? = nil, startup: DurationDistribution? = nil,
        concurrency: Int = 1, queueLimit: Int? = nil, failedStarts: Double = 0
    ) throws(ReplayError) {
        guard (1...100_000).contains(concurrency) else {
            throw ReplayError("service: concurrency = \(concurrency) must be between 1 and 100000")
        }
        let queueLimit = queueLimit ?? Self.longestQueue
        guard (0...100 * Self.longestQueue).contains(queueLimit) else {
            throw ReplayError("service: queueLimit = \(queueLimit) must be between 0 and \(100 * Self.longestQueue)")
        }
        guard failedStarts >= 0 && failedStarts <= 0.99 else {
            throw ReplayError("service: failedStarts = \(failedStarts) must be a share between 0 and 0.99")
        }
        let usual = DurationDistribution.exponential(
            mean: Double(concurrency) / service.model.perInstance.perSecond)
        self.serviceTime = try (serviceTime ?? usual).checked("serviceTime")
        self.startup = try (startup ?? .constant(Double(service.model.startupSeconds))).checked("startup")
        (self.concurrency, self.queueLimit, self.failedStarts) = (concurrency, queueLimit, failedStarts)
    }
}

/// What happened to single requests. Durations are seconds; percentiles lie within 0.4%.
package struct RequestFigures: Hashable, Sendable {
    package struct Percentiles: Hashable, Sendable {
        package let mean, p50, p95, p99, p999, longest: Double

        init(_ tally: DurationTally) {
            (mean, longest) = (tally.mean, tally.longest)
            (p50, p95) = (tally.quantile(0.5), tally.quantile(0.95))
            (p99, p999) = (tally.quantile(0.99), tally.quantile(0.999))
        }
    }

    /// That arrived; of them turned away at a full queue; still waiting at the end.
    package let requests: Int, shed: Int, unserved: Int
    /// Shares of the requests: shed; that waited at all; that waited longer than the SLO wait, were shed or never served.
    package let shedShare: Double, waited: Double, late: Double
    /// From arrival to the begin and to the end of the service, of those not shed; one never served has waited till the end.
    package let wait: Percentiles, latency: Percentiles
    /// The share of the ready instances' places that were taken; may pass 1 a little, as stopped ones finish their work.
    package let utilisation: Double
    package let instanceHours: Double
    package let failedStarts: Int
}
