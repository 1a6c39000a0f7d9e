import Forecasting
import Ports
import Series
import Units

/// The demand of one workload, kept between ticks so that a tick reads only what may have changed: its rows of late, which policies
/// look at, and the windows that forecasts are made on, which reach back for weeks.
struct DemandWindow: Sendable {
    /// What is known at a tick.
    struct Known: Sendable {
        /// The rows that have ended; those without a sample are missing.
        let rows: KnownDemand
        /// The same on the workload's `ForecastGrid`, as a replay has it: the whole windows.
        let windows: KnownDemand
    }

    /// Samples that come later than this are not looked for again before the next start, seconds.
    private static let lateSeconds = 900
    /// How far back rows are kept that are shorter than a window, seconds; no policy of the loop looks back further.
    private static let recentSeconds = 7_200
    /// Rows that are read at once: weeks of seconds would take a hundred megabytes.
    private static let rowsAtOnce = 100_000

    private let key: SeriesKey
    private let kind: DemandKind
    private let grid: ForecastGrid
    private let limit: Int
    private var rows: RegularSeries?, windows: RegularSeries?

    /// At most `limit` windows are kept.
    init(key: SeriesKey, kind: DemandKind, grid: ForecastGrid, limit: Int) {
        (self.key, self.kind, self.grid, self.limit) = (key, kind, grid, limit)
    }

    /// What has ended by `now`; empty where nothing is stored. Where the store fails, what was read before that is kept.
    mutating func refresh(from store: any SampleStore, now: Timestamp) async throws -> Known {
        let end = now.floored(to: step)
        // A clock that went back leaves rows that are yet to come: start over.
        if let rows, rows.end > end { (self.rows, windows) = (nil, nil) }
        let oldest = end.advanced(bySeconds: -limit * grid.step)
        let changing = rows.map { max(oldest, $0.end.advanced(bySeconds: -lateRows * step)) } ?? oldest
        // Windows are made from all of their rows.
        var from = changing.floored(to: grid.step)
        while from < end {
            let until = min(end, from.advanced(bySeconds: max(1, Self.rowsAtOnce / grid.rowsPerWindow) * grid.step))
            // A row more is read than is kept: the increase of a counter needs the sample before.
            let read = try await store.windows(of: key, in: from.advanced(bySeconds: -step)..<until, step: step)
            take(RegularSeries(windows: read, kind: kind, endingBy: until), from: from, until: until)
            from = until
        }
        let nothing = RegularSeries(start: end, step: step, values: [])
        return Known(rows: KnownDemand(rows ?? nothing), windows: KnownDemand(windows ?? nothing))
    }

    private var step: Int { grid.seriesStep }
    private var lateRows: Int { max(2, Self.lateSeconds / step) }

    /// At least what is read again at a tick, from the window that it begins in.
    private var rowsKept: Int {
        guard grid.rowsPerWindow > 1 else { return limit }
        return max(Self.recentSeconds / step, lateRows + 2 * grid.rowsPerWindow)
    }

    /// Puts `fresh` in the place of what was known of the rows from `from` to `until`; nil where they hold no sample.
    private mutating func take(_ fresh: RegularSeries?, from: Timestamp, until: Timestamp) {
        // Before the first sample nothing is missing.
        guard let first = [rows?.start, fresh?.start].compactMap({ $0 }).min() else { return }
        let part = TimeGrid(from: max(from, first), to: until, step: step)
        let values = (0..<part.count).map { row in fresh?.value(at: part.time(of: row)) ?? .nan }
        let piece = RegularSeries(start: part.start, step: step, values: values)
        rows = joined(rows, piece).suffix(rowsKept)
        windows = grid.rowsPerWindow > 1 ? joined(windows, grid.windows(of: piece, kind: kind)).suffix(limit) : rows
    }
}

/// What `old` holds before `fresh` begins, and `fresh`.
private func joined(_ old: RegularSeries?, _ fresh: RegularSeries) -> RegularSeries {
    guard let old, old.start < fresh.start else { return fresh }
    var joined = old[0..<min(old.count, Int(fresh.start.seconds(since: old.start)) / old.step)]
    joined.append(fresh.values)
    return joined
}

extension TimeGrid {
    fileprivate init(from start: Timestamp, to end: Timestamp, step: Int) {
        self.init(start: start, step: step, count: max(0, Int(end.seconds(since: start)) / step))
    }
}

extension Timestamp {
    /// The last multiple of `seconds` since the epoch that is not after it.
    fileprivate func floored(to seconds: Int) -> Timestamp {
        let width = Int64(seconds) * 1_000
        return Timestamp(millisecondsSinceEpoch: millisecondsSinceEpoch.flooredDivision(by: width).quotient * width)
    }
}

extension RegularSeries {
    /// The value of the row that starts at `time`; nil outside.
    fileprivate func value(at time: Timestamp) -> Double? {
        let row = grid.row(holding: time)
        return values.indices.contains(row) ? values[row] : nil
    }
}
