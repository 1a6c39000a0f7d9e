import Demo
import Ports
import Reports
import Series
import Testing
import Units

@Suite struct ResultTests {
    private func fleet(
        _ name: String, waits: [Double], unanswered: Int = 0, instanceSeconds: Double = 100
    ) -> FleetResult {
        let answered = waits.map { RequestOutcome(arrival: 0.5, wait: $0, isAnswered: true) }
        let rest = (0..<unanswered).map { _ in RequestOutcome(arrival: 1.5, wait: 9, isAnswered: false) }
        return FleetResult(
            name: name, policy: "p", outcomes: answered + rest, sloWaitSeconds: 0.5, instanceSeconds: instanceSeconds,
            starts: 3, demand: [Double(waits.count), Double(unanswered), 0], capacity: [10, 10, 10])
    }

    /// 1,000 requests, `late` of them late.
    private func fleet(late: Int, cost: Double) -> FleetResult {
        let waits = (0..<1_000).map { $0 < late ? 2.0 : 0 }
        return fleet("f", waits: waits, instanceSeconds: cost)
    }

    @Test func figuresComeFromTheWaits() {
        let result = fleet("a", waits: (0...100).map { Double($0) / 100 }, unanswered: 4)
        #expect(result.requests == 105 && result.unanswered == 4)
        // 0.51 to 1.00 and those without an answer; 0.5 itself is in time.
        #expect(result.late == 54)
        #expect(abs(result.p50Wait - 0.52) < 1e-9 && result.maxWait == 9)
        #expect(abs(result.p99Wait - 9) < 1e-9)
        #expect(abs(result.p99PerRow[0] - 0.99) < 1e-9 && result.p99PerRow[1] == 9 && result.p99PerRow[2].isNaN)
    }

    @Test func aFleetWithoutRequestsIsNotLate() {
        let result = fleet("a", waits: [])
        #expect(result.lateShare == 0 && result.p99Wait.isNaN)
    }

    @Test(arguments: [
        // reactive late, its cost, prewarmed late, its cost
        (200, 100.0, 10, 104.0, Verdict.won), (200, 100, 10, 60, .won), (200, 100, 10, 120, .atAPrice),
        (20, 100, 21, 101, .noDifference), (20, 100, 15, 90, .cheaper), (20, 100, 15, 110, .lost),
        (10, 100, 200, 50, .lost), (0, 100, 0, 100, .noDifference), (1, 0, 0, 0, .noDifference),
    ])
    func theVerdictFollowsTheFigures(_ c: (Int, Double, Int, Double, Verdict)) {
        let (reactive, prewarmed) = (fleet(late: c.0, cost: c.1), fleet(late: c.2, cost: c.3))
        #expect(Verdict(reactive: reactive, prewarmed: prewarmed) == c.4)
    }

    @Test func theSentenceNamesWhatItRestsOn() {
        let (reactive, prewarmed) = (fleet(late: 200, cost: 100), fleet(late: 10, cost: 120))
        let verdict = Verdict(reactive: reactive, prewarmed: prewarmed)
        #expect(
            verdict.sentence(reactive: reactive, prewarmed: prewarmed)
                == "Prewarming was late less often, at a price: 1.0% of requests late against 20.0%, "
                + "with 20.0% more instance-seconds.")
        #expect(
            Verdict(reactive: prewarmed, prewarmed: reactive).sentence(reactive: prewarmed, prewarmed: reactive)
                == "Prewarming lost this run: 20.0% of requests late against 1.0%, with 16.7% fewer instance-seconds.")
    }

    @Test func theTableFitsATerminalAndTheReportHoldsThePictures() {
        let forecast = QuantileForecast(
            origin: Timestamp(secondsSinceEpoch: 0), step: 1, levels: [0.5, 0.95], values: [1, 2, 1, 3, 2, 3])
        let result = DemoResult(
            settings: DemoSettings(), reactive: fleet("reactive", waits: [0, 3], unanswered: 1),
            prewarmed: fleet("prewarmed", waits: [0, 0]), forecast: forecast)
        let lines = result.table.rendered(width: 80).split(separator: "\n")
        #expect(lines.count == 3, "the table wraps at 80 columns")
        let page = result.report.rendered()
        #expect(page.contains("Demand and ready capacity") && page.contains("p99 wait by second of arrival"))
        #expect(page.contains("1 requests to the reactive fleet never got an answer"))
    }
}

@Suite struct CapacityAccountTests {
    private func report(_ states: [(String, Instance.State)]) -> InstanceReport {
        InstanceReport(
            desired: states.count,
            instances: states.map { Instance(id: $0.0, state: $0.1, endpoint: nil, restarts: 0) }, startupSeconds: [])
    }

    @Test func instancesCountFromStartToEndWithinTheDay() {
        var account = CapacityAccount(rows: 4)
        account.note(report([("a", .ready)]), at: -1)
        account.note(report([("a", .ready), ("b", .starting)]), at: 1)
        account.note(report([("a", .stopping), ("b", .ready)]), at: 2.5)
        account.note(report([("b", .ready), ("c", .backingOff)]), at: 3)
        account.note(report([("b", .ready), ("d", .starting)]), at: 6)
        // One until 1, two until 3, then one; what happens after the day is not counted.
        #expect(account.instanceSeconds == 1 + 2 * 2 + 1)
        #expect(account.starts == 2, "b and c; a was there before the day, d came after it")
        #expect(account.readyPerRow == [1, 1, 1, 1])
        #expect(account.readyNow == 1)
    }

    @Test func readyInstancesAreAveragedOverARow() {
        var account = CapacityAccount(rows: 2)
        account.note(report([]), at: 0)
        account.note(report([("a", .ready), ("b", .ready)]), at: 0.75)
        account.close(at: 1.5)
        #expect(account.readyPerRow == [0.5, 1])
    }
}
