import ArgumentParser
import ControlLoop
import Forecasting
import Foundation
import Ports
import Reports
import Series
import SeriesStoreSQLite
import Units

/// `train --all`: a model for every series that a selector matches, learnt from each or from all of them together.
///
/// Reads some series at a time, so that memory does not grow with their number: of those that are learnt from together, twice.
struct BulkTraining {
    /// Rows that are held at once, about.
    private static let rowsHeld = 4_000_000
    /// Series that are looked at to tell the step and the length of a usual history.
    private static let looked = 32

    private let store: HeadStore
    private let selector: SeriesSelector
    private let keys: [SeriesKey]
    private let kind: DemandKind
    private let step: Int
    private let task: ForecastTask
    private let model: String
    private let events: EventOptions
    private let workers: Int
    private let now: Timestamp
    /// Rows of a history in the middle of those that were looked at.
    private let usualRows: Int

    init(
        _ options: DemandOptions, model: String, events: EventOptions, horizonSeconds: Int, workers: Int
    ) async throws {
        let selector = try SeriesSelector(parsing: options.series ?? "")
        let store = try await HeadStore(reading: options.db ?? "", synchronous: .full)
        let keys = try await store.keys(matching: selector)
        guard !keys.isEmpty else { throw NoSuchSeries(selector: selector, found: []) }
        let sample = stride(from: 0, to: keys.count, by: max(1, keys.count / Self.looked)).map { keys[$0] }
        let step = if let step = options.step { step.seconds } else { try await Self.commonStep(sample, store) }
        let season = options.season.map { $0.seconds / step }
        (self.selector, self.store, self.keys, self.step) = (selector, store, keys, step)
        (kind, now) = (options.kind ?? DemandKind(impliedBy: selector.metric), .now)
        usualRows = try await Self.usualRows(sample, store, step: step, before: now)
        task = .standard(step: step, horizon: (horizonSeconds + step - 1) / step, season: season)
        (self.model, self.events, self.workers) = (model, events, workers)
    }

    /// Of those that have any, in the middle.
    private static func usualRows(
        _ keys: [SeriesKey], _ store: HeadStore, step: Int, before now: Timestamp
    ) async throws -> Int {
        var counts: [Int] = []
        for key in keys {
            let windows = try await store.windows(
                of: key, in: Timestamp(millisecondsSinceEpoch: .min)..<now, step: step)
            guard let first = windows.numbers.first, let last = windows.numbers.last else { continue }
            counts.append(Int(last - first) + 1)
        }
        return counts.isEmpty ? 0 : counts.sorted()[counts.count / 2]
    }

    /// The commonest of their commonest gaps, at least a minute.
    private static func commonStep(_ keys: [SeriesKey], _ store: HeadStore) async throws -> Int {
        var counts: [Int: Int] = [:]
        for key in keys {
            let found = try await store.series(matching: SeriesSelector(key)).first { $0.key == key }
            counts[max(60, Int((found?.stepMilliseconds ?? 60_000) / 1_000)), default: 0] += 1
        }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 60
    }

    func run() async throws -> BulkReport {
        let started = (cpu: ProcessCPU.seconds(), clock: ContinuousClock.now)
        var results: [BulkReport.Result] = [], shared: BulkReport.Shared?
        if let global = ModelCatalogue.global(named: model) {
            let training = global.training(series: keys.count, rows: usualRows, task: task)
            let learnt = try await learnt(by: training)
            shared = try await publish(learnt)
            let progress = ProgressBar(label: "fitting", total: keys.count)
            defer { progress.finish() }
            results = try await everyBatch(progress) { Self.fitted($0, learnt) }
        } else {
            let forecaster = try ModelCatalogue.forecaster(named: model), task = task, events = events
            let progress = ProgressBar(label: "training", total: keys.count)
            defer { progress.finish() }
            results = try await everyBatch(progress) { Self.trained($0, by: forecaster, task, events) }
        }
        return BulkReport(
            selector: selector, model: model, step: step, task: task, shared: shared, results: results,
            cpuSeconds: ProcessCPU.seconds() - started.cpu,
            seconds: started.clock.duration(to: .now) / .seconds(1))
    }

