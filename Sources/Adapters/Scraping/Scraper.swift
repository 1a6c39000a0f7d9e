import AsyncHTTPClient
import CoreMetrics
import Foundation
package import Kernels
package import Logging
package import Ports
import Series
package import Units

/// Fetches metrics from targets, each at its own interval, into a store.
///
/// A task a target, so that scrapes of one never overlap; the first comes at a random moment of the interval, so that they do
/// not come all at once. At most `maximumConcurrency` run at a time; the others wait their turn. A turn that was missed is
/// left out.
package struct Scraper<C: Clock>: Sendable where C.Duration == Duration {
    package static var maximumConcurrency: Int { 16 }

    private let targets: [ScrapeTarget]
    private let store: any SampleStore
    private let clock: C
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let random: SplitMix64
    private let metrics = ScrapeMetrics()

    /// `random` draws the moments of the first scrapes.
    package init(
        _ targets: [ScrapeTarget], into store: any SampleStore, clock: C, now: @escaping @Sendable () -> Timestamp,
        random: SplitMix64, logger: Logger
    ) {
        (self.targets, self.store, self.clock, self.now) = (targets, store, clock, now)
        (self.random, self.logger) = (random, logger)
    }

    /// Until the task is cancelled. A target or a store that fails costs that scrape and nothing else.
    package func run() async throws {
        try await HTTPClient.withHTTPClient(configuration: .scraping) { client in
            let client = ScrapeClient(client: client), gate = Gate(free: Self.maximumConcurrency)
            var random = random
            await withTaskGroup(of: Void.self) { group in
                for target in targets {
                    let delay = random.uniform() * Double(target.intervalSeconds)
                    group.addTask { await follow(target, with: client, gate, firstAfter: delay) }
                }
            }
        }
    }

    private func follow(_ target: ScrapeTarget, with client: ScrapeClient, _ gate: Gate, firstAfter: Double) async {
        var due = clock.now.advanced(by: .seconds(firstAfter))
        var wasUp: Bool?
        while (try? await clock.sleep(until: due, tolerance: nil)) != nil {
            await gate.enter()
            let problem = Task.isCancelled ? nil : await scrapeOnce(target, with: client)
            await gate.leave()
            if Task.isCancelled { return }
            tell(target, problem, wasUp)
            wasUp = problem == nil
            repeat { due = due.advanced(by: .seconds(target.intervalSeconds)) } while due <= clock.now
        }
    }

    /// Fetches, and stores what came with `up` and how long it took. Returns why nothing came.
    private func scrapeOnce(_ target: ScrapeTarget, with client: ScrapeClient) async -> String? {
        let time = now(), start = clock.now
        var batch = SampleBatch()
        var problem: String?
        do { batch = try await withTimeout(of: target) { try await client.scrape(target, at: time) } } catch {
            // Of a scrape that was given up at the end there is nothing to say.
            if Task.isCancelled { return nil }
            problem = ScrapeClient.reason(error)
        }
        let samples = batch.sampleCount, seconds = start.duration(to: clock.now) / .seconds(1)
        let own = [
            ("up", problem == nil ? 1.0 : 0), ("scrape_duration_seconds", seconds),
            ("scrape_samples_scraped", Double(samples)),
        ]
        for (name, value) in own {
            if let key = try? SeriesKey(metric: name, labels: target.labels) { batch.append(key, time, value) }
        }
        metrics.scraped(ok: problem == nil, samples: samples)
        do throws(StoreError) { _ = try await store.append(batch) } catch {
            metrics.notStored()
            logger.error("scraped samples were lost", metadata: ["url": "\(target.url)", "error": "\(error)"])
        }
        return problem
    }

    private func withTimeout(
        of target: ScrapeTarget, _ body: @escaping @Sendable () async throws -> SampleBatch
    ) async throws -> SampleBatch {
        try await withThrowingTaskGroup(of: SampleBatch.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await clock.sleep(for: .seconds(target.timeoutSeconds))
                throw ScrapeError("not here within \(target.timeoutSeconds) s")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? SampleBatch()
        }
    }

    /// Logs changes and not states.
    private func tell(_ target: ScrapeTarget, _ problem: String?, _ wasUp: Bool?) {
        if let problem, wasUp != false {
            logger.warning("a target is down", metadata: ["url": "\(target.url)", "reason": "\(problem)"])
        } else if problem == nil, wasUp == false {
            logger.notice("a target is up again", metadata: ["url": "\(target.url)"])
        }
    }
}

/// Lets in so many at a time, in the order they came. Who waits is bounded by the number of targets.
private actor Gate {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(free: Int) { self.free = free }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

private struct ScrapeMetrics: Sendable {
    private let succeeded = Counter(label: "prewarm_scrapes_total", dimensions: [("outcome", "ok")])
    private let failed = Counter(label: "prewarm_scrapes_total", dimensions: [("outcome", "failed")])
    private let lost = Counter(label: "prewarm_scrapes_total", dimensions: [("outcome", "not_stored")])
    private let samples = Counter(label: "prewarm_scraped_samples_total")

    func scraped(ok: Bool, samples count: Int) {
        (ok ? succeeded : failed).increment()
        samples.increment(by: count)
    }
    func notStored() { lost.increment() }
}
