import Testing
import Units

@Suite struct UnitsTests {
    @Test(arguments: [
        ("1970-01-01", 0), ("1995-07-01T04:00:00Z", 804_571_200_000), ("2014-07-01 00:30:00", 1_404_174_600_000),
        ("2026-11-24T08:00:00.25+01:00", 1_795_503_600_250), ("2000-02-29T23:59:59Z", 951_868_799_000),
        ("804571200", 804_571_200_000), ("1.5", 1_500), ("1969-12-31T23:59:59Z", -1_000),
    ])
    func readsTimes(text: String, milliseconds: Int64) {
        #expect(Timestamp(parsing: text)?.millisecondsSinceEpoch == milliseconds)
    }

    @Test(arguments: [
        "", "soon", "2026-13-01", "2023-02-29", "2026-01-01T25:00", "2026-01-01Tnoon", "nan", "inf", "1e300",
    ])
    func refusesWhatIsNoTime(text: String) { #expect(Timestamp(parsing: text) == nil) }

    @Test func writesWhatItReads() {
        for day in stride(from: -800_000, to: 800_000, by: 977) {
            let time = Timestamp(millisecondsSinceEpoch: Int64(day) * 86_400_000 + 12_345_678)
            #expect(Timestamp(parsing: time.description) == time || CivilTime(time).year < 0, "\(time)")
        }
    }

    @Test func countsInstancesWithoutRoundingNoise() throws {
        let each = try #require(DemandRate(perSecond: 0.1))
        #expect(DemandRate(perSecond: 0.3)?.instances(each: each) == 3)
        #expect(DemandRate(perSecond: 0.301)?.instances(each: each) == 4)
        #expect(DemandRate(perSecond: 1e300)?.instances(each: each) == 1 << 62)
        #expect(DemandRate(perSecond: -1) == nil && DemandRate(perSecond: .nan) == nil)
    }

    @Test func gridsFindTheirRows() {
        let grid = TimeGrid(start: Timestamp(secondsSinceEpoch: 600), step: 60, count: 3)
        #expect(grid.row(holding: Timestamp(secondsSinceEpoch: 719)) == 1)
        #expect(grid.row(holding: Timestamp(secondsSinceEpoch: 599)) == -1)
        #expect(grid.row(startingAt: grid.end) == 3 && grid.row(startingAt: Timestamp(secondsSinceEpoch: 661)) == nil)
    }

    @Test func workloadNamesFitALabelAndAPath() {
        #expect(WorkloadID("checkout-2.web_a") != nil)
        for bad in ["", "..", "a/b", "a b", String(repeating: "x", count: 64)] { #expect(WorkloadID(bad) == nil) }
    }
}
