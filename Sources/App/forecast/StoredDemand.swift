import ArgumentParser
import Forecasting
import Foundation
import Ports
import Series
import SeriesStoreSQLite
import Settings
import Units

/// The one stored series a command works on, and how it is to be read. Shared by `train` and `predict`.
struct DemandOptions: ParsableArguments {
    @Option(help: "The store.")
    var db: String?
    @Option(help: "The series, as metric{label=\"value\"}; it must match just one.")
    var series: String?
    @Option(help: "Instead of --db and --series: a daemon's configuration, with --workload.")
    var config: String?
    @Option(help: "A workload of the configuration.")
    var workload: String?
    @Option(
        help: "How its values speak: counter, count, rate or gauge. Default: counter for names in _total, else count.")
    var kind: DemandKind?
    @Option(help: "Seconds or 1m, 5m, …: what a row spans. Default: the commonest gap, at least a minute.")
    var step: Span?
    @Option(help: "The cycle of the demand. Default: a day; a week where a row spans a day or more.")
    var season: Span?

    func validate() throws {
        let isDirect = db != nil && series != nil && config == nil && workload == nil
        let isConfigured = db == nil && series == nil && config != nil && workload != nil
        guard isDirect || isConfigured else {
            throw ValidationError("Give --db and --series, or --config and --workload.")
        }
    }

    /// The events that the configuration knows of.
    func configuredEvents() throws -> EventSettings? { try DemandSource(self).events }

    /// Opens the store and reads the series whole, on its grid; from rollups where the rows are a multiple of theirs.
    func load(now: Timestamp) async throws -> StoredDemand {
        let source = try DemandSource(self)
        let store = try await HeadStore(reading: source.db, synchronous: source.synchronous)
        let (key, step) = try await seriesAndStep(source, in: store)
        let kind = kind ?? source.kind ?? DemandKind(impliedBy: key.metric)
        let always = Timestamp(millisecondsSinceEpoch: .min)..<now
        let windows = try await store.windows(of: key, in: always, step: step)
        guard let last = windows.numbers.last,
            let rows = RegularSeries(
                windows: windows, kind: kind, endingBy: Timestamp(secondsSinceEpoch: (Int(last) + 1) * step))
        else {
            throw ValidationError("\(key): no row of \(step) s has ended yet; ingest more, or give a smaller --step.")
        }
        return StoredDemand(
            store: store.database, key: key, kind: kind, rows: rows, season: season.map { $0.seconds / step })
    }

    /// The one series that is meant. Its samples are looked at where they must tell the step, or which of several has any.
    private func seriesAndStep(_ source: DemandSource, in store: HeadStore) async throws -> (SeriesKey, Int) {
        let keys = try await store.keys(matching: source.selector)
        if let key = keys.first, keys.count == 1, let step = step?.seconds ?? source.step { return (key, step) }
        let found = try await store.series(matching: source.selector)
        guard let summary = found.first, found.count == 1 else {
            throw NoSuchSeries(selector: source.selector, found: found.map(\.key))
        }
        let commonest = Int((summary.stepMilliseconds ?? 60_000) / 1_000)
        return (summary.key, step?.seconds ?? source.step ?? max(60, commonest))
    }
}

/// What the options name, directly or through a configuration.
private struct DemandSource {
    let db: String, selector: SeriesSelector
    let kind: DemandKind?, step: Int?
    /// How what is written, a model, is put on the disk.
    let synchronous: SQLiteStore.Synchronous
    let events: EventSettings?

    init(_ options: DemandOptions) throws {
        guard let config = options.config, let name = options.workload else {
            (db, kind, step, synchronous, events) = (options.db ?? "", nil, nil, .full, nil)
            selector = try SeriesSelector(parsing: options.series ?? "")
            return
        }
        let settings = try Settings(path: config)
        guard let workload = settings.workloads.first(where: { $0.id.name == name }) else {
            let names = settings.workloads.map(\.id.name).joined(separator: ", ")
            throw DaemonError("\(config): no workload '\(name)'; there are: \(names)")
        }
        (db, selector) = (settings.store.path, workload.series)
        (kind, events) = (workload.kind, workload.events)
        // What the daemon forecasts on.
        step = ForecastGrid(seriesStep: workload.stepSeconds).step
        synchronous = settings.store.isFullySynchronous ? .full : .normal
    }
}

struct StoredDemand {
    let store: SQLiteStore
    let key: SeriesKey
    let kind: DemandKind
    let rows: RegularSeries
    /// Rows in the cycle that was asked for.
    let season: Int?

    func task(horizon: Int) -> ForecastTask { .standard(step: rows.step, horizon: horizon, season: season) }
}

struct NoSuchSeries: Error, CustomStringConvertible {
    let selector: SeriesSelector
    let found: [SeriesKey]

    var description: String {
        guard !found.isEmpty else {
            return "no stored series matches \(selector); `forecast series --db DB` lists them"
        }
        let names = found.prefix(5).map(\.description).joined(separator: "\n  ")
        return "\(found.count) series match \(selector); add labels until one is left:\n  \(names)"
    }
}

/// A whole number of seconds on the command line: `90`, `15s`, `5m`, `2h`, `21d`.
struct Span: ExpressibleByArgument {
    let seconds: Int

    init(_ seconds: Int) { self.seconds = seconds }

    var defaultValueDescription: String { "\(seconds)s" }

    init?(argument: String) {
        guard let value = Units.seconds(parsing: argument), value >= 1, value <= 1e9, value == value.rounded() else {
            return nil
        }
        seconds = Int(value)
    }
}

extension DemandKind: ExpressibleByArgument {}
extension SQLiteStore.Synchronous: ExpressibleByArgument {}

extension Timestamp {
    static var now: Timestamp {
        Timestamp(millisecondsSinceEpoch: Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down)))
    }
}