    // MARK: Together

    private func learnt(by begun: some GlobalTraining) async throws -> any SharedModel {
        var training = begun
        let probes = Set(globalProbes(of: keys.count))
        var probed: [KnownDemand] = []
        let progress = ProgressBar(label: "learning", total: keys.count)
        defer { progress.finish() }
        for batch in batches {
            let histories = try await read(batch).map(\.history)
            probed += zip(batch, histories).filter { probes.contains($0.0) }.map(\.1)
            let chunks = globalChunks(of: histories.count)
            let parts = try await mapped(chunks, width: workers) { chunk in
                begun.part(histories[chunk], first: batch.lowerBound)
            }
            for part in parts { training.add(part) }
            progress.update(batch.upperBound)
        }
        try training.settle(probing: probed)
        return training.shared
    }

    /// Stores what all of them share, so that others may borrow it.
    private func publish(_ shared: any SharedModel) async throws -> BulkReport.Shared {
        let name = try SharedModelName(selector, kind: kind, step: step)
        var options = modelOptions(asked: model, task, rows: usualRows)
        options["series"] = "\(keys.count)"
        let record = ModelRecord(
            series: name.key, model: shared.name, step: step, kind: kind,
            trainedFrom: now.advanced(bySeconds: -usualRows * step), trainedTo: now, createdAt: .now, scores: [:],
            bytes: shared.encoded(),
            lineage: ModelLineage(
                .hand, parent: try await store.database.newestModelVersion(for: name.key), program: programVersion,
                options: options))
        return BulkReport.Shared(series: name.key.description, version: try await store.database.publish(record))
    }

    private static func fitted(_ read: ReadSeries, _ shared: any SharedModel) -> Fitted {
        guard read.history.suffix().contains(where: \.isFinite) else {
            return .failed(ForecastError.nothingKnown(rows: 0))
        }
        let heldOut = shared.heldOut(of: read.history)
        let naive = try? SeasonalNaive().fit(read.history.prefix(heldOut.origins.first ?? 0), task: shared.task)
        let baseline = naive.map {
            HeldOutForecasts(
                origins: heldOut.origins, forecasts: $0.forecasts(of: read.history, at: heldOut.origins))
        }
        return .learnt(
            shared.model(of: read.history), scores: heldOut.losses(in: read.history).map(named) ?? [:],
            naive: baseline?.losses(in: read.history).map(named) ?? [:], options: [:])
    }

    private static func named(_ losses: (all: Double, middle: Double, tail: Double)) -> [String: Double] {
        ["LOSS": losses.all, "WQL": losses.middle, "TAIL": losses.tail].filter(\.value.isFinite)
    }

    // MARK: Each on its own

    private static func trained(
        _ read: ReadSeries, by forecaster: any Forecaster, _ task: ForecastTask, _ events: EventOptions
    ) -> Fitted {
        do {
            let helped = try read.lender.get()
            let lent = helped.map { Borrowing(forecaster, from: $0.shared) as any Forecaster } ?? forecaster
            let told = try events.tell(lent, end: read.history.end)
            let found = try Forecasting.trained(on: read.rows, by: told, task: task)
            let note = HelpedForecaster(forecaster: told, lender: helped?.name)
            return .learnt(
                found.model, scores: found.heldOut?.model.named ?? [:],
                naive: found.heldOut?.seasonalNaive.named ?? [:], options: note.noted([:], of: found.model))
        } catch {
            return .failed(error)
        }
    }

    // MARK: Series by series

    private enum Fitted: Sendable {
        case learnt(any FittedModel, scores: [String: Double], naive: [String: Double], options: [String: String])
        case failed(any Error)
    }

