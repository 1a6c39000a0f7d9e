import Planning
import Reports
import Series
import Simulation
import TestSupport
import Testing
import Units

@Suite struct FrontierReportTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_767_225_600)

    private static func point(_ policy: String, _ knob: Double, late: Double, cost: Double) -> FrontierPoint {
        var figures = ReplayFigures()
        (figures.late, figures.instanceHours, figures.raises) = (late, cost * 100, 12)
        return FrontierPoint(policy: policy, knob: knob, figures: figures, cost: cost, money: nil)
    }

    private static let record = DecisionRecord(
        time: start.advanced(bySeconds: 5_160), desired: 9, ready: 8, starting: 1,
        decision: Decision(
            desired: 11,
            candidates: [.init(.forecastOverLeadTime, 11), .init(.forecastUntilRestart, 11), .init(.reactive, 9)],
            binding: .forecastOverLeadTime),
        forecast: [.init(level: 0.5, rate: 17.2), .init(level: 0.99, rate: 21.9)])

    private static func episode(_ record: DecisionRecord?) -> LateEpisode {
        LateEpisode(
            start: start.advanced(bySeconds: 5_280), end: start.advanced(bySeconds: 5_520), lateRequests: 312.4,
            shareOfLate: 0.142, longestWait: 45, peak: start.advanced(bySeconds: 5_340), peakRate: 61.24, need: 31,
            ready: 11,
            record: record)
    }

    private static func result() throws -> FrontierResult {
        let predictive = [
            point("predictive:0.9", 0.9, late: 0.01, cost: 1.2),
            point("predictive:0.99", 0.99, late: 0.0008, cost: 1.35),
        ]
        let hpa = [point("hpa:0.4", 0.4, late: 0.0009, cost: 2.1), point("hpa:0.7", 0.7, late: 0.03, cost: 1.4)]
        let families = [
            FrontierFamily(name: "predictive", role: .predictive, points: predictive),
            FrontierFamily(name: "hpa", role: .peer, points: hpa),
            FrontierFamily(
                name: "known-rate", role: .bound, points: [point("known-rate:2", 2, late: 0.0005, cost: 1.1)]),
        ]
        func chosen(_ point: FrontierPoint, _ family: String) -> ChosenSetting {
            ChosenSetting(
                policy: point.policy, family: family, knob: point.knob, chosenLate: point.figures.late,
                chosenCost: point.cost,
                late: Interval(low: 0.0004, estimate: 0.0009, high: 0.0016),
                cost: Interval(low: point.cost - 0.05, estimate: point.cost, high: point.cost + 0.05),
                instanceHours: 60)
        }
        let middle = start.advanced(bySeconds: 43_200), end = start.advanced(bySeconds: 86_400)
        let choice = FrontierChoice(
            goal: .late(0.001), chosenOn: start..<middle, reportedOn: middle..<end,
            recommended: chosen(predictive[1], "predictive"),
            peer: chosen(hpa[0], "hpa"), hoursSaved: Interval(low: 0.3, estimate: 0.36, high: 0.4),
            hoursSavedAtEqualLateness: Interval(low: 0.28, estimate: 0.35, high: 0.41), blockSeconds: 3_600,
            resamples: 1_000,
            seed: 1, confidence: 0.95)
        let demand = RegularSeries(
            start: start, step: 60, values: (0..<1_440).map { $0 == 89 ? 61.24 : 16 + Double($0 % 5) })
        let timeline = FrontierTimeline(
            demand: demand, low: demand.scaled(by: 0.8), median: demand, high: demand.scaled(by: 1.3), lowLevel: 0.1,
            highLevel: 0.99,
            capacities: [
                .init(
                    policy: "predictive:0.99",
                    decisions: [.init(second: 0, desired: 9), .init(second: 5_160, desired: 11)],
                    ready: [], late: (0..<1_440).map { (88..<92).contains($0) ? 80 : 0 }),
                .init(policy: "hpa:0.4", decisions: [.init(second: 0, desired: 20)], ready: [], late: []),
            ])
        return FrontierResult(
            traceName: "web.csv", start: start, end: end, step: 60,
            service: try ReplayService(
                perInstance: 2, startupSeconds: 120, sloWaitSeconds: 1, minInstances: 1, maxInstances: 40),
            tickSeconds: 15, model: "auto", notes: ["The service is derived."], clairvoyantHours: 100,
            families: families,
            levels: [0.01, 0.001].map { FrontierLevel(late: $0, families) }, choice: choice,
            verdict: FrontierVerdict(kind: .saves, sentences: ["Saves a third.", "Honestly."]),
            startups: [60, 120, 240].map {
                StartupCase(
                    startupSeconds: $0, isAsIs: $0 == 120, recommended: $0 == 240 ? nil : predictive[1], peer: hpa[0],
                    leastLate: 0.0008, clairvoyantHours: 100)
            },
            worst: [episode(record), episode(nil)], timeline: timeline)
    }

    @Test func aDecisionIsToldInWords() throws {
        let told = [Self.episode(Self.record), Self.episode(nil)].map { $0.sentences.joined(separator: "\n") }
        try expectGolden(told.joined(separator: "\n\n") + "\n", "decision-words.txt")
        #expect(Set(Decision.Reason.allCases.map(\.words)).count == Decision.Reason.allCases.count)
    }

    @Test func everyPartIsThere() throws {
        let page = try FrontierReport(Self.result(), command: "forecast frontier --trace web.csv").rendered()
        let parts = [
            "Cost against lateness", "Demand and capacity over time", "How sure is this?",
            "If instances took longer or less long to start", "Waits and starts", "The worst moments", "Settings",
            "Every setting",
        ]
        let places = parts.map { page.firstRange(of: "<h2>\($0)</h2>")?.lowerBound }
        #expect(places.allSatisfy { $0 != nil } && places.compactMap { $0 } == places.compactMap { $0 }.sorted())
        let texts = [
            "<p class=\"verdict\">Saves a third.</p>", "95% intervals: 1000 resamples of blocks of 1 h",
            "none meets the goal",
            "known-rate (a bound)", "forecast frontier --trace web.csv", "<td>as is</td>",
            // The picture of a moment begins ten minutes before its decision, and ends ten after it.
            "href=\"#view=4560,6120\"",
        ]
        for text in texts { #expect(page.contains(text), "\(text)") }
    }

    @Test func whatWasNotFoundOutIsLeftOut() throws {
        var result = try Self.result()
        (result.choice, result.timeline, result.startups, result.worst, result.levels) = (nil, nil, [], [], [])
        let page = FrontierReport(comparing: result, command: "forecast backtest").rendered()
        #expect(
            page.contains(
                "known-rate:2 is the least late and the cheapest of 5: 0.050% of the requests late at 1.10 times")
        )
        for text in ["How sure", "The worst moments", "Demand and capacity over time", "If instances took"] {
            #expect(!page.contains("<h2>\(text)"), "\(text)")
        }
    }
}
