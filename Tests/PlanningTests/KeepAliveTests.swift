import Kernels
import Planning
import Testing

/// Keep-alive policies on calls made up for what they must see in them.
@Suite struct KeepAliveTests {
    /// The windows of one function that is called in these minutes, the others of `crowd` beside it.
    private func windows(
        _ name: String, minutes: [Int], crowd: [[Int]] = [], terms: KeepAliveTerms = .init(gigabytes: [])
    ) throws -> [KeepAliveWindow] {
        var policy = try KeepAliveCatalogue.policy(parsing: name, terms: terms)
        let all = [minutes] + crowd
        var windows: [KeepAliveWindow] = []
        for minute in 0...(all.joined().max() ?? 0) {
            let calls = all.indices.filter { all[$0].contains(minute) }
            guard !calls.isEmpty else { continue }
            let answers = policy.windows(after: minute, calls.map { MinuteCalls(function: $0, calls: 1) })
            #expect(answers.count == calls.count)
            if calls[0] == 0 { windows.append(answers[0]) }
        }
        return windows
    }

    @Test func fixedOnesAnswerWithWhatTheyAreNamed() throws {
        let minutes = [0, 3, 50]
        for (name, keepalive) in [("fixed:10", 10.0), ("never-unload", 1e9), ("ski-rental:2.5", 2.5)] {
            let expected = minutes.map { _ in KeepAliveWindow(prewarm: 0, keepalive: keepalive) }
            #expect(try windows(name, minutes: minutes) == expected)
        }
    }

    @Test func skiRentalIdlesForWhatAColdStartCosts() throws {
        let terms = KeepAliveTerms(gigabytes: [0.5, nil])
        // 0.808 s and 99.69 GB·s: 80.55 GB·s, 161 s for half a gigabyte.
        #expect(abs(terms.breakEvenMinutes(0) * 60 - 161.1) < 0.05)
        #expect(terms.breakEvenMinutes(1) == terms.breakEvenMinutes(7))
        let priced = KeepAliveTerms(gigabytes: [], prices: .init(coldStart: 0.5, idleHour: 2))
        #expect(try windows("ski-rental", minutes: [0], terms: priced) == [.init(prewarm: 0, keepalive: 15)])
    }

    @Test func theHybridHistogramKeepsForFourHoursUntilItKnows() throws {
        let standard = KeepAliveWindow(prewarm: 0, keepalive: 240)
        let timer = try windows("hybrid-histogram", minutes: (0...12).map { $0 * 30 })
        #expect(timer.prefix(10).allSatisfy { $0 == standard })
        #expect(timer.suffix(3).allSatisfy { $0 == .init(prewarm: 27, keepalive: 1.1 * 31 - 27) })
        // Out of its range it waits about as long as the last time.
        let rare = try windows("hybrid-histogram", minutes: (0...10).map { $0 * 400 })
        #expect(rare.last == .init(prewarm: 340, keepalive: 120))
    }

    @Test func aTimerIsLoadedAtItsMinute() throws {
        // A cold start that is worth five minutes.
        let price = KeepAliveTerms(gigabytes: [], objective: .price, prices: .init(coldStart: 5, idleHour: 60))
        for period in [1, 5, 30, 60, 333] {
            let found = try windows("prewarm", minutes: (0...9).map { $0 * period }, terms: price)
            let last = try #require(found.last)
            #expect(last.prewarm == Double(period) || (last.prewarm == 0 && period == 1), "\(period): \(last)")
            // It waits a little longer, should the timer be late for once.
            #expect(last.keepalive <= Double(period) / 10 + 10, "\(period): \(last)")
        }
    }

    @Test func alternatingIdleTimesAreToldApart() throws {
        let minutes = (0..<24).map { $0 / 2 * 30 + $0 % 2 }
        let price = KeepAliveTerms(gigabytes: [], objective: .price, prices: .init(coldStart: 5, idleHour: 60))
        let found = try windows("prewarm", minutes: minutes, terms: price).suffix(2)
        // The last is after 29 and 1, the one before it after 1 and 29.
        #expect(found.first?.prewarm == 1 || found.first?.prewarm == 0, "\(found)")
        #expect(found.last?.prewarm == 29, "\(found)")
    }