    /// A series as it was read.
    private struct ReadSeries: Sendable {
        let key: SeriesKey
        let rows: RegularSeries
        /// What it may borrow from; looked up only where each learns on its own.
        var lender: Result<(shared: any SharedModel, name: String)?, any Error> = .success(nil)
        var history: KnownDemand { KnownDemand(rows) }
    }

    /// The numbers of the series that are learnt from at once: whole chunks, so that what is learnt does not depend on how many.
    private var batches: [Range<Int>] {
        let size = max(1, min(8, Self.rowsHeld / max(1, usualRows) / 64)) * 64
        return stride(from: 0, to: keys.count, by: size).map { $0..<min($0 + size, keys.count) }
    }

    private func read(_ batch: Range<Int>) async throws -> [ReadSeries] {
        let always = Timestamp(millisecondsSinceEpoch: .min)..<now
        var found: [ReadSeries] = []
        for number in batch {
            let windows = try await store.windows(of: keys[number], in: always, step: step)
            let rows = windows.numbers.last.flatMap { last in
                RegularSeries(
                    windows: windows, kind: kind, endingBy: Timestamp(secondsSinceEpoch: (Int(last) + 1) * step))
            }
            found.append(
                ReadSeries(
                    key: keys[number],
                    rows: rows ?? RegularSeries(start: Timestamp(secondsSinceEpoch: 0), step: step, values: [])))
        }
        return found
    }

    /// Reads, fits and publishes every series, some after the others.
    private func everyBatch(
        _ progress: ProgressBar, _ fit: @escaping @Sendable (ReadSeries) -> Fitted
    ) async throws -> [BulkReport.Result] {
        let isEach = ModelCatalogue.global(named: model) == nil
        var results: [BulkReport.Result] = []
        // A chunk at a time, as models are held beside the rows until they are stored.
        for batch in globalChunks(of: keys.count) {
            var series = try await read(batch)
            if isEach { series = try await withLenders(series) }
            let fitted = try await mapped(
                series, width: workers, progress: { progress.update(batch.lowerBound + $0) }, fit)
            results += try await published(Array(zip(series, fitted)))
        }
        return results
    }

    /// A shared model is read once for all who borrow it.
    private func withLenders(_ series: [ReadSeries]) async throws -> [ReadSeries] {
        var known: [String: any SharedModel] = [:], found: [ReadSeries] = []
        for var each in series {
            if let version = try await store.database.sharedModel(for: each.key, kind: kind, step: step) {
                let name = "\(version.record.series) version \(version.version)"
                each.lender = Result {
                    let shared = try known[name] ?? ModelCatalogue.decodeShared(version.record.bytes)
                    known[name] = shared
                    return (shared, name)
                }
            }
            found.append(each)
        }
        return found
    }

    private func published(_ fitted: [(ReadSeries, Fitted)]) async throws -> [BulkReport.Result] {
        var records: [ModelRecord] = []
        for case (let series, .learnt(let model, let scores, _, let options)) in fitted {
            let known = modelOptions(asked: self.model, model.task, rows: series.rows.count)
            records.append(
                ModelRecord(
                    series: series.key, model: model.name, step: step, kind: kind, trainedFrom: series.rows.start,
                    trainedTo: series.rows.end, createdAt: .now, scores: scores, bytes: model.encoded(),
                    lineage: ModelLineage(
                        .hand, parent: try await store.database.newestModelVersion(for: series.key),
                        seed: model.seed, program: programVersion, options: known.merging(options) { $1 })))
        }
        var versions = try await store.database.publish(all: records)[...]
        return fitted.map { series, fitted in
            switch fitted {
            case .learnt(let model, let scores, let naive, _):
                BulkReport.Result(
                    series: series.key.description, rows: series.rows.count, version: versions.popFirst(),
                    model: model.name, scores: scores, seasonalNaive: naive, failure: nil)
            case .failed(let error):
                BulkReport.Result(
                    series: series.key.description, rows: series.rows.count, version: nil, model: nil, scores: nil,
                    seasonalNaive: nil, failure: "\(error)")
            }
        }
    }
}
