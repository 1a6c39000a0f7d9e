import Series
import Testing
import Units

/// Values of selectors, rates and sums, worked by hand.
@Suite struct QueryValuesTests {
    private func columns(_ pairs: [(Double, Double)]) throws -> SampleColumns {
        SampleColumns(
            timestamps: try pairs.map { try #require(Timestamp(secondsSinceEpoch: $0.0)) }, values: pairs.map(\.1))
    }

    /// Values of a query over one series `m`, at instants in seconds; nil where there is none.
    private func values(
        _ query: String, _ samples: [(Double, Double)], from: Int, to: Int, step: Int64
    ) throws -> [Double?] {
        let steps = try QuerySteps(
            from: Timestamp(secondsSinceEpoch: from), to: Timestamp(secondsSinceEpoch: to), step: step * 1_000)
        var run = QueryRun(try Query(parsing: query), at: steps)
        try run.add(try SeriesKey(metric: "m"), try columns(samples))
        guard let series = try run.finish().first else { return Array(repeating: nil, count: steps.count) }
        return series.values.map { isAbsent($0) ? nil : $0 }
    }

    @Test func aSampleSpeaksForFiveMinutes() throws {
        let found = try values("m", [(10, 1), (20, 2)], from: 0, to: 330, step: 10)
        #expect(found[0] == nil && found[1] == 1 && found[2] == 2)
        #expect(found[31] == 2, "at 310 s, 290 s after it")
        #expect(found[32] == nil, "at 320 s, just five minutes after it: the window is open at its start")
    }

    /// Samples at 0, 60 … 300 growing by 60: a rate of 1 a second inside, and none is lost to the edges.
    @Test func rateReachesToTheEdgesOfTheWindow() throws {
        let samples = (0...10).map { (Double($0) * 60, 1_000 + Double($0) * 60) }
        // The window (300, 600] holds 360 … 600: a growth of 240 in 240 s, stretched by the 60 s before.
        #expect(try values("rate(m[5m])", samples, from: 600, to: 600, step: 1) == [1])
        #expect(try values("increase(m[5m])", samples, from: 600, to: 600, step: 1) == [300])
        // (330, 630]: samples 360 … 600, 30 s before and after, both within 1.1 × 60 s.
        #expect(try values("increase(m[5m])", samples, from: 630, to: 630, step: 1) == [300])
        // (400, 700]: samples 420 … 600; 20 s before; 100 s after are too far, half of 60 s are added: 180 × 230 / 180.
        let late = try values("increase(m[5m])", samples, from: 700, to: 700, step: 1)
        #expect(abs((late[0] ?? 0) - 230) < 1e-9)
    }

    @Test func oneSampleIsNoRate() throws {
        #expect(try values("rate(m[1m])", [(0, 1), (60, 2)], from: 60, to: 60, step: 1) == [nil])
        #expect(try values("rate(m[1m])", [(0, 1), (59, 2)], from: 59, to: 59, step: 1) != [nil])
    }

    /// 5, 8, 2, 6 at 10 … 40: 3, then a restart that counted 2, then 4: a growth of 9 in 30 s.
    @Test func restartsCountFromZero() throws {
        let found = try values(
            "increase(m[40s])", [(10, 5), (20, 8), (30, 2), (40, 6)], from: 45, to: 45, step: 1)
        // The window (5, 45] adds 5 s on both sides, and 5 / 9 × 30 s are there below 5: 9 × 40 / 30.
        #expect(abs((found[0] ?? 0) - 12) < 1e-9)
    }

    /// A counter is never taken to have been below zero: 1, 4 at 50 and 60 grew from 0 within 3.33 s before.
    @Test func aCounterIsNotExtendedBelowZero() throws {
        let found = try values("increase(m[20s])", [(50, 1), (60, 4)], from: 60, to: 60, step: 1)
        // Ten seconds lie before, within 11 s; 1 / 3 × 10 s is less: 3 × (10 + 10 / 3) / 10 = 4.
        #expect(abs((found[0] ?? 0) - 4) < 1e-9)
    }

    /// The sweep against the window taken anew at each instant.
    @Test func theSweepSeesWhatEachWindowHolds() throws {
        for seed in UInt64(1)..<60 {
            var state = seed
            func random(_ bound: UInt64) -> UInt64 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (state >> 33) % bound
            }
            var (time, level) = (0.0, 0.0)
            let samples: [(Double, Double)] = (0..<80).map { _ in
                time += Double(1 + random(40))
                level = random(9) == 0 ? Double(random(5)) : level + Double(random(30))
                return (time, level)
            }
            let window = 20 + Int64(random(200)), step = 1 + Int64(random(60))
            let found = try values("increase(m[\(window)s])", samples, from: 0, to: 1_500, step: step)
            for (index, value) in found.enumerated() {
                let now = Double(index) * Double(step)
                let expected = naiveIncrease(samples.filter { $0.0 <= now && $0.0 > now - Double(window) }, now, window)
                let isEqual = value == nil ? expected == nil : abs((value ?? 0) - (expected ?? .infinity)) < 1e-6
                #expect(isEqual, "seed \(seed), at \(now): \(value ?? .nan), \(expected ?? .nan)")
            }
        }
    }

    private func naiveIncrease(_ samples: [(Double, Double)], _ now: Double, _ window: Int64) -> Double? {
        guard let first = samples.first, let last = samples.last, samples.count > 1 else { return nil }
        var growth = 0.0
        for (a, b) in zip(samples, samples.dropFirst()) { growth += b.1 >= a.1 ? b.1 - a.1 : b.1 }
        let covered = last.0 - first.0, distance = covered / Double(samples.count - 1)
        var head = first.0 - (now - Double(window)), tail = now - last.0
        if head >= 1.1 * distance { head = distance / 2 }
        if growth > 0 { head = min(head, covered * first.1 / growth) }
        if tail >= 1.1 * distance { tail = distance / 2 }
        return growth * (covered + head + tail) / covered
    }

    @Test func gapsAreNoZerosInASum() throws {
        let steps = try QuerySteps(
            from: Timestamp(secondsSinceEpoch: 0), to: Timestamp(secondsSinceEpoch: 900), step: 300_000)
        var sum = QueryRun(try Query(parsing: "sum(m)"), at: steps)
        var average = QueryRun(try Query(parsing: "avg(m)"), at: steps)
        for (label, samples) in [("a", [(0, 1), (300, 2)]), ("b", [(300, 0.1), (600, 0.2)])]
            as [(String, [(Double, Double)])]
        {
            let key = try SeriesKey(metric: "m", labels: [.init(name: "l", value: label)])
            try sum.add(key, try columns(samples))
            try average.add(key, try columns(samples))
        }
        let sums = try sum.finish()[0].values, averages = try average.finish()[0].values
        #expect(sums.prefix(3) == [1, 2.1, 0.2] && isAbsent(sums[3]))
        #expect(averages.prefix(3) == [1, 1.05, 0.2] && isAbsent(averages[3]))
    }

    @Test func sumsDoNotDependOnTheOrder() throws {
        let values = [1e16, 1, -1e16, 3, 0.5]
        let results = try [values, values.reversed(), values.sorted()].map { values in
            var run = QueryRun(
                try Query(parsing: "sum(m)"), at: try QuerySteps(at: Timestamp(secondsSinceEpoch: 0)))
            for (index, value) in values.enumerated() {
                let key = try SeriesKey(metric: "m", labels: [.init(name: "l", value: "\(index)")])
                try run.add(key, try columns([(0, value)]))
            }
            return try run.finish()[0].values
        }
        #expect(results == [[4.5], [4.5], [4.5]])
    }

    @Test func notANumberIsAValue() throws {
        let found = try values("m / 0", [(0, 0)], from: 0, to: 300, step: 300)
        #expect(found[0]?.isNaN == true && found[1] == nil)
        for (query, expected) in [("max(m * 1)", 2.0), ("min(m * 1)", 2.0)] {
            var run = QueryRun(
                try Query(parsing: query), at: try QuerySteps(at: Timestamp(secondsSinceEpoch: 0)))
            // 0 × infinity is no number; the other decides.
            for (index, value) in [Double.infinity, 2].enumerated() {
                let key = try SeriesKey(metric: "m", labels: [.init(name: "l", value: "\(index)")])
                try run.add(key, try columns([(0, value == 2 ? 2 : .nan)]))
            }
            #expect(try run.finish()[0].values == [expected])
        }
    }

    @Test func answersAreUnambiguousAndBounded() throws {
        var run = QueryRun(
            try Query(parsing: "rate({l=\"1\"}[1m])"), at: try QuerySteps(at: Timestamp(secondsSinceEpoch: 60)))
        for metric in ["a", "b"] {
            let key = try SeriesKey(metric: metric, labels: [.init(name: "l", value: "1")])
            try run.add(key, try columns([(10, 1), (50, 2)]))
        }
        #expect(throws: QueryError.self) { _ = try run.finish() }
        var large = QueryRun(
            try Query(parsing: "m"),
            at: try QuerySteps(
                from: Timestamp(secondsSinceEpoch: 0), to: Timestamp(secondsSinceEpoch: 10_000), step: 1_000))
        let error = #expect(throws: QueryError.self) {
            for index in 0..<300 {
                let key = try SeriesKey(metric: "m", labels: [.init(name: "l", value: "\(index)")])
                try large.add(key, try columns([(0, 1)]))
            }
        }
        #expect(error?.kind == .execution)
    }
}