    @Test func aNewcomerBorrowsFromOthers() throws {
        // A crowd that comes back after forty minutes, once each; then one of which nothing is known.
        let crowd = (0..<30).map { [$0 * 5, $0 * 5 + 40] }
        let alone = try windows("prewarm:1", minutes: [300], terms: .init(gigabytes: [], objective: .price))
        let price = KeepAliveTerms(
            gigabytes: [], objective: .price, prices: .init(coldStart: 20, idleHour: 60))
        let among = try windows("prewarm:1", minutes: [300], crowd: crowd, terms: price)
        #expect(alone[0].prewarm + alone[0].keepalive < 40)
        #expect(among[0].prewarm <= 40 && among[0].prewarm + among[0].keepalive >= 40, "\(among)")
    }

    @Test func whatComesLaterChangesNothing() throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<6 {
            let all = (0..<6).map { _ in (0..<300).filter { _ in random.next() % 9 == 0 } + [299] }
            for name in ["prewarm", "hazard", "hybrid-histogram", "ski-rental"] {
                let whole = try windows(name, minutes: all[0], crowd: Array(all.dropFirst()))
                let early = all.map { $0.filter { $0 < 150 } }
                let part = try windows(name, minutes: early[0], crowd: Array(early.dropFirst()))
                #expect(Array(whole.prefix(part.count)) == part)
                #expect(whole.allSatisfy { $0.prewarm >= 0 && $0.keepalive >= 0 && $0.keepalive.isFinite })
            }
        }
    }

    @Test func aHigherDialKeepsLonger() throws {
        var random = SplitMix64(seed: 11)
        let minutes = (0..<600).filter { _ in random.next() % 20 == 0 }
        let ends = try [1.0, 4, 16, 64].map { dial in
            try windows("prewarm:\(dial)", minutes: minutes).reduce(0) { $0 + $1.keepalive }
        }
        #expect(zip(ends, ends.dropFirst()).allSatisfy { $0 < $1 }, "\(ends)")
    }

    // MARK: The interval

    /// What an interval saves, term by term.
    private func saving(_ chances: [Double], worth: Double, from: Int, through: Int, lead: Int) -> Double {
        let start = from == 0 ? 0 : from - lead
        var saved = 0.0
        for age in 1...chances.count {
            let reached = 1 - chances[..<(age - 1)].reduce(0, +)
            if age >= max(from, 1) && age <= through { saved += worth * chances[age - 1] }
            if age > start && age <= through { saved -= reached }
        }
        return saved
    }

    @Test func noIntervalSavesMoreThanTheOneFound() {
        var random = SplitMix64(seed: 3)
        func unit() -> Double { Double(random.next() >> 11) / 9_007_199_254_740_992 }
        for round in 0..<200 {
            let lead = round % 3
            var chances = (0..<12).map { _ in unit() < 0.4 ? unit() : 0 }
            let sum = chances.reduce(0, +) + unit()
            chances = chances.map { $0 / max(sum, 1e-9) }
            let worth = 40 * unit()
            let found = WarmInterval(chances: chances, worth: worth, lead: lead)
            var best = 0.0
            for through in 1...12 {
                best = max(best, saving(chances, worth: worth, from: 0, through: through, lead: lead))
                for from in lead + 1..<max(lead + 2, through + 1) where from <= through {
                    best = max(best, saving(chances, worth: worth, from: from, through: through, lead: lead))
                }
            }
            #expect(abs(found.saving - best) < 1e-9)
            let from = found.window.prewarm == 0 ? 0 : Int(found.window.prewarm) + lead
            let through = Int(found.window.prewarm + found.window.keepalive)
            let own = saving(chances, worth: worth, from: from, through: through, lead: lead)
            #expect(abs(own - best) < 1e-9)
        }
    }

    @Test(arguments: [
        ("prewarm:x", "policy prewarm:x: give a number from 0 to 1000000, as in prewarm:32"),
        ("fixed", "policy fixed: give a number from 0 to 1000000, as in fixed:10"),
        ("ski-rental:-1", "policy ski-rental:-1: give a number from 0 to 1000000, as in ski-rental:10"),
        (
            "hpa",
            "no policy \"hpa\"; there are prewarm[:dial], hybrid-histogram, hazard[:dial], ski-rental[:minutes], "
                + "fixed:minutes, never-unload"
        ),
    ])
    func whatIsNoPolicySaysSo(text: String, message: String) {
        #expect {
            _ = try KeepAliveCatalogue.policy(parsing: text, terms: .init(gigabytes: []))
        } throws: {
            "\($0)" == message
        }
    }
}
