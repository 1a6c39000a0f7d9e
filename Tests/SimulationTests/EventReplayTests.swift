import Kernels
import Planning
import Series
import Simulation
import Testing
import Units

/// The replay in event form against the same rules second by second, on traces of any shape.
@Suite struct EventReplayTests {
    private struct Scenario {
        let service: ReplayService, trace: ReplayTrace, decisions: [ReplayDecision]

        init(seed: UInt64) throws {
            var rng = SplitMix64(seed: seed)
            let least = Int(rng.next() % 4)
            service = try ReplayService(
                perInstance: 0.3 + 3 * rng.uniform(), startupSeconds: [0, 0.5, 1, 30, 300][Int(rng.next() % 5)],
                sloWaitSeconds: [0, 0.5, 1, 10][Int(rng.next() % 4)], minInstances: least,
                maxInstances: least + Int(rng.next() % 40), initialInstances: Int(rng.next() % 20),
                gaps: rng.next() % 4 == 0 ? .zero : .missing, kind: rng.next() % 2 == 0 ? .rate : .count)
            trace = try ReplayTrace(Self.series(service, &rng), service: service)
            decisions = Self.decisions(trace, service, &rng)
        }

        /// Wanders, rests at a height, is silent or missing for a while, falls below 0.
        private static func series(_ service: ReplayService, _ rng: inout SplitMix64) -> RegularSeries {
            let step = [1, 1, 2, 10, 60, 300][Int(rng.next() % 6)]
            let scale = service.model.kind == .rate ? 1 : Double(step)
            var (values, height) = ([Double](), 10.0)
            while values.count < 30 + Int(rng.next() % 400) {
                let run = 1 + Int(rng.next() % 6)
                height = max(0, height + 12 * (rng.uniform() - 0.5))
                let draw = rng.uniform()
                let value = draw < 0.05 ? Double.nan : draw < 0.1 ? 0 : draw < 0.12 ? -1 : height * scale
                values.append(contentsOf: repeatElement(value, count: run))
            }
            return RegularSeries(start: Timestamp(secondsSinceEpoch: 1_700_000_000), step: step, values: values)
        }

        private static func decisions(
            _ trace: ReplayTrace, _ service: ReplayService, _ rng: inout SplitMix64
        ) -> [ReplayDecision] {
            let spread = [2, 40, 400][Int(rng.next() % 3)]
            let bias = rng.uniform() * 1.6
            var (decisions, second) = ([ReplayDecision](), Int(rng.next() % 30))
            // Some lie past the end, and some in the second of the one before.
            while second < trace.seconds + 100 {
                let rate = trace.rates[min(second / trace.step, trace.rates.count - 1)]
                let need = (rate.isNaN ? 5 : rate) / service.model.perInstance.perSecond
                decisions.append(ReplayDecision(second: second, desired: Int(need * bias) + Int(rng.next() % 3)))
                second += Int(rng.next() % UInt64(spread))
            }
            return decisions
        }
    }

    @Test func everyFigureIsThatOfTheSeconds() throws {
        var queued = 0
        for seed in UInt64(0)..<1_200 {
            let scenario = try Scenario(seed: seed)
            let event = replay(scenario.trace, service: scenario.service, decisions: scenario.decisions)
            let plain = secondBySecond(scenario.trace, service: scenario.service, decisions: scenario.decisions)
            expectSame(event, plain, "seed \(seed)")
            if plain.meanWait > 0 && plain.late < 1 { queued += 1 }
        }
        #expect(queued > 400, "hardly anything ever waited: \(queued)")
    }

    @Test func theClairvoyantsPlanIsThatOfTheSeconds() throws {
        for seed in UInt64(0)..<1_200 {
            let scenario = try Scenario(seed: seed)
            let plan = clairvoyantDecisions(scenario.trace, service: scenario.service)
            #expect(plan == clairvoyantSecondBySecond(scenario.trace, service: scenario.service), "seed \(seed)")
            let event = replay(scenario.trace, service: scenario.service, decisions: plan)
            expectSame(event, secondBySecond(scenario.trace, service: scenario.service, decisions: plan), "\(seed)")
        }
    }

