import Kernels
import Planning
import Series
import Simulation
import Testing
import Units

/// Floors that return, in a replay: under every policy, ready when they begin, and named where they bind.
@Suite struct ScheduledFloorTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_700_006_400)
    private static let tick = 15

    private func schedules(seed: UInt64) throws -> [FloorSchedule] {
        var random = SplitMix64(seed: seed)
        return try (0..<3).map { _ in
            let cron = "\(random.next() % 60) \(random.next() % 4)-23/\(3 + random.next() % 3) * * *"
            return FloorSchedule(
                cron: try CronExpression(parsing: cron), zone: "UTC", rules: .utc,
                seconds: 60 * Int(1 + random.next() % 90), floor: Int(1 + random.next() % 15))
        }
    }

    private func service(_ schedules: [FloorSchedule], startup: Double) throws -> ReplayService {
        var limits = PlanLimits.none
        limits.schedules = schedules
        return try ReplayService(
            perInstance: 10, startupSeconds: startup, sloWaitSeconds: 1, minInstances: 1, maxInstances: 40,
            limits: limits)
    }

    private func trace(seed: UInt64, _ service: ReplayService) throws -> ReplayTrace {
        var random = SplitMix64(seed: seed), level = 50.0
        let values = (0..<720).map { _ in
            level = min(max(level + 30 * random.uniform() - 15, 0), 200)
            return random.uniform() < 0.02 ? .nan : (60 * level).rounded()
        }
        return try ReplayTrace(RegularSeries(start: Self.start, step: 60, values: values), service: service)
    }

    @Test func everyPolicyHoldsThemAndSaysSo() throws {
        let names = [
            "predictive:0.9", "hpa", "kpa", "keda", "aws-like", "tortoise-like", "autopilot", "app-engine-like", "lcp",
            "fixed:2", "peak", "seasonal-naive", "cron",
        ]
        var bound = 0
        for seed in UInt64(1)...3 {
            let startup = [0.0, 50, 200][Int(seed - 1)]
            let schedules = try schedules(seed: seed), service = try service(schedules, startup: startup)
            let trace = try trace(seed: seed, service), ticks = Set(stride(from: 0, to: trace.seconds, by: Self.tick))
            for name in names {
                let policy = try PolicyCatalogue.policy(
                    parsing: name, service: service.planned, tick: Self.tick, peakRate: trace.peakRate)
                #expect(policy.name == name)
                var run = PolicyRun(policy, trace: trace, service: service, tick: Self.tick, watching: ticks)
                run.advance()
                for record in run.records {
                    let ahead = record.time..<record.time.advanced(bySeconds: Int(startup) + Self.tick)
                    let floor = schedules.flatMap { $0.floors(within: ahead) }.map(\.instances).max() ?? 0
                    let decision = record.decision
                    #expect(decision.desired >= floor, "\(name), seed \(seed), \(record.time)")
                    let others = decision.candidates.filter { $0.reason != .scheduledFloor }.map(\.instances).max() ?? 0
                    // Where nothing is known the count stays in any case.
                    let stays = decision.binding == .demandUnknown && record.desired == decision.desired
                    if decision.desired == floor, floor > max(others, 1), !stays {
                        #expect(decision.binding == .scheduledFloor, "\(name), seed \(seed), \(record.time)")
                        bound += 1
                    }
                    if decision.binding == .scheduledFloor { #expect(decision.desired == floor) }
                }
            }
        }
        #expect(bound > 1_000)
    }

    /// The bound that all are measured by holds them too, at no more than it must cost.
    @Test func theClairvoyantHoldsThem() throws {
        for seed in UInt64(1)...20 {
            let startup = [0.0, 50, 200, 1_000][Int(seed % 4)]
            let schedules = try schedules(seed: seed), service = try service(schedules, startup: startup)
            let plain = try self.service([], startup: startup), trace = try trace(seed: seed, service)
            let plan = clairvoyantDecisions(trace, service: service), free = clairvoyantDecisions(trace, service: plain)
            let ready = service.ready(plan, until: trace.seconds), before = plain.ready(free, until: trace.seconds)
            let steps = schedules.steps(within: Self.start..<Self.start.advanced(bySeconds: trace.seconds))
            func value(_ steps: [ReplayDecision], _ second: Int) -> Int {
                steps.last { $0.second <= second }?.desired ?? 0
            }
            for second in stride(from: Int(startup), to: trace.seconds, by: 20) {
                let time = Self.start.advanced(bySeconds: second)
                let floor = steps.last { $0.at <= time }?.instances ?? 0
                #expect(value(ready, second) >= max(floor, value(before, second)), "seed \(seed), second \(second)")
            }
            let (with, without) = (
                replay(trace, service: service, decisions: plan), replay(trace, service: plain, decisions: free)
            )
            #expect(with.instanceHours >= without.instanceHours && with.late <= without.late + 1e-9)
            // At most: all floors beside all demand, and a start-up on both sides.
            let floorSeconds = steps.enumerated().reduce(0.0) { sum, step in
                let end =
                    step.offset + 1 < steps.count
                    ? steps[step.offset + 1].at : Self.start.advanced(bySeconds: trace.seconds)
                return sum + Double(step.element.instances) * (end.seconds(since: step.element.at) + 2 * startup)
            }
            #expect(with.instanceHours <= without.instanceHours + floorSeconds / 3_600)
        }
    }
}
