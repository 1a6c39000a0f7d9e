import Kernels
import Planning
import Series
import Simulation
import Testing
import Units

/// Requests one by one against what queueing theory, the fluid replay and plain counting say.
@Suite struct RequestReplayTests {
    private func service(
        perInstance: Double, instances: Int, startup: Double = 0, slo: Double = 1, most: Int? = nil
    ) throws -> ReplayService {
        try ReplayService(
            perInstance: perInstance, startupSeconds: startup, sloWaitSeconds: slo, minInstances: 0,
            maxInstances: most ?? instances, initialInstances: instances)
    }

    private func trace(_ rates: [Double], step: Int, _ service: ReplayService) throws -> ReplayTrace {
        let series = RegularSeries(
            start: Timestamp(secondsSinceEpoch: 0), step: step, values: rates.map { $0 * Double(step) })
        return try ReplayTrace(series, service: service)
    }

    /// The chance of waiting in M/M/c, by Erlang's formula.
    private func erlangC(_ servers: Int, load: Double) -> Double {
        var blocked = 1.0
        for count in 1...servers { blocked = load * blocked / (Double(count) + load * blocked) }
        let busy = load / Double(servers)
        return blocked / (1 - busy + busy * blocked)
    }

    @Test(arguments: [(1, 0.7), (4, 0.8), (20, 0.9)])
    func waitsAreThoseOfErlang(servers: Int, busy: Double) throws {
        let load = busy * Double(servers)
        let service = try service(perInstance: 1, instances: servers)
        let trace = try trace([Double](repeating: load, count: 20), step: 500 + 8_000 / servers, service)
        let requests = try RequestService(service)
        let runs = (1...12).map { seed in
            replayRequests(trace, service: service, requests: requests, decisions: [], seed: UInt64(seed))
        }
        let chance = erlangC(servers, load: load), mean = chance / (Double(servers) - load)
        expect(runs.map(\.waited), within: chance)
        expect(runs.map(\.wait.mean), within: mean)
        expect(runs.map(\.latency.mean), within: mean + 1)
        expect(runs.map(\.utilisation), within: busy)
    }

    /// Requests that an instance works on together are as many instances of one.
    @Test func concurrencyIsAsManyServers() throws {
        let service = try service(perInstance: 5, instances: 4)
        let trace = try trace([Double](repeating: 18, count: 20), step: 1_000, service)
        let requests = try RequestService(service, serviceTime: .exponential(mean: 1), concurrency: 5)
        let runs = (1...12).map { seed in
            replayRequests(trace, service: service, requests: requests, decisions: [], seed: UInt64(seed))
        }
        expect(runs.map(\.waited), within: erlangC(20, load: 18))
    }

    /// Five standard errors, and a twentieth for a start with empty queues.
    private func expect(_ values: [Double], within wanted: Double) {
        let count = Double(values.count), mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        let bound = 5 * (variance / count).squareRoot() + 0.002 * wanted
        #expect(abs(mean - wanted) < bound, "\(mean) and not \(wanted) ± \(bound)")
        #expect(bound < 0.2 * wanted, "too wide to say anything: \(bound)")
    }

    /// M/G/1: the mean wait grows with the square of the variation (A. Khinchine, F. Pollaczek).
    @Test(arguments: [0.0, 0.5, 2])
    func variationOfServiceTimesCounts(cv: Double) throws {
        let service = try service(perInstance: 1, instances: 1)
        let trace = try trace([Double](repeating: 0.6, count: 20), step: 10_000, service)
        let distribution: DurationDistribution = cv == 0 ? .constant(1) : .lognormal(mean: 1, cv: cv)
        let requests = try RequestService(service, serviceTime: distribution)
        let runs = (1...12).map { seed in
            replayRequests(trace, service: service, requests: requests, decisions: [], seed: UInt64(seed))
        }
        expect(runs.map(\.wait.mean), within: 0.6 / 0.4 * (1 + cv * cv) / 2)
    }

    /// Many small requests of the same size are a fluid.
    @Test func manySmallRequestsAreAFluid() throws {
        for seed in UInt64(1)...6 {
            var rng = SplitMix64(seed: seed)
            let service = try service(perInstance: 200, instances: 3, startup: 20, slo: 2, most: 12)
            let rates = (0..<60).map { _ in Double(200 + rng.next() % 1_500) }
            let trace = try trace(rates, step: 10, service)
            let decisions = (0..<40).map { ReplayDecision(second: 15 * $0, desired: 3 + Int(rng.next() % 8)) }
            let fluid = replay(trace, service: service, decisions: decisions)
            let requests = try RequestService(service, serviceTime: .constant(1.0 / 200))
            let single = replayRequests(
                trace, service: service, requests: requests, decisions: decisions, arrivals: .drawn(cv: 0))
            #expect(fluid.meanWait > 0.5, "nothing waits in seed \(seed)")
            #expect(abs(Double(single.requests) - fluid.requests) < 2)
            // Ticks of a second round waits up or down by less than one.
            #expect(abs(single.wait.mean - fluid.meanWait) < 1, "seed \(seed)")
            #expect(abs(single.wait.p99 - fluid.p99) < 1.5 + 0.01 * fluid.p99, "seed \(seed)")
            #expect(abs(single.late - fluid.late) < 0.06, "seed \(seed)")
            #expect(single.instanceHours == fluid.instanceHours && single.failedStarts == 0)
            #expect(abs(Double(single.unserved) - fluid.backlogAtEnd) < 20)
        }
    }

