import Kernels
import Planning
import Series
import Simulation
import Testing
import Units

/// The replay's rules once more, second by second and instance by instance, with nothing cumulated.
private struct PlainReplay {
    private struct Instance { let started: Int, readyAt: Int }
    private struct Work { let second: Int, all: Double, left: Double }

    private let service: ReplayService
    private var fleet: [Instance]
    private var queue: [Work] = []
    private(set) var figures = ReplayFigures()
    /// How long how much has waited.
    private var waits: [(wait: Int, amount: Double)] = []
    private var billed = 0

    init(_ arrivals: [Double], _ isGap: [Bool], _ service: ReplayService, _ decisions: [ReplayDecision]) {
        self.service = service
        fleet = Array(repeating: Instance(started: -1, readyAt: 0), count: service.initialInstances)
        for second in arrivals.indices {
            if let decision = decisions.last(where: { $0.second == second }) { scale(to: decision.desired, at: second) }
            figures.peak = max(figures.peak, fleet.count)
            if !isGap[second] { billed += fleet.count }
            if arrivals[second] > 0 {
                queue.append(Work(second: second, all: arrivals[second], left: arrivals[second]))
            }
            serve(at: second)
        }
        for work in queue { figures.late += work.all }
        for work in waits where Double(work.wait) > service.model.sloWaitSeconds { figures.late += work.amount }
        figures.backlogAtEnd = queue.reduce(0) { $0 + $1.left }
        waits += queue.map { (arrivals.count - $0.second, $0.all) }
        summarise()
    }

    private mutating func scale(to desired: Int, at second: Int) {
        let wish = service.model.clamped(desired)
        if wish > fleet.count { figures.raises += 1 }
        figures.starts += max(0, wish - fleet.count)
        if wish < fleet.count { figures.cuts += 1 }
        while fleet.count < wish {
            fleet.append(Instance(started: second, readyAt: second + service.model.startupSeconds))
        }
        // What starts latest goes first, and ready ones only when nothing starts.
        while fleet.count > wish {
            let starting = fleet.indices.filter { fleet[$0].readyAt > second }
            fleet.remove(at: starting.max { fleet[$0].started < fleet[$1].started } ?? 0)
        }
    }

    /// The work of a second has waited until the last of it is served.
    private mutating func serve(at second: Int) {
        var capacity = Double(fleet.count { $0.readyAt <= second }) * service.model.perInstance.perSecond
        while let work = queue.first, capacity > 0 {
            queue.removeFirst()
            let served = min(capacity, work.left)
            capacity -= served
            if served < work.left {
                queue.insert(Work(second: work.second, all: work.all, left: work.left - served), at: 0)
            } else {
                waits.append((second - work.second, work.all))
            }
        }
    }

    private mutating func summarise() {
        figures.instanceHours = Double(billed) / 3_600
        let total = waits.reduce(0) { $0 + $1.amount }
        guard total > 0 else { return }
        let sorted = waits.sorted { $0.wait < $1.wait }
        func quantile(_ share: Double) -> Double {
            var sum = 0.0
            let found = sorted.first { work in
                sum += work.amount
                return sum >= share * total
            }
            return Double(found?.wait ?? 0)
        }
        figures.requests = total
        figures.late /= total
        figures.meanWait = waits.reduce(0) { $0 + $1.amount * Double($1.wait) } / total
        (figures.p50, figures.p95, figures.p99) = (quantile(0.5), quantile(0.95), quantile(0.99))
        (figures.p999, figures.maxWait) = (quantile(0.999), Double(sorted[sorted.count - 1].wait))
    }
}

@Suite struct ReplayReferenceTests {
    private func randomService(_ rng: inout SplitMix64) throws -> ReplayService {
        let least = Int(rng.next() % 3)
        return try ReplayService(
            perInstance: [0.5, 1, 2][Int(rng.next() % 3)],
            startupSeconds: Double([0, 0, 1, 7, 30][Int(rng.next() % 5)]),
            sloWaitSeconds: Double(rng.next() % 4), minInstances: least, maxInstances: least + Int(rng.next() % 12),
            initialInstances: Int(rng.next() % 8))
    }

