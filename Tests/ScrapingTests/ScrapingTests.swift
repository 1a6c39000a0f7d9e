import ConformanceKit
import FakeServers
import HTTPTypes
import Hummingbird
import Kernels
import Logging
import NIOCore
import Ports
import Scraping
import Series
import Synchronization
import TestSupport
import Testing
import Units

/// Against real servers on loopback; time moves when the test says so.
@Suite struct ScrapingTests {
    @Test func storesWhatIsExposedWithTheTargetsLabels() async throws {
        let text = "# TYPE a counter\na_total{job=\"inner\",x=\"1\"} 5\nb 2 1700000000500\nc NaN\n"
        try await withHTTPServer(Self.exposing(text, type: "text/plain; version=0.0.4")) { url in
            let (store, _) = try await scrape([Self.target(url + "/metrics", labels: [("job", "web")])], rounds: 1)
            let found = try await store.series(matching: nil).map(\.key.description)
            let own = #"instance="here",job="web"}"#
            #expect(
                found == [
                    #"a_total{exported_job="inner",instance="here",job="web",x="1"}"#, "b{" + own,
                    "scrape_duration_seconds{" + own, "scrape_samples_scraped{" + own, "up{" + own,
                ])
            #expect(try await Self.values("up", store) == [1])
            #expect(try await Self.values("scrape_samples_scraped", store) == [2])
            let b = try #require(try await store.series(matching: SeriesSelector(metric: "b")).first)
            #expect(b.first == Timestamp(millisecondsSinceEpoch: 1_700_000_000_500), "its own time is kept")
        }
    }

    @Test func openMetricsIsToldByItsType() async throws {
        let text = "a_total 1 1.5\n# EOF\n"
        try await withHTTPServer(Self.exposing(text, type: "application/openmetrics-text; version=1.0.0")) { url in
            let (store, _) = try await scrape([Self.target(url + "/metrics")], rounds: 1)
            let a = try #require(try await store.series(matching: SeriesSelector(metric: "a_total")).first)
            #expect(a.first == Timestamp(millisecondsSinceEpoch: 1_500), "seconds, and not milliseconds")
        }
    }

    @Test func gzipIsUnderstood() async throws {
        try await withHTTPServer(Self.exposing(bytes: Self.gzipped, headers: [.contentEncoding: "gzip"])) { url in
            let (store, _) = try await scrape([Self.target(url + "/metrics")], rounds: 1)
            #expect(try await Self.values("zipped", store) == [7])
        }
    }

    /// Whatever a target does, `up` is 0, the others go on, and the next scrape comes.
    @Test func targetsThatFailAreDown() async throws {
        let router = Self.exposing("fine 1\n", type: "text/plain")
        router.get("/broken") { _, _ in "fine 1\nnot a sample\n" }
        router.get("/cut") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/openmetrics-text"],
                body: .init(byteBuffer: ByteBuffer(string: "fine 1\n")))
        }
        router.get("/large") { _, _ in ByteBuffer(repeating: UInt8(ascii: "#"), count: 17 << 20) }
        router.get("/moved") { _, _ in Response.redirect(to: "/metrics") }
        router.get("/slow") { _, _ -> String in
            try await Task.sleep(for: .seconds(60))
            return ""
        }
        try await withHTTPServer(router) { url in
            let bad =
                ["/broken", "/cut", "/large", "/moved", "/slow", "/none"].map { url + $0 } + ["http://127.0.0.1:1/"]
            let targets = ([url + "/metrics"] + bad).map { Self.target($0, instance: $0) }
            let (store, _) = try await scrape(targets, rounds: 2)
            for target in [url + "/metrics"] + bad {
                let up = try await Self.values("up", store, instance: target)
                #expect(up.count >= 2 && up.contains(1) == !bad.contains(target), "\(target): \(up)")
            }
            #expect(try await store.series(matching: SeriesSelector(metric: "fine")).count == 1)
        }
    }

    @Test func scrapesOfATargetNeverOverlapAndAreBounded() async throws {
        let running = Running()
        let router = Router()
        router.get("/metrics") { request, _ -> String in
            await running.enter(request.uri.queryParameters["n"].map(String.init) ?? "")
            try await Task.sleep(for: .milliseconds(3))
            await running.leave(request.uri.queryParameters["n"].map(String.init) ?? "")
            return "a 1\n"
        }
        try await withHTTPServer(router) { url in
            let targets = (0..<40).map { Self.target("\(url)/metrics?n=\($0)", instance: "\($0)") }
            let (store, _) = try await scrape(targets, rounds: 3)
            let (most, mostOfOne) = await (running.most, running.mostOfOne)
            #expect(mostOfOne == 1 && (2...16).contains(most), "\(most) at a time")
            for number in 0..<40 { #expect(try await Self.values("up", store, instance: "\(number)").count >= 3) }
        }
    }

    @Test func firstScrapesAreSpreadOverTheInterval() async throws {
        try await withHTTPServer(Self.exposing("a 1\n", type: "text/plain")) { url in
            let targets = (0..<50).map { Self.target(url + "/metrics", instance: "\($0)") }
            let (_, moments) = try await scrape(targets, rounds: 1)
            #expect(moments.count == 50 && Set(moments).count > 10)
        }
    }

    @Test func aStoreThatFailsCostsThatScrapeAlone() async throws {
        try await withHTTPServer(Self.exposing("a 1\n", type: "text/plain")) { url in
            let store = RefusingOnce()
            try await drive(store, [Self.target(url + "/metrics")]) { await store.stored == 2 }
            #expect(await store.refused == 1)
        }
    }

    // MARK: Driving

    private static func target(
        _ url: String, instance: String = "here", labels: [(String, String)] = []
    ) -> ScrapeTarget {
        ScrapeTarget(
            url: url, instance: instance, intervalSeconds: 15, timeoutSeconds: 14,
            labels: labels.map { SeriesKey.Label(name: $0.0, value: $0.1) })
    }

    /// Moves time until every target has been scraped `rounds` times. Returns when they were, in seconds from the start.
    private func scrape(
        _ targets: [ScrapeTarget], rounds: Int
    ) async throws -> (store: InMemorySampleStore, moments: [Int]) {
        let store = CountingStore()
        try await drive(store, targets) { await store.ups(targets.count).allSatisfy { $0 >= rounds } }
        return (store.inner, await store.firstMoments)
    }

    /// Time goes by a second at a time, as long as nobody is busy with a scrape that is about to end.
    private func drive(
        _ store: some SampleStore, _ targets: [ScrapeTarget], until isDone: @escaping @Sendable () async -> Bool
    ) async throws {
        let clock = ManualClock(), start = clock.now
        let scraper = Scraper(
            targets, into: store, clock: clock,
            now: { Timestamp(millisecondsSinceEpoch: Int64(start.duration(to: clock.now) / .milliseconds(1))) },
            random: SplitMix64(seed: 1), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await scraper.run() }
            group.addTask {
                let isOver = await eventually {
                    clock.advance(by: .seconds(1))
                    // What answers does so within this; what does not is timed out by the clock.
                    try? await Task.sleep(for: .milliseconds(60))
                    return await isDone()
                }
                #expect(isOver)
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private static func values(
        _ metric: String, _ store: InMemorySampleStore, instance: String = "here"
    ) async throws -> [Double] {
        let selector = SeriesSelector(metric: metric, labels: [.init(name: "instance", value: instance)])
        guard let found = try await store.series(matching: selector).first else {
            let plain = try await store.series(matching: SeriesSelector(metric: metric)).first
            guard let plain else { return [] }
            return try await store.samples(of: plain.key, in: plain.first..<plain.last.advanced(bySeconds: 1)).values
        }
        return try await store.samples(of: found.key, in: found.first..<found.last.advanced(bySeconds: 1)).values
    }

    private static func exposing(_ text: String, type: String) -> Router<BasicRequestContext> {
        exposing(bytes: Array(text.utf8), headers: [.contentType: type])
    }

    private static func exposing(bytes: [UInt8], headers: HTTPFields) -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/metrics") { _, _ in
            Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        return router
    }

    /// `zipped 7` and a line break.
    private static let gzipped: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 202, 44, 40, 72, 77, 81, 48, 231, 2, 0, 60, 172, 99, 6, 9, 0, 0, 0,
    ]
}

