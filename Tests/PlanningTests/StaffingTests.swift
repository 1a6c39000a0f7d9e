import Kernels
import Planning
import Series
import Testing
import Units

/// Erlang's loss probability by its recursion, an arrival's chance to wait from it: what the sum is held to.
private func reference(servers: Int, load: Double) -> Double {
    var loss = 1.0
    for server in 1...servers { loss = load * loss / (Double(server) + load * loss) }
    let busy = load / Double(servers)
    return loss / (1 - busy * (1 - loss))
}

@Suite struct ErlangTests {
    @Test func publishedValues() {
        // 100 erlangs on 110 servers, 5 on 8; one server waits as often as it is busy; two have 2ρ²/(1 + ρ).
        #expect(abs(erlangC(servers: 110, load: 100) - 0.237) < 5e-4)
        #expect(abs(erlangC(servers: 8, load: 5) - 0.167) < 5e-4)
        #expect(abs(erlangC(servers: 1, load: 0.3) - 0.3) < 1e-15)
        #expect(abs(erlangC(servers: 2, load: 1) - 1.0 / 3) < 1e-15)
    }

    @Test func theSumIsTheRecursion() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<500 {
            let load = exponential(9 * random.uniform() - 2)
            let servers = Int(load + 1 + 6 * load.squareRoot() * random.uniform())
            let expected = reference(servers: servers, load: load)
            #expect(abs(erlangC(servers: servers, load: load) - expected) <= 1e-9 * expected + 1e-280)
        }
    }

    @Test func edges() {
        #expect(erlangC(servers: 0, load: 0) == 0 && erlangC(servers: 0, load: 1) == 1)
        #expect(erlangC(servers: 5, load: 5) == 1 && erlangC(servers: 1_000_000, load: 1) == 0)
    }
}