    /// Quarters, so that sums are exact and ties are ties.
    private func randomTrace(_ service: ReplayService, _ rng: inout SplitMix64) throws -> ReplayTrace {
        let step = Int(rng.next() % 5) + 1
        let busy = rng.uniform()
        let values = (0..<Int(rng.next() % 60) + 1).map { _ in
            let draw = rng.uniform()
            return draw < 0.1 ? Double.nan : draw > busy ? 0 : Double(rng.next() % 40) / 4 * Double(step)
        }
        return try ReplayTrace(
            RegularSeries(start: Timestamp(secondsSinceEpoch: 0), step: step, values: values), service: service)
    }

    private func randomDecisions(_ seconds: Int, _ rng: inout SplitMix64) -> [ReplayDecision] {
        var decisions: [ReplayDecision] = []
        let rate = rng.uniform()
        for second in 0..<seconds {
            // Twice in one second happens too, and counts as the second says.
            for _ in 0..<2 where rng.uniform() < rate * 0.5 {
                decisions.append(ReplayDecision(second: second, desired: Int(rng.next() % 16)))
            }
        }
        return decisions
    }

    @Test func everyFigureIsThatOfThePlainReplay() throws {
        for seed in UInt64(0)..<1_500 {
            var rng = SplitMix64(seed: seed)
            let service = try randomService(&rng), trace = try randomTrace(service, &rng)
            let decisions = randomDecisions(trace.seconds, &rng)
            let figures = replay(trace, service: service, decisions: decisions)
            let plain = PlainReplay(trace.arrivals, trace.isGap, service, decisions).figures
            expectEqual(figures, plain, seed)
        }
    }

    private func expectEqual(_ a: ReplayFigures, _ b: ReplayFigures, _ seed: UInt64) {
        #expect([a.peak, a.raises, a.cuts, a.starts] == [b.peak, b.raises, b.cuts, b.starts], "seed \(seed)")
        #expect(
            [a.requests, a.instanceHours, a.backlogAtEnd] == [b.requests, b.instanceHours, b.backlogAtEnd], "\(seed)")
        #expect([a.p50, a.p95, a.p99, a.p999, a.maxWait] == [b.p50, b.p95, b.p99, b.p999, b.maxWait], "seed \(seed)")
        #expect(abs(a.late - b.late) < 1e-12 && abs(a.meanWait - b.meanWait) < 1e-9, "seed \(seed)")
    }

    /// Where capacity may be as high as it must, nobody waits once an instance could have started.
    @Test func theClairvoyantIsNeverLate() throws {
        for seed in UInt64(0)..<400 {
            var rng = SplitMix64(seed: seed)
            let startup = [0, 0, 3, 20][Int(rng.next() % 4)]
            let service = try ReplayService(
                perInstance: 1, startupSeconds: Double(startup), sloWaitSeconds: 0, minInstances: 0, maxInstances: 100)
            let demand = (0..<80).map { _ in rng.uniform() < 0.5 ? 0 : Double(rng.next() % 9) }
            let series = RegularSeries(
                start: Timestamp(secondsSinceEpoch: 0), step: 1,
                values: Array(repeating: 0, count: startup) + demand)
            let trace = try ReplayTrace(series, service: service)
            let plan = clairvoyantDecisions(trace, service: service)
            let figures = replay(trace, service: service, decisions: plan)
            #expect(figures.late == 0 && figures.maxWait == 0, "seed \(seed)")
            guard startup == 0 else { continue }
            // Without a start-up it holds what is needed and not one second more.
            #expect(figures.instanceHours == demand.reduce(0, +) / 3_600, "seed \(seed)")
        }
    }
}
