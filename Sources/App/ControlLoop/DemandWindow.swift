import Ports
import Series
import Units

/// The demand rows of one workload, kept between ticks so that a tick reads only what may have changed.
struct DemandWindow: Sendable {
    /// Samples that come later than this are not looked for again before the next start, seconds.
    private static let lateSeconds = 900

    private let key: SeriesKey
    private let kind: DemandKind
    private let step: Int
    private let limit: Int
    private var rows: RegularSeries?

    /// At most `limit` rows of `step` seconds are kept.
    init(key: SeriesKey, kind: DemandKind, step: Int, limit: Int) {
        (self.key, self.kind, self.step, self.limit) = (key, kind, step, limit)
    }

    /// The rows that have ended by `now`; those without a sample are missing. Empty where nothing is stored.
    mutating func refresh(from store: any SampleStore, now: Timestamp) async throws -> KnownDemand {
        let end = boundary(before: now)
        // A clock that went back leaves rows that are yet to come: start over.
        if let rows, rows.end > end { self.rows = nil }
        let oldest = end.advanced(bySeconds: -limit * step)
        let from = rows.map { max(oldest, $0.end.advanced(bySeconds: -lateRows * step)) } ?? oldest
        // A row more is read than is kept: the increase of a counter needs the sample before.
        let windows = try await store.windows(of: key, in: from.advanced(bySeconds: -step)..<end, step: step)
        let fresh = RegularSeries(windows: windows, kind: kind, endingBy: end)
        rows = joined(rows, fresh, from: from, end: end)
        return KnownDemand(rows ?? RegularSeries(start: end, step: step, values: []))
    }

    private var lateRows: Int { max(2, Self.lateSeconds / step) }

    private func boundary(before now: Timestamp) -> Timestamp {
        let milliseconds = Int64(step) * 1_000
        let row = now.millisecondsSinceEpoch.flooredDivision(by: milliseconds).quotient
        return Timestamp(millisecondsSinceEpoch: row * milliseconds)
    }

    /// What was known before `from`, and from there on what has been read now.
    private func joined(
        _ old: RegularSeries?, _ fresh: RegularSeries?, from: Timestamp, end: Timestamp
    ) -> RegularSeries? {
        guard let start = [old?.start, fresh?.start].compactMap({ $0 }).min() else { return nil }
        let first = max(start, end.advanced(bySeconds: -limit * step))
        let grid = TimeGrid(start: first, step: step, count: max(0, Int(end.seconds(since: first)) / step))
        let values = (0..<grid.count).map { row in
            let time = grid.time(of: row)
            return (time < from ? old : fresh)?.value(at: time) ?? .nan
        }
        return RegularSeries(start: first, step: step, values: values)
    }
}

extension RegularSeries {
    /// The value of the row that starts at `time`; nil outside.
    fileprivate func value(at time: Timestamp) -> Double? {
        let row = grid.row(holding: time)
        return values.indices.contains(row) ? values[row] : nil
    }
}