@Suite struct QueueModelTests {
    private func queue(
        _ seconds: Double, places: Int = 1, ca: Double = 1, cs: Double = 1, wait: Double
    ) throws -> QueueModel {
        try #require(
            QueueModel(serviceSeconds: seconds, places: places, arrivalCV: ca, serviceCV: cs, waitSeconds: wait))
    }

    /// The share of `count` requests that wait longer than `wait`, by Kiefer and Wolfowitz's recursion on free times.
    private func simulated(
        rate: Double, servers: Int, seconds: Double, wait: Double, ca: Double, cs: Double, count: Int, seed: UInt64
    ) -> Double {
        var random = SplitMix64(seed: seed), free = [Double](repeating: 0, count: servers), now = 0.0, late = 0
        for _ in 0..<count {
            now += random.gammaDraw(shape: 1 / (ca * ca)) / rate
            let next = free.indices.min { free[$0] < free[$1] } ?? 0
            let begin = max(now, free[next])
            if begin - now > wait { late += 1 }
            free[next] = begin + seconds * random.gammaDraw(shape: 1 / (cs * cs))
        }
        return Double(late) / Double(count)
    }

    @Test func exactForExponentialTimes() throws {
        // M/M/1: ρ·exp(-(μ - λ)t).
        let one = try queue(0.1, wait: 0.2)
        #expect(abs(one.lateChance(rate: 8, instances: 1) - 0.8 * exponential(-0.4)) < 1e-12)
        #expect(one.lateChance(rate: 10, instances: 1) == 1 && one.lateChance(rate: 0, instances: 0) == 0)
        for (servers, rate) in [(4, 30.0), (20, 180)] {
            let expected = one.lateChance(rate: rate, instances: servers)
            let share = simulated(
                rate: rate, servers: servers, seconds: 0.1, wait: 0.2, ca: 1, cs: 1, count: 400_000, seed: 3)
            #expect(abs(share - expected) < 0.15 * expected + 0.003, "\(servers): \(share), \(expected)")
        }
    }

    /// The approximation is one: within a third of the truth, and on the right side of exponential times.
    @Test func variabilityMovesItTheRightWay() throws {
        for (ca, cs) in [(0.5, 0.5), (2.0, 1.0), (1, 2)] {
            let own = try queue(0.1, ca: ca, cs: cs, wait: 0.1), plain = try queue(0.1, wait: 0.1)
            let (given, exponential) = (
                own.lateChance(rate: 85, instances: 10), plain.lateChance(rate: 85, instances: 10)
            )
            let share = simulated(
                rate: 85, servers: 10, seconds: 0.1, wait: 0.1, ca: ca, cs: cs, count: 400_000, seed: 5)
            #expect((given > exponential) == (ca * ca + cs * cs > 2) && (share > exponential) == (given > exponential))
            #expect(given > share / 2 - 0.01 && given < 2 * share + 0.02, "\(ca), \(cs): \(given), \(share)")
        }
    }

    @Test func theFewestInstancesThatDo() throws {
        var random = SplitMix64(seed: 9)
        for _ in 0..<200 {
            let model = try queue(
                0.05 + random.uniform(), places: 1 + Int(8 * random.uniform()), ca: 2 * random.uniform(),
                cs: 2 * random.uniform(), wait: random.uniform())
            let chance = 0.3 * random.uniform() + 1e-4, rate = 200 * random.uniform()
            let values = [0.5, 0.8, 1, 1.3, 1.7].map { $0 * rate }
            let forecast = QuantileForecast(
                origin: start, step: 60, levels: [0.05, 0.3, 0.5, 0.9, 0.99], values: values)
            for spread in [RateSpread(rate), RateSpread(forecast, row: 0, factor: 1)] {
                let count = model.instances(spread, late: chance, most: 100_000)
                #expect(spread.late(model, count) <= chance)
                if count > 0 { #expect(spread.late(model, count - 1) > chance) }
                #expect(model.instances(spread, late: chance, most: 3) <= 3)
            }
        }
    }

    /// What is late at high rates is not made good at low ones: a plan on the mean would be short.
    @Test func doubtCostsInstances() throws {
        let model = try queue(0.2, places: 4, wait: 0.5)
        let doubtful = QuantileForecast(origin: start, step: 60, levels: [0.1, 0.5, 0.9], values: [50, 100, 150])
        let sure = model.instances(RateSpread(100), late: 0.05, most: 1_000)
        #expect(model.instances(RateSpread(doubtful, row: 0, factor: 1), late: 0.05, most: 1_000) > sure)
        #expect(RateSpread(doubtful, row: 0, factor: 2).quantile(0.05) == 100)
    }

    @Test func whatIsNoQueueIsNil() {
        for (seconds, places, cv, wait) in [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, -1, 1), (1, 1, 1, -1), (.nan, 1, 1, 1)]
            as [(Double, Int, Double, Double)]
        {
            #expect(
                QueueModel(serviceSeconds: seconds, places: places, arrivalCV: cv, serviceCV: 1, waitSeconds: wait)
                    == nil)
        }
    }

    /// Small fleets need more spare capacity for their size, and the planner gives it.
    @Test func aPlannerStaffsByIt() throws {
        let model = try queue(1, wait: 0)
        let with = ServiceModel(
            perInstance: try #require(DemandRate(perSecond: 1)), startupSeconds: 0, sloWaitSeconds: 0, minInstances: 1,
            maxInstances: 10_000, kind: .rate, queue: model)
        var planner = PredictivePlanner(name: "p", service: with, tick: 15, aggressiveness: 0.8)
        for rate in [4.0, 400] {
            let demand = observation(desired: 1, demand: [rate], forecast: [rate, rate])
            let count = planner.decide(demand).desired, spare = Double(count) - rate
            // At a dial of 0.8 a row that is missed makes two late, so that a tenth may wait.
            #expect(erlangC(servers: count, load: rate) <= 0.1 && erlangC(servers: count - 1, load: rate) > 0.1)
            #expect(spare / rate > 0.5 || rate > 4)
            #expect(spare / rate < 0.1 || rate < 400)
        }
    }
}

@Suite struct InstanceCapacityTests {
    @Test func allOfItComesToADemandPerSecond() {
        let cases: [(InstanceCapacity, Double)] = [
            (.rate(25), 25), (.usage(whole: 4, target: 0.75), 3),
            (.concurrency(places: 80, target: 0.5, requestSeconds: nil), 40),
            // By Little's law 40 in flight of half a second each are 80 a second.
            (.concurrency(places: 80, target: 0.5, requestSeconds: 0.5), 80),
            (.tokens(TokenCapacity(perSecond: 2_000, perRequest: nil, batch: nil, target: 0.8)), 1_600),
            (.tokens(TokenCapacity(perSecond: 2_000, perRequest: 400, batch: nil, target: 0.8)), 4),
            // 16 sequences of 50 tokens a second are fewer than 2,000.
            (
                .tokens(
                    TokenCapacity(perSecond: 2_000, perRequest: 400, batch: .init(size: 16, perSequence: 50), target: 1)
                ),
                2
            ),
        ]
        for (capacity, expected) in cases {
            #expect(abs((capacity.sustained?.perSecond ?? 0) - expected) < 1e-12, "\(capacity)")
            #expect(capacity.queue == nil)
        }
        let nothing: [InstanceCapacity] = [
            .rate(0), .usage(whole: 4, target: 1.1), .concurrency(places: 0, target: 0.7, requestSeconds: nil),
            .concurrency(places: 8, target: 0.7, requestSeconds: 0),
            .tokens(TokenCapacity(perSecond: 1, perRequest: 0, batch: nil, target: 1)),
        ]
        for capacity in nothing { #expect(capacity.sustained == nil, "\(capacity)") }
    }
}