/// Counts what runs at a time, in all and of one target.
private actor Running {
    private var now: [String: Int] = [:]
    private(set) var most = 0, mostOfOne = 0

    func enter(_ name: String) {
        now[name, default: 0] += 1
        (most, mostOfOne) = (max(most, now.values.reduce(0, +)), max(mostOfOne, now[name] ?? 0))
    }
    func leave(_ name: String) { now[name, default: 0] -= 1 }
}

/// Notes when scrapes are stored.
private actor CountingStore: SampleStore {
    let inner = InMemorySampleStore()
    private(set) var firstMoments: [Int] = []
    private var counts: [String: Int] = [:]

    func ups(_ targets: Int) -> [Int] { counts.count == targets ? Array(counts.values) : [0] }

    func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome {
        for (key, columns) in zip(batch.keys, batch.columns) where key.metric == "up" {
            if counts[key.description] == nil {
                firstMoments += columns.timestamps.map { Int($0.millisecondsSinceEpoch / 1_000) }
            }
            counts[key.description, default: 0] += 1
        }
        return try await inner.append(batch)
    }
    func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        try await inner.series(matching: selector)
    }
    func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        try await inner.samples(of: key, in: range)
    }
    func prune(before time: Timestamp) async throws(StoreError) -> Int { 0 }
}

private actor RefusingOnce: SampleStore {
    private(set) var refused = 0, stored = 0

    func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome {
        guard refused > 0 else {
            refused += 1
            throw StoreError(.full, "the disk is full")
        }
        stored += 1
        return AppendOutcome(added: batch.sampleCount)
    }
    func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] { [] }
    func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        SampleColumns()
    }
    func prune(before time: Timestamp) async throws(StoreError) -> Int { 0 }
}
