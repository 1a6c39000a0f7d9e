import Crypto
import Foundation
import Planning
import Reports
import Simulation
import TestSupport
import Testing
import Units

@Suite struct BacktestPageTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_767_225_600)

    /// Days of minutes with a rhythm and a spike, a gap, and a policy that follows a quarter of an hour late.
    static func timeline(days: Int, moments: [Timeline.Moment] = []) -> Timeline {
        var demand = (0..<days * 1_440).map { (row: Int) -> Double in
            20 + Double((row * 7) % 13) + abs(Double(row % 1_440) - 720) / 20
        }
        demand[700] = 95.5
        for row in 800..<805 { demand[row] = .nan }
        let late = demand.indices.map { demand[max(0, $0 - 15)] }
        let decisions = demand.indices.map {
            ReplayDecision(second: $0 * 60, desired: late[$0].isNaN ? 20 : Int(late[$0] / 2) + 1)
        }
        return Timeline(
            start: start, step: 60, demand: demand, unit: "demand a second", perInstance: 2,
            band: .init("forecast", low: demand.map { $0 * 0.8 }, high: demand.map { $0 * 1.25 }),
            capacities: [.init("predictive:0.99", decisions), .init("hpa:0.7", decisions.reversed().sortedBySecond)],
            moments: moments)
    }

    private static var curves: [TradeoffCurve] {
        [
            TradeoffCurve(
                "predictive",
                [0.0001, 0.001, 0.02].map { TradeoffPoint("predictive:\(1 - $0)", late: $0, cost: 1.4 - 3 * $0) }),
            TradeoffCurve(
                "hpa", [0.3, 0.5, 0.7].map { TradeoffPoint("hpa:\($0)", late: $0 * $0 / 10, cost: 1 / $0) }),
            TradeoffCurve("peak", [TradeoffPoint("peak", late: 0, cost: 6.5)]),
        ]
    }

    static var page: BacktestPage {
        var page = BacktestPage(title: "How aggressive should scaling be on <web>?")
        page.verdict = ["Prewarming saves 30% here & now.", "It meets \"0.1%\"."]
        page.notes = ["The service was derived from the trace."]
        page.curves = curves
        page.chosen = "predictive:0.999"
        page.lateTarget = 0.001
        page.timeline = timeline(days: 2, moments: [.init(42_000..<42_900, "1")])
        page.timelineCaption = "Times are UTC."
        var late = IntervalChart(title: "Requests served late", unit: "%")
        late.row("predictive:0.999", Interval(low: 0.05, estimate: 0.09, high: 0.2))
        late.row("hpa:0.3", Interval(low: 0.8, estimate: 0.8, high: 0.8))
        page.intervals.charts = [late]
        var figures = ReplayFigures()
        (figures.p99, figures.p999, figures.maxWait, figures.raises) = (0, 12, 48, 31)
        page.outcomes = [.init("predictive:0.999", figures)]
        page.moments = [.init(title: "1. midday", sentences: ["It was late."], stretch: 41_000..<44_000)]
        page.command = "forecast frontier --trace 'a <b>.csv'"
        return page
    }

    @Test func picturesAreAsRecorded() throws {
        let chart = TradeoffChart(title: "Cost", curves: Self.curves, chosen: "predictive:0.999", lateTarget: 0.001)
        try expectGolden(chart.svg(width: 960), "tradeoff-wide.svg")
        try expectGolden(chart.svg(width: 380), "tradeoff-narrow.svg")
        try expectGolden(Self.page.intervals.charts[0].svg(width: 380), "intervals-narrow.svg")
    }

    @Test func thePageIsWellFormedAndFetchesNothing() throws {
        let page = Self.page.rendered()
        #expect(page == Self.page.rendered())
        try expectClosedTags(page)
        for word in ["src=", "@import", "javascript:", "onclick", "url(http"] {
            #expect(!page.contains(word), "\(word)")
        }
        let addresses = page.matches(of: /https?:[^"'\s<]*/).map { String($0.0) }
        #expect(Set(addresses) == ["http://www.w3.org/2000/svg"], "a namespace, which nothing fetches")
        #expect(page.matches(of: /href="([^"]*)"/).allSatisfy { $0.1 == "data:," || $0.1.hasPrefix("#view=") })
        #expect(page.contains("&lt;web&gt;") && !page.contains("<web>") && page.contains("a &lt;b&gt;.csv"))
    }

    /// The hash that the browser is told is that of the script, or it would not run.
    @Test func onlyTheScriptMayRun() {
        let hash = "sha256-" + Data(SHA256.hash(data: Data(LiveScript.source.utf8))).base64EncodedString()
        #expect(LiveScript.hash == hash, "write the other one into LiveScript.hash")
        let page = Self.page.rendered()
        #expect(page.contains("script-src '\(hash)'; ") && page.contains("default-src 'none'"))
        #expect(page.contains("<script>\(LiveScript.source)</script>"))
        #expect(LiveScript.source.ranges(of: "</").isEmpty || !LiveScript.source.contains("</script"))
        var still = BacktestPage(title: "Nothing to zoom")
        still.verdict = ["Nothing."]
        #expect(!still.rendered().contains("<script") && !still.rendered().contains("Content-Security-Policy"))
    }

    @Test func aMonthOfMinutesIsSmallAndAYearNoLarger() throws {
        var page = Self.page
        page.timeline = Self.timeline(days: 30)
        #expect(page.rendered().utf8.count < 2_000_000)
        page.timeline = Self.timeline(days: 120, moments: [.init(7_000_000..<7_003_000, "1")])
        let text = page.rendered()
        #expect(text.utf8.count < 2_000_000)
        #expect(
            text.contains("{\"at\":0,\"step\":240,") && text.contains("\"step\":60,"),
            "coarse as a whole, fine in detail")
    }

    private func expectClosedTags(_ page: String) throws {
        var open: [Substring] = []
        // What is in a script is no markup.
        let markup = page.replacing(/<script([^>]*)>.*?<\/script>/.dotMatchesNewlines()) { "<script\($0.1)></script>" }
        for tag in markup.matches(of: /<(\/?)([a-zA-Z0-9!]+)((?:[^>"]|"[^"]*")*)>/) {
            let (isEnd, name) = (!tag.1.isEmpty, tag.2)
            if ["!doctype", "meta", "link"].contains(name) || tag.3.hasSuffix("/") { continue }
            if isEnd {
                let last = open.popLast()
                try #require(last == name, "</\(name)> closes \(last ?? "nothing")")
            } else {
                open.append(name)
            }
        }
        #expect(open.isEmpty, "\(open) never closed")
        #expect(markup.matches(of: /&(?!(amp|lt|gt|quot|#39);)/).isEmpty)
    }
}

@Suite struct CodedNumbersTests {
    @Test func whatIsDecodedIsWithinHalfAUnit() {
        for seed in 0..<40 {
            let scale: Double = [1e-6, 1, 300, 1e9][seed % 4]
            let values = (0..<50).map { (row: Int) -> Double in
                let share = Double((row * 7_919 + seed * 104_729) % 10_007) / 10_007
                return row % 9 == 4 ? .nan : share * scale
            }
            let coded = CodedNumbers(values)
            let back = decoded(coded, digits: 3)
            #expect(back.count == values.count)
            for (value, other) in zip(values, back) {
                #expect(value.isNaN ? other.isNaN : abs(value - other) <= coded.unit / 2 * 1.000_001)
            }
        }
    }

    @Test func countsAreExactAndOddValuesHarmless() {
        let counts: [Double] = [0, 1, 2, 262_141, 7]
        #expect(CodedNumbers(counts).unit == 1 && decoded(CodedNumbers(counts), digits: 3) == counts)
        let times: [Double] = [0, 86_400, 1e9]
        #expect(decoded(CodedNumbers(times, digits: 5), digits: 5) == times)
        let odd = decoded(CodedNumbers([-3, .infinity, .nan, 1e300, 0.5e300]), digits: 3)
        #expect(odd[0] == 0 && odd[1].isNaN && odd[2].isNaN && abs(odd[4] / odd[3] - 0.5) < 1e-5)
        #expect(CodedNumbers([]).text.isEmpty)
    }

    @Test func textIsSafeWithinAScript() throws {
        let text = "</script>\"\\\n\u{2028}&é"
        let quoted = quotedJSON(text)
        #expect(!quoted.contains("<") && !quoted.contains("\n"))
        #expect(try JSONDecoder().decode([String].self, from: Data("[\(quoted)]".utf8)) == [text])
    }

    private func decoded(_ coded: CodedNumbers, digits: Int) -> [Double] {
        let letters = Array(coded.text.utf8)
        let none = (0..<digits).reduce(1) { size, _ in size * 64 } - 1
        return stride(from: 0, to: letters.count, by: digits).map { place in
            let code = letters[place..<place + digits].reduce(0) { code, letter in
                code * 64 + (CodedNumbers.alphabet.firstIndex(of: letter) ?? 0)
            }
            return code == none ? .nan : Double(code) * coded.unit
        }
    }
}

@Suite struct TimelineTests {
    @Test func aStretchBeginsWithWhatWasWantedThen() {
        let capacity = Timeline.Capacity("x", [.init(second: 0, desired: 1), .init(second: 50, desired: 4)])
        #expect(capacity.changes(in: 20..<60).map(\.second) == [20, 50])
        #expect(capacity.changes(in: 20..<60).map(\.desired) == [1, 4])
        #expect(capacity.changes(in: 50..<60).map(\.desired) == [4])
        #expect(capacity.changes(in: 10..<50).map(\.desired) == [1])
    }

    @Test func thinningKeepsThePeaks() throws {
        var demand = (0..<100_000).map { Double($0 % 10) }
        (demand[77_777], demand[500]) = (900, .nan)
        let timeline = Timeline(
            start: Timestamp(secondsSinceEpoch: 0), step: 1, demand: demand, unit: "a second", perInstance: 1,
            capacities: [
                .init(
                    "x", (0..<100_000).map { ReplayDecision(second: $0, desired: $0 == 60_001 ? 77 : $0 % 5) },
                    late: (0..<100_000).map { [300, 310, 9_000].contains($0) ? 1 : 0 })
            ])
        let whole = try JSONDecoder().decode(Encoded.self, from: Data(timeline.encoded.utf8))
        let columns = try #require(whole.layers.last?.columns)
        #expect(whole.layers.count == 1 && columns[0].count == 4)
        let high = columns[0][3].text
        #expect(high.utf8.count / 3 <= Timeline.wholeBuckets && columns[0][1].text.utf8.count == high.utf8.count)
        #expect(high.contains(CodedNumbers([900]).text), "the highest demand")
        let counts = whole.steps[0].counts
        #expect(counts.utf8.count / 3 <= 40_004 && counts.contains(CodedNumbers([77]).text))
        // Late in two rows that no screen tells apart, and in one far away.
        #expect(whole.steps[0].late.utf8.count == 4 * 5)
    }
}

/// What of the embedded data is looked at.
private struct Encoded: Decodable {
    struct Layer: Decodable {
        let at: Int, step: Int
        let columns: [[Cell]]
    }

    struct Steps: Decodable {
        let counts: String, late: String
    }

    /// A unit or what is coded by it.
    struct Cell: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            text = try (try? value.decode(String.self)) ?? "\(value.decode(Double.self))"
        }
    }

    let layers: [Layer]
    let steps: [Steps]
}

extension Array where Element == ReplayDecision {
    /// The same counts in the other order of time.
    fileprivate var sortedBySecond: [ReplayDecision] {
        zip(map(\.second).sorted(), map(\.desired)).map { ReplayDecision(second: $0, desired: $1) }
    }
}
