import Planning
import Series
import Simulation
import Testing
import Units

/// What-ifs on demand, and services derived from a trace.
@Suite struct WhatIfTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_700_006_400)
    private let flat = RegularSeries(start: start, step: 60, values: [Double](repeating: 10, count: 100))

    @Test func changesAreWhatTheySay() throws {
        let begin = Self.start.advanced(bySeconds: 50 * 60 + 30)
        let outage = try DemandChange(parsing: "outage:at=\(begin),for=2m").applied(to: flat, rows: 40..<100)
        // Half of the first row, one whole, and half of the last.
        #expect(Array(outage.values[49..<54]) == [10, 5, 0, 5, 10])
        let burst = try DemandChange(parsing: "burst:factor=4,for=1m,count=3,seed=7")
        let changed = burst.applied(to: flat, rows: 40..<100)
        #expect(Array(changed.values[..<40]) == Array(flat.values[..<40]), "history stays as it is")
        #expect(changed.values.reduce(0, +) > 1_085, "three bursts of a minute at four times ten")
        #expect(burst.applied(to: flat, rows: 40..<100).values == changed.values)
        let other = try DemandChange(parsing: "burst:factor=4,for=1m,count=3,seed=8")
        #expect(other.applied(to: flat, rows: 40..<100).values != changed.values)
        let drift = try DemandChange(parsing: "drift:by=1").applied(to: flat, rows: 50..<100)
        #expect(drift.values[49] == 10 && drift.values[99] == 20 && abs(drift.values[74] - 15) < 1e-9)
        #expect(flat.scaled(by: 2).values == [Double](repeating: 20, count: 100))
    }

    @Test(arguments: [
        ("flood", "write outage["), ("outage:level=2", "level must be a number from 0.0 to 1.0"),
        ("burst:for=soon", "for must be a length of time"), ("burst:at=then", "at must be a time"),
        ("drift:for=3m", "nothing is called for here"), ("burst:count=0", "count must be a number from 1.0"),
    ])
    func whatCannotBeReadIsNamed(text: String, message: String) {
        let error = #expect(throws: ReplayError.self) { try DemandChange(parsing: text) }
        #expect(error?.description.contains(message) ?? false, "\(String(describing: error))")
    }

    @Test func aServiceIsDerivedFromTheTrace() throws {
        // 1 to 1,001 a minute: the 0.999 quantile is 1,000.
        let values = (0..<1_001).map { Double($0 + 1) }
        let series = RegularSeries(start: Self.start, step: 60, values: values)
        let service = try ReplayService(derivedFrom: series, startupSeconds: 90, kind: .count, firstScored: 500)
        #expect(abs(service.model.perInstance.perSecond - 1_000.0 / 60 / 40) < 1e-12)
        #expect(service.model.startupSeconds == 90 && service.model.maxInstances == 160)
        // Rows 490 to 499 hold 491 to 500: 495.5 a minute are 19.82 instances, at a load of 0.7 28.3.
        #expect(service.initialInstances == 29)
        let none = RegularSeries(start: Self.start, step: 60, values: [0, 0])
        #expect(throws: ReplayError.self) {
            try ReplayService(derivedFrom: none, startupSeconds: 90, kind: .count, firstScored: 1)
        }
        var gap = values
        gap[498] = .nan
        // Ten known rows and one that is known itself.
        #expect(series.firstScoredRow == 500)
        #expect(RegularSeries(start: Self.start, step: 60, values: gap).firstScoredRow == 509)
    }

    @Test func aWarmUpThatLeavesNothingNamesFrom() throws {
        let service = try ReplayService(
            perInstance: 1, startupSeconds: 0, sloWaitSeconds: 1, minInstances: 0, maxInstances: 9)
        let error = #expect(throws: ReplayError.self) {
            try ReplayTrace(flat, service: service, from: Self.start.advanced(bySeconds: 6_000))
        }
        #expect(error?.description.hasPrefix("from = 2023-11-15T01:40:00Z leaves nothing to score") ?? false)
    }
}
