internal import GRDB
internal import Series
internal import Units

/// Windows of a series: from the longest rollups that will do, from shorter ones where there is none, from samples for the rest.
struct RollupReader {
    private let table: RollupTable
    private let state: RollupState
    private var chunks: ChunkReader
    private let series: Int64
    /// Samples that are not in the database, ascending.
    private let fresh: Run
    /// Days whose rollups may lack samples.
    private let staleDays: [ClosedRange<Int64>]
    /// Samples read, for whoever wants to know what a rollup saves.
    private(set) var samplesRead = 0

    init(_ database: Database, series: Int64, fresh: Run = Run()) throws {
        (table, chunks) = (RollupTable(database), ChunkReader(database))
        (self.series, self.fresh, state) = (series, fresh, try RollupState(database))
        staleDays = try table.dueDays(of: series) + Self.days(of: fresh)
    }

    private static func days(of run: Run) -> [ClosedRange<Int64>] {
        var days: [ClosedRange<Int64>] = []
        for time in run.times where days.last?.contains(Day.holding(time)) != true {
            days.append(Day.holding(time)...Day.holding(time))
        }
        return days
    }

    /// The windows of `step` seconds whose numbers lie within `range`.
    mutating func windows(_ range: Range<Int64>, step: Int) throws -> WindowColumns {
        guard !range.isEmpty else { return WindowColumns(step: step) }
        let level = RollupLevel.allCases.last { step % $0.step == 0 }
        guard let level else { return try fromSamples(range, step: step) }
        let factor = Int64(step / level.step)
        let whole = saturating(range.lowerBound, factor)..<saturating(range.upperBound, factor)
        return try windows(whole, level).folded(to: step)
    }

    /// The windows of a level within `range`.
    private mutating func windows(_ range: Range<Int64>, _ level: RollupLevel) throws -> WindowColumns {
        var found = WindowColumns(step: level.step)
        var next = range.lowerBound
        let touched = level.page(ofWindow: range.lowerBound)...level.page(ofWindow: range.upperBound - 1)
        for (page, data) in try table.pages(level, of: series, in: touched) {
            guard let windows = try usable(level, page, data) else { continue }
            let span = level.windows(ofPage: page).clamped(to: range)
            found.append(try shorter(next..<max(next, span.lowerBound), level))
            found.append(windows.within(span))
            next = span.upperBound
        }
        found.append(try shorter(next..<max(next, range.upperBound), level))
        return found
    }

    /// What no page of `level` tells, from the next level or from samples.
    private mutating func shorter(_ range: Range<Int64>, _ level: RollupLevel) throws -> WindowColumns {
        guard !range.isEmpty else { return WindowColumns(step: level.step) }
        guard level == .coarse else { return try fromSamples(range, step: level.step) }
        let factor = Int64(level.step / RollupLevel.fine.step)
        let fine = saturating(range.lowerBound, factor)..<saturating(range.upperBound, factor)
        return try windows(fine, .fine).folded(to: level.step)
    }

    private mutating func fromSamples(_ range: Range<Int64>, step: Int) throws -> WindowColumns {
        let width = Int64(step) * 1_000
        let (from, to) = (saturating(range.lowerBound, width), saturating(range.upperBound, width))
        let stored = try chunks.samples(of: series, from: from, to: to)
        let run = Run.merged([stored, fresh.within(from, to)])
        samplesRead += run.times.count
        return WindowColumns(times: run.times, values: run.values, step: step)
    }

    /// The windows of a page; nil where the samples, or shorter windows, know better.
    ///
    /// - Throws: where it is damaged, and nothing else is there to read.
    private func usable(_ level: RollupLevel, _ page: Int64, _ data: [UInt8]) throws -> WindowColumns? {
        let isFinal = state.isFinal(level, page), days = level.days(ofPage: page)
        guard isFinal || !staleDays.contains(where: { $0.overlaps(days) }) else { return nil }
        do { return try RollupTable.decode(level, page, data) } catch {
            guard isFinal else { return nil }
            throw ChunkDamage("the rollup of \(level.step) s, page \(page), of series \(series): \(error)")
        }
    }
}