    /// Three instances are wanted at second 10 and take ten seconds; every request is counted by hand.
    @Test func startsLimitsAndLinesAreKept() throws {
        let service = try service(perInstance: 0.5, instances: 0, startup: 10, most: 3)
        let trace = try trace([Double](repeating: 0, count: 100), step: 1, service)
        let requests = try RequestService(service, serviceTime: .constant(2), queueLimit: 4)
        let figures = replayRequests(
            trace, service: service, requests: requests,
            decisions: [ReplayDecision(second: 10, desired: 3), ReplayDecision(second: 50, desired: 1)],
            arrivals: .given([-3, 1, 2, 3, 4, 5, 6, 50.5, 51, 99.5, 99.5, 100]))
        // Four fit in the line and two are shed. Three start at 20, the fourth at 22. At 51 one instance is left and busy.
        #expect(figures.requests == 10 && figures.shed == 2 && figures.unserved == 1)
        #expect(figures.wait.longest == 19 && figures.latency.longest == 21)
        // 19, 18, 17 and 18; 0 and 1.5; 0 and, not served by the end, half a second.
        #expect(abs(figures.wait.mean - (72 + 1.5 + 0.5) / 8) < 1e-9)
        // Four that waited for the start, one behind another, one never served, and two shed.
        #expect(figures.late == 0.8 && figures.waited == 0.6 && figures.shedShare == 0.2)
        #expect(figures.instanceHours == Double(40 * 3 + 50) / 3_600)
    }

    @Test func failedStartsBeginAnew() throws {
        let service = try service(perInstance: 1, instances: 0, startup: 10, most: 100)
        let trace = try trace([0], step: 3_600, service)
        let requests = try RequestService(service, failedStarts: 0.5)
        let decisions = [ReplayDecision(second: 0, desired: 100)]
        let failures = (1...20).map { seed in
            Double(
                replayRequests(trace, service: service, requests: requests, decisions: decisions, seed: UInt64(seed))
                    .failedStarts)
        }
        expect(failures, within: 100)
    }

    @Test func theSameSeedGivesTheSameAndAnotherAnother() throws {
        let service = try service(perInstance: 1, instances: 5)
        let trace = try trace([Double](repeating: 4, count: 10), step: 100, service)
        let requests = try RequestService(
            service, serviceTime: .empirical([0.5, 1, 1.5]), startup: .lognormal(mean: 5, cv: 1), failedStarts: 0.1)
        let decisions = (0..<50).map { ReplayDecision(second: 20 * $0, desired: 3 + $0 % 3) }
        func figures(_ seed: UInt64, cv: Double) -> RequestFigures {
            replayRequests(
                trace, service: service, requests: requests, decisions: decisions, arrivals: .drawn(cv: cv), seed: seed)
        }
        for seed in UInt64(1)...5 {
            #expect(figures(seed, cv: 1) == figures(seed, cv: 1))
            #expect(figures(seed, cv: 1) != figures(seed + 1, cv: 1))
        }
    }

    @Test func burstsWaitLonger() throws {
        let service = try service(perInstance: 1, instances: 5)
        let trace = try trace([Double](repeating: 4, count: 10), step: 1_000, service)
        let requests = try RequestService(service)
        func wait(_ seed: UInt64, cv: Double) -> Double {
            let arrivals = RequestArrivals.drawn(cv: cv)
            return replayRequests(
                trace, service: service, requests: requests, decisions: [], arrivals: arrivals, seed: seed
            ).wait.mean
        }
        for seed in UInt64(1)...5 {
            #expect(wait(seed, cv: 3) > 2 * wait(seed, cv: 1) && wait(seed, cv: 1) > wait(seed, cv: 0.3))
        }
    }

    @Test func badFieldsAreNamed() throws {
        let service = try service(perInstance: 1, instances: 5)
        func message(_ make: () throws -> RequestService) -> String {
            do { return "made: \(try make())" } catch { return "\(error)" }
        }
        #expect(
            message { try RequestService(service, concurrency: 0) }
                == "service: concurrency = 0 must be between 1 and 100000")
        #expect(
            message { try RequestService(service, queueLimit: -1) }
                == "service: queueLimit = -1 must be between 0 and 100000000")
        #expect(
            message { try RequestService(service, failedStarts: 1) }
                == "service: failedStarts = 1.0 must be a share between 0 and 0.99")
        #expect(
            message { try RequestService(service, serviceTime: .empirical([])) } == "service: serviceTime has no values"
        )
        #expect(
            message { try RequestService(service, startup: .constant(-1)) }
                == "service: startup holds -1.0; durations must be between 0 and 1e9")
    }
}
