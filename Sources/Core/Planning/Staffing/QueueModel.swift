import Kernels
import Units

/// How requests wait for a place on instances that share one line: M/M/c, and by Allen and Cunneen's approximation G/G/c.
///
/// Few servers need more spare capacity for their size than many, and steady requests less than bursty ones, which a fixed share of
/// the capacity cannot say.
package struct QueueModel: Hashable, Sendable {
    /// The mean time that a request holds its place, seconds.
    package let serviceSeconds: Double
    /// Requests that an instance serves at once.
    package let places: Int
    /// What the mean wait is a multiple of, that of exponential gaps and service times: (ca² + cs²)/2 by their coefficients of
    /// variation.
    package let variability: Double
    /// A request that waits longer is late.
    package let waitSeconds: Double

    /// Nil unless the service time is above 0, there is a place and neither coefficient nor wait is negative or not finite.
    package init?(
        serviceSeconds: Double, places: Int, arrivalCV: Double = 1, serviceCV: Double = 1, waitSeconds: Double
    ) {
        guard serviceSeconds > 0, serviceSeconds.isFinite, (1...100_000).contains(places),
            (0...100).contains(arrivalCV),
            (0...100).contains(serviceCV), waitSeconds >= 0, waitSeconds.isFinite
        else { return nil }
        (self.serviceSeconds, self.places, self.waitSeconds) = (serviceSeconds, places, waitSeconds)
        variability = (arrivalCV * arrivalCV + serviceCV * serviceCV) / 2
    }

    private init(_ other: Self, serviceSeconds: Double) {
        (self.serviceSeconds, places) = (serviceSeconds, other.places)
        (variability, waitSeconds) = (other.variability, other.waitSeconds)
    }

    /// The same with service times `factor` times as long; nil where that is no time.
    package func timed(by factor: Double) -> QueueModel? {
        let seconds = factor * serviceSeconds
        return seconds > 0 && seconds.isFinite ? QueueModel(self, serviceSeconds: seconds) : nil
    }

    /// Requests per second that an instance can do and no more.
    package var perSecond: Double { Double(places) / serviceSeconds }

    /// The chance that a request is late where `rate` arrive a second; exact for exponential gaps and service times. For others the
    /// wait of those who wait is taken to be exponential still, with the mean that the approximation gives.
    package func lateChance(rate: Double, instances: Int) -> Double {
        let load = rate * serviceSeconds, servers = instances * places, spare = Double(servers) - load
        guard rate > 0 else { return 0 }
        guard spare > 0 else { return 1 }
        let waits = erlangC(servers: servers, load: load)
        guard waitSeconds > 0 else { return waits }
        guard variability > 0 else { return 0 }
        return waits * exponential(max(-spare * waitSeconds / (serviceSeconds * variability), -700))
    }

    /// The fewest instances, `most` at most, of which a request is late with no more than `chance`, over all that the rate may be.
    ///
    /// Never of the mean rate: what is late at the rates above it is not made good at those below.
    ///
    /// Complexity: O(log(instances)) times the rates, each of `erlangC`.
    package func instances(_ rates: RateSpread, late chance: Double, most: Int) -> Int {
        if rates.late(self, 0) <= chance { return 0 }
        var low = 0, step = max(1, Int(clamping: rates.quantile(1 - chance) / perSecond))
        while low + step < most, rates.late(self, low + step) > chance {
            low += step
            step = min(2 * step, most)
        }
        var high = min(low + step, most)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if rates.late(self, middle) > chance { low = middle } else { high = middle }
        }
        return high
    }
}
