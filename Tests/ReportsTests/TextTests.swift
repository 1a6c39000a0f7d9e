import Kernels
import Reports
import Series
import Synchronization
import TestSupport
import Testing
import Units

@Suite struct TextTests {
    private static var table: TextTable {
        var table = TextTable(header: ["policy", "late", "p99", "hours", "why the last decision was what it was"])
        table.append([
            "predictive:0.99", "0.01%", "4 s", "1,204.5", "demand at 0.99 over the lead time of 120 s asks for 14",
        ])
        table.append(["hpa:0.7", "12.3%", "-", "998.0", "unchanged"])
        return table
    }

    @Test func tablesAreAsRecorded() throws {
        let widths = [120, 80, 40]
        let text = widths.map { "width \($0)\n" + Self.table.rendered(width: $0) }.joined(separator: "\n")
        try expectGolden(text, "tables.txt")
        #expect(!Self.table.rendered().contains("\u{1B}"))
        #expect(Self.table.rendered(colour: true).hasPrefix("\u{1B}[1mpolicy"))
    }

    /// Whatever the width, every line fits and every word of every cell is still there.
    @Test func tablesWrapAndLoseNothing() {
        for seed in UInt64(0)..<200 {
            var random = SplitMix64(seed: seed)
            let columns = Int.random(in: 1...5, using: &random)
            func cell() -> String {
                let letters = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                    "abcd efg7%".randomElement(using: &random)
                }
                return String(letters.compactMap { $0 })
            }
            var table = TextTable(header: (0..<columns).map { _ in cell() })
            for _ in 0..<3 { table.append((0..<columns).map { _ in cell() }) }
            let width = Int.random(in: 3 * columns...100, using: &random)
            let text = table.rendered(width: width)
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= width }, "seed \(seed)")
            let before = ([table.header] + table.rows).joined().joined().filter { $0 != " " }.sorted()
            #expect(text.filter { $0 != " " && $0 != "\n" }.sorted() == before, "seed \(seed)")
        }
    }

    @Test func figuresHaveFixedDigits() {
        let fixed = [1.25, -0.001, 1e16, .nan, -.infinity, 12].map { fixedText($0) }
        #expect(fixed == ["1.3", "0.0", "1e+16", "-", "-∞", "12.0"])
        let short = [0, 7, 0.1234, 0.000456, 1_234.5, 9_999, 48_211, 2.5e6, 3e9].map { shortText($0) }
        #expect(short == ["0", "7", "0.12", "0.00046", "1235", "9999", "48.2k", "2.50M", "3.00G"])
        let durations = [0.44, 42, 60, 200, 7_500, 273_600].map { durationText(seconds: $0) }
        #expect(durations == ["0.4 s", "42 s", "1 min", "3 min 20 s", "2 h 5 min", "3 d 4 h"])
    }

    @Test func progressSaysShareRateAndTimeLeft() {
        let line = ProgressBar.line(
            label: "reading x.csv", done: 25_000_000, total: 100_000_000, elapsedSeconds: 5, width: 60)
        #expect(line == "reading x.csv   25% █████                5.00M/s, 15 s left")
        #expect(
            ProgressBar.line(done: 100, total: 100, elapsedSeconds: 2, width: 40)
                == "100% █████████████████████████████ 50/s")
        #expect(ProgressBar.line(label: "rows", done: 3_000, total: 0, elapsedSeconds: 3) == "rows  3000, 1000/s")
        for width in 0...100 {
            for (done, total) in [(0, 10), (5, 10), (20, 10), (-1, 10), (1, 0)] {
                let line = ProgressBar.line(
                    label: "a label", done: done, total: total, elapsedSeconds: 1.5, width: width)
                #expect(line.count <= width)
            }
        }
    }

    @Test func progressIsDrawnOnlyForLongWorkAndIsWipedAway() {
        let seconds = Mutex(0.5), written = Mutex<[String]>([])
        let bar = ProgressBar(
            label: "work", total: 10, elapsedSeconds: { seconds.withLock { $0 } },
            write: { text in written.withLock { $0.append(text) } })
        bar.update(1)
        bar.finish()
        #expect(written.withLock { $0 }.isEmpty)
        for time in [1.2, 1.21, 1.5] {
            seconds.withLock { $0 = time }
            bar.update(5)
        }
        bar.finish()
        #expect(written.withLock { $0.count } == 3)
        #expect(written.withLock { $0.last } == "\r\u{1B}[K")
    }

    private static var plot: TerminalPlot {
        let start = Timestamp(secondsSinceEpoch: 804_571_200)
        var values = (0..<96).map { 100 + 80 * cosineAndSine(turns: Double($0) / 48).sine }
        for row in 30..<36 { values[row] = .nan }
        let history = RegularSeries(start: start, step: 1_800, values: values)
        let median = (0..<24).map { 100 + 80 * cosineAndSine(turns: Double($0) / 48).sine }
        return TerminalPlot(
            history: history,
            forecast: QuantileForecast(
                origin: history.end, step: 1_800, levels: [0.1, 0.5, 0.9],
                values: median.enumerated().flatMap { [$1 - 10 - Double($0), $1, $1 + 10 + Double($0)] }))
    }

    @Test func plotsAreAsRecorded() throws {
        let plot = Self.plot
        try expectGolden(
            plot.rendered(width: 78, height: 16) + "\n" + plot.rendered(width: 60, height: 12, unicode: false),
            "plot.txt")
    }

    @Test func plotsFitAndSayNowAndGap() {
        for (width, height) in [(20, 5), (40, 10), (200, 50)] {
            let lines = Self.plot.rendered(width: width, height: height, unicode: false).split(
                separator: "\n", omittingEmptySubsequences: false
            ).dropLast()
            #expect(lines.count == height)
            #expect(lines.allSatisfy { $0.count <= width })
            #expect(lines.contains { $0.contains("|") })
        }
        let ascii = Self.plot.rendered(unicode: false)
        #expect(ascii.allSatisfy { $0.isASCII })
        #expect(!ascii.contains("\u{1B}"))
        #expect(Self.plot.rendered(colour: true).contains("\u{1B}[36m"))
        let empty = TerminalPlot(historyTimes: [0], history: [.nan], forecastTimes: [], median: [], low: [], high: [])
        #expect(empty.rendered() == "no data\n")
    }
}
