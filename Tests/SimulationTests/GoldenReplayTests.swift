import Foundation
import Planning
import Series
import Simulation
import Testing
import Units

private struct Case: Decodable {
    struct Service: Decodable {
        let perInstance, startupSeconds, sloWaitSeconds: Double
        let minInstances, maxInstances, initialInstances: Int
        let kind: String
    }
    struct Plan: Decodable {
        let policy: String
        let decisions: [[Int]]
        let figures: [String: Double]
    }
    let step, history: Int
    let values: [Double?]
    let service: Service
    let plans: [Plan]

    func replayService() throws -> ReplayService {
        try ReplayService(
            perInstance: service.perInstance, startupSeconds: service.startupSeconds,
            sloWaitSeconds: service.sloWaitSeconds, minInstances: service.minInstances,
            maxInstances: service.maxInstances, initialInstances: service.initialInstances,
            kind: service.kind == "rate" ? .rate : .count)
    }
}

@Test func replayAgreesWithTheReference() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/replay.json")
    for item in try JSONDecoder().decode([Case].self, from: Data(contentsOf: file)) {
        let service = try item.replayService()
        let start = Timestamp(secondsSinceEpoch: 1_700_000_100)
        let series = RegularSeries(start: start, step: item.step, values: item.values.map { $0 ?? .nan })
        let trace = try ReplayTrace(service: service, series, from: item)
        for plan in item.plans {
            let decisions = plan.decisions.map { ReplayDecision(second: $0[0], desired: $0[1]) }
            let figures = replay(trace, service: service, decisions: decisions)
            expectSame(figures, plan.figures)
            if plan.policy == "clairvoyant" { #expect(clairvoyantDecisions(trace, service: service) == decisions) }
            guard plan.policy.hasPrefix("hpa") || plan.policy.hasPrefix("fixed") else { continue }
            let policy = try PolicyCatalogue.policy(parsing: plan.policy, service: service.model)
            #expect(runPolicy(policy, trace: trace, service: service) == decisions)
        }
    }
}

extension ReplayTrace {
    fileprivate init(service: ReplayService, _ series: RegularSeries, from item: Case) throws {
        try self.init(series, service: service, from: series.grid.time(of: item.history))
    }
}

private func expectSame(_ figures: ReplayFigures, _ expected: [String: Double]) {
    let actual: [String: Double] = [
        "requests": figures.requests, "late": figures.late, "meanWait": figures.meanWait,
        "instanceHours": figures.instanceHours, "peak": Double(figures.peak), "raises": Double(figures.raises),
        "cuts": Double(figures.cuts), "backlogAtEnd": figures.backlogAtEnd,
    ]
    for (name, value) in actual {
        let wanted = expected[name] ?? .nan
        #expect(abs(value - wanted) <= max(1e-6 * abs(wanted), 1e-9 * figures.requests), "\(name)")
    }
    let percentiles = [
        "p50": figures.p50, "p95": figures.p95, "p99": figures.p99, "p999": figures.p999, "maxWait": figures.maxWait,
    ]
    for (name, value) in percentiles { #expect(abs(value - (expected[name] ?? .nan)) <= 1, "\(name)") }
}