    /// Late requests and instance-seconds lie in the cells that the seconds say, and add up to the figures.
    @Test func cellsAreThoseOfTheSeconds() throws {
        var late = 0
        for seed in UInt64(0)..<600 {
            let scenario = try Scenario(seed: seed)
            let (trace, service, decisions) = (scenario.trace, scenario.service, scenario.decisions)
            let size = 1 + Int(seed % 97)
            let (figures, cells) = replayByCells(trace, service: service, decisions: decisions, cellSeconds: size)
            #expect(figures == replay(trace, service: service, decisions: decisions))
            #expect(cells.started.reduce(0, +) == Double(figures.starts))
            let plain = lateAndBilledSecondBySecond(trace, service: service, decisions: decisions)
            let requests = trace.requests(cellSeconds: size)
            for cell in cells.late.indices {
                let seconds = cell * size..<min((cell + 1) * size, trace.seconds)
                let (own, billed) = (plain.late[seconds].reduce(0, +), plain.billed[seconds].reduce(0, +))
                #expect(abs(cells.late[cell] - own) <= 1e-6 * max(1, own), "seed \(seed), cell \(cell)")
                #expect(cells.billedSeconds[cell] == billed, "seed \(seed), cell \(cell)")
                #expect(abs(requests[cell] - trace.arrivals[seconds].reduce(0, +)) <= 1e-6 * max(1, requests[cell]))
                // What is never served is late however little of it could wait.
                let isLate = cells.late[cell] > 0, isLong = cells.longestWait[cell] > service.model.sloWaitSeconds
                #expect(figures.backlogAtEnd > 0 ? isLate || !isLong : isLate == isLong, "seed \(seed), cell \(cell)")
                if own > 0 { late += 1 }
            }
        }
        #expect(late > 1_000, "hardly anything was ever late: \(late)")
    }

    /// As the judge demands it, and tighter where sums allow.
    private func expectSame(_ a: ReplayFigures, _ b: ReplayFigures, _ label: String) {
        #expect([a.peak, a.raises, a.cuts, a.starts] == [b.peak, b.raises, b.cuts, b.starts], "\(label)")
        let pairs = [
            (a.requests, b.requests), (a.late, b.late), (a.meanWait, b.meanWait), (a.instanceHours, b.instanceHours),
        ]
        for (one, other) in pairs { #expect(abs(one - other) <= 1e-9 * max(abs(other), 1e-3), "\(label)") }
        #expect(abs(a.backlogAtEnd - b.backlogAtEnd) <= 1e-9 * max(b.requests, 1), "\(label)")
        let waits = [(a.p50, b.p50), (a.p95, b.p95), (a.p99, b.p99), (a.p999, b.p999), (a.maxWait, b.maxWait)]
        for (one, other) in waits { #expect(one == other, "\(label): \(waits)") }
    }

    /// A year of minutes in which nothing changes is a handful of steps; a queue that is never served as well.
    @Test func whatDoesNotChangeCostsNothing() throws {
        let service = try ReplayService(
            perInstance: 1, startupSeconds: 60, sloWaitSeconds: 1, minInstances: 0, maxInstances: 9)
        let series = RegularSeries(
            start: Timestamp(secondsSinceEpoch: 0), step: 60, values: [Double](repeating: 120, count: 525_600))
        let trace = try ReplayTrace(series, service: service)
        let figures = replay(trace, service: service, decisions: [ReplayDecision(second: 0, desired: 3)])
        // What comes in the first minute waits for the instances, and is made up for at one a second.
        #expect(figures.maxWait == 60 && figures.peak == 3 && figures.backlogAtEnd == 0)
        #expect(figures.instanceHours == 3 * 8_760 && figures.p999 == 0)
        let starved = replay(trace, service: service, decisions: [])
        #expect(starved.late == 1 && starved.maxWait == 31_536_000 && starved.p50 == 15_768_000)
    }
}
