package import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// What one request met with.
package struct RequestOutcome: Hashable, Sendable {
    /// Seconds from the start of the day when it was due.
    package let arrival: Double
    /// Seconds beyond the service time; where it was never answered, the seconds it was given.
    package let wait: Double
    package let isAnswered: Bool

    package init(arrival: Double, wait: Double, isAnswered: Bool) {
        (self.arrival, self.wait, self.isAnswered) = (arrival, wait, isAnswered)
    }

    package func isLate(beyond sloWait: Double) -> Bool { !isAnswered || wait > sloWait }
}

/// The outcomes of a fleet's requests as they come in.
package final class WaitLog: Sendable {
    private struct State {
        var outcomes: [RequestOutcome] = []
        var late = 0
        var inFlight = 0
    }
    private let sloWait: Double
    private let state = Mutex(State())

    package init(sloWaitSeconds: Double) { sloWait = sloWaitSeconds }

    package var outcomes: [RequestOutcome] { state.withLock { $0.outcomes } }
    package var late: Int { state.withLock { $0.late } }

    /// False where `limit` requests are out already.
    func begin(limit: Int) -> Bool {
        state.withLock { state in
            guard state.inFlight < limit else { return false }
            state.inFlight += 1
            return true
        }
    }

    /// Notes an outcome; `wasSent` says that it was begun.
    func record(_ outcome: RequestOutcome, wasSent: Bool) {
        let isLate = outcome.isLate(beyond: sloWait)
        state.withLock { state in
            state.outcomes.append(outcome)
            if wasSent { state.inFlight -= 1 }
            if isLate { state.late += 1 }
        }
    }
}

/// Plays one plan at several fleets at once, each request at its instant whatever became of those before it.
///
/// A wait counts from the instant a request was due, so that a generator that falls behind cannot hide one.
package struct LoadGenerator: Sendable {
    package struct Target: Sendable {
        package let url: String
        package let log: WaitLog
        package init(url: String, log: WaitLog) { (self.url, self.log) = (url, log) }
    }

    private let client: HTTPClient
    private let targets: [Target]
    private let clock: DayClock
    private let serviceSeconds: Double
    /// When, in seconds from the start of the day, what is unanswered is given up.
    private let end: Double
    private let inFlightLimit: Int

    package init(
        client: HTTPClient, targets: [Target], clock: DayClock, serviceSeconds: Double, givingUpAt end: Double,
        inFlightLimit: Int = 4_000
    ) {
        (self.client, self.targets, self.clock) = (client, targets, clock)
        (self.serviceSeconds, self.end, self.inFlightLimit) = (serviceSeconds, end, inFlightLimit)
    }

    /// Sends every arrival of the plan and returns once each has its outcome.
    package func run(_ plan: LoadPlan) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, instant) in plan.arrivals.enumerated() {
                try await clock.sleep(until: instant)
                // Turn about, so that neither fleet always comes second.
                for target in number % 2 == 0 ? targets : targets.reversed() { send(instant, to: target, in: &group) }
            }
            try await group.waitForAll()
        }
    }

    private func send(_ instant: Double, to target: Target, in group: inout ThrowingTaskGroup<Void, any Error>) {
        guard target.log.begin(limit: inFlightLimit) else {
            let outcome = RequestOutcome(arrival: instant, wait: end - instant, isAnswered: false)
            return target.log.record(outcome, wasSent: false)
        }
        group.addTask {
            let isAnswered = await isAnswered(by: target.url)
            let wait = isAnswered ? max(0, clock.elapsed - instant - serviceSeconds) : end - instant
            target.log.record(RequestOutcome(arrival: instant, wait: wait, isAnswered: isAnswered), wasSent: true)
        }
    }

    private func isAnswered(by url: String) async -> Bool {
        let left = max(0.001, end - clock.elapsed)
        let request = HTTPClientRequest(url: url)
        let timeout = TimeAmount.nanoseconds(Int64(left * 1e9))
        guard let response = try? await client.execute(request, timeout: timeout),
            (try? await response.body.collect(upTo: 65_536)) != nil
        else { return false }
        return (200..<300).contains(response.status.code)
    }
}
