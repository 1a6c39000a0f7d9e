package import Units

/// Seconds of the demo day, on the monotonic clock, so that a corrected wall clock cannot shift a measurement.
package struct DayClock: Sendable {
    /// The wall-clock time at which the day begins, a whole second.
    package let dayStart: Timestamp
    private let zero: ContinuousClock.Instant

    /// A day that begins at the first whole second at least `headroom` seconds after `now`, the wall-clock time of this call.
    package init(now: Timestamp, headroom: Double) {
        let earliest = now.millisecondsSinceEpoch + Int64((headroom * 1_000).rounded(.up))
        let start = (earliest + 999).flooredDivision(by: 1_000).quotient * 1_000
        dayStart = Timestamp(millisecondsSinceEpoch: start)
        zero = ContinuousClock.now + .milliseconds(start - now.millisecondsSinceEpoch)
    }

    /// Seconds since the day began; negative before.
    package var elapsed: Double { (ContinuousClock.now - zero) / .seconds(1) }

    package var now: Timestamp {
        Timestamp(millisecondsSinceEpoch: dayStart.millisecondsSinceEpoch + Int64((elapsed * 1_000).rounded(.down)))
    }

    package func sleep(until seconds: Double) async throws {
        try await ContinuousClock().sleep(until: zero + .seconds(seconds), tolerance: nil)
    }
}
