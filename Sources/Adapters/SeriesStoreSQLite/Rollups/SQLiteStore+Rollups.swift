internal import Foundation
internal import GRDB
package import Ports
package import Series
package import Units

/// Rollups: windows of five minutes and of an hour, made of the samples by `rollUp` and kept longer than they are.
extension SQLiteStore {
    package func windows(
        of key: SeriesKey, in range: Range<Timestamp>, step: Int
    ) async throws(StoreError) -> WindowColumns {
        try await windows(of: key, in: range, step: step, fresh: Run())
    }

    /// The same with samples that are not in the database yet, ascending; all that are known.
    func windows(
        of key: SeriesKey, in range: Range<Timestamp>, step: Int, fresh: Run
    ) async throws(StoreError) -> WindowColumns {
        try await read { database in
            // No series has this number.
            let series = try SeriesTable(database).number(of: key) ?? 0
            var reader = try RollupReader(database, series: series, fresh: fresh)
            return try reader.windows(WindowColumns.numbers(of: step, in: range), step: step)
        }
    }

    /// Makes the rollups of all days that ended an hour before `now`, and anew those for which samples came later. Returns how many
    /// pages were written.
    ///
    /// In transactions of about a million samples, so that others get their turn. `verifying`: reads every rollup there is
    /// and makes the damaged ones anew where their samples, or shorter rollups, are still there.
    package func rollUp(now: Timestamp, verifying: Bool = false) async throws(StoreError) -> Int {
        try await write { try Self.advance(to: now, $0) }
        if verifying { try await dropDamagedRollups() }
        var pages = 0
        var next: RollupBuilder.Cursor? = RollupBuilder.Cursor()
        while let cursor = next {
            let turn = try await write { database in
                var builder = try RollupBuilder(database)
                return (cursor: try builder.turn(after: cursor), pages: builder.pages)
            }
            pages += turn.pages
            next = turn.cursor
        }
        return pages
    }

    /// Notes the days that have ended since the last time as due.
    ///
    /// Not beyond the newest sample, so that a clock that once was wrong does not make all that comes late.
    private static func advance(to now: Timestamp, _ database: Database) throws {
        var state = try RollupState(database)
        guard let newest = try ChunkDirectory(database).newest() else { return }
        let end = min(Day.holding(now.advanced(bySeconds: -3_600).millisecondsSinceEpoch), Day.holding(newest) + 1)
        guard end > state.rolledDay else { return }
        let table = RollupTable(database)
        try ChunkDirectory(database).forEachPage(from: Day.start(state.rolledDay), to: Day.start(end)) { chunks in
            for (series, chunks) in Dictionary(grouping: chunks, by: \.series) {
                guard let start = chunks.map(\.start).min(), let reach = chunks.map(\.last).max() else { continue }
                let first = max(Day.holding(start), state.rolledDay), last = min(Day.holding(reach), end - 1)
                if first <= last { try table.note(due: first...last, of: series) }
            }
        }
        try noteFinishedPages(from: state.rolledDay, to: end, table)
        state.rolledDay = end
        try state.write(database)
    }

    /// Pages of hours whose last day has ended, of series that had nothing on that day.
    private static func noteFinishedPages(from: Int64, to: Int64, _ table: RollupTable) throws {
        guard from > .min else { return }
        let first = RollupLevel.coarse.page(ofDay: from), end = RollupLevel.coarse.page(ofDay: to)
        let finished = try Row.fetchAll(
            table.database,
            sql: """
                SELECT DISTINCT series, page / ?1 FROM rollup WHERE step = ?2 AND page >= ?3 AND page < ?4
                """,
            arguments: [
                RollupLevel.coarse.daysPerPage, RollupLevel.fine.step, first * RollupLevel.coarse.daysPerPage,
                end * RollupLevel.coarse.daysPerPage,
            ])
        for row in finished {
            let last = RollupLevel.coarse.days(ofPage: row[1]).upperBound
            try table.note(due: last...last, of: row[0])
        }
    }

    // MARK: Age and size

    /// Removes rollups older than these times; returns how many pages went.
    package func pruneRollups(fineBefore: Timestamp, coarseBefore: Timestamp) async throws(StoreError) -> Int {
        try await write { database in
            try Self.prune(.fine, before: fineBefore.millisecondsSinceEpoch, database)
                + Self.prune(.coarse, before: coarseBefore.millisecondsSinceEpoch, database)
        }
    }

    /// Pages that end before `limit`, milliseconds.
    private static func prune(_ level: RollupLevel, before limit: Int64, _ database: Database) throws -> Int {
        let page = level.page(ofDay: Day.holding(limit))
        let touched = try Int64.fetchAll(
            database, sql: "SELECT DISTINCT series FROM rollup WHERE step = ? AND page < ? ORDER BY series",
            arguments: [level.step, page])
        try database.execute(
            sql: "DELETE FROM rollup WHERE step = ? AND page < ?", arguments: [level.step, page])
        let removed = database.changesCount
        if level == .fine, removed > 0 {
            var state = try RollupState(database)
            state.prunedFine = max(state.prunedFine, Day.start(level.days(ofPage: page).lowerBound))
            try state.write(database)
        }
        try removeEmptySeries(among: touched, database)
        return removed
    }

    /// Removes the oldest rollups, a twentieth of the time they span at once, those of five minutes first. False where there
    /// are none.
    func pruneOldestRollups() async throws(StoreError) -> Bool {
        try await write { database in
            for level in RollupLevel.allCases {
                let row = try Row.fetchOne(
                    database, sql: "SELECT min(page), max(page) FROM rollup WHERE step = ?", arguments: [level.step])
                guard let row, let first: Int64 = row[0], let last: Int64 = row[1] else { continue }
                let end = first + max(1, (last - first) / 20)
                return try Self.prune(
                    level, before: Day.start(level.days(ofPage: end).lowerBound), database) > 0
            }
            return false
        }
    }

    /// To be called where samples before `limit`, milliseconds, are removed: rollups of that time stay as they are from now on.
    static func noteSamplesPruned(before limit: Int64, _ database: Database) throws {
        var state = try RollupState(database)
        // A clock that is far ahead must not make rollups of the future final.
        guard let newest = try ChunkDirectory(database).newest() else { return }
        state.prunedSamples = max(state.prunedSamples, min(limit, newest == .max ? .max : newest + 1))
        try state.write(database)
    }

    // MARK: Damage

    /// What is wrong with rollups, and whether `rollUp(verifying:)` can make them anew; a sentence each, the first hundred.
    static func rollupProblems(_ database: Database) throws -> [String] {
        var problems: [String] = []
        let state = try RollupState(database)
        try eachRollup(database) { id, series, level, page, damage in
            guard problems.count < 100, let damage else { return }
            let isLost = level.map { state.isFinal($0, page) } ?? false
            problems.append(
                "series \(series): rollup \(id): \(damage); "
                    + (isLost ? "what it was made of is gone" : "`forecast store compact` makes it anew"))
        }
        return problems
    }

    private static func eachRollup(
        _ database: Database, _ body: (Int64, Int64, RollupLevel?, Int64, ChunkError?) throws -> Void
    ) throws {
        let rows = try Row.fetchCursor(database, sql: "SELECT id, series, step, page, data FROM rollup ORDER BY id")
        while let row = try rows.next() {
            let level = RollupLevel(rawValue: row[2]), page: Int64 = row[3]
            var damage: ChunkError?
            do throws(ChunkError) {
                guard let level else { throw .unknownStep }
                _ = try RollupTable.decode(level, page, Array(row[4] as Data))
            } catch { damage = error }
            try body(row[0], row[1], level, page, damage)
        }
    }

    private func dropDamagedRollups() async throws(StoreError) {
        try await write { database in
            let (state, table) = (try RollupState(database), RollupTable(database))
            var dropped: [(id: Int64, series: Int64, days: ClosedRange<Int64>?)] = []
            try Self.eachRollup(database) { id, series, level, page, damage in
                guard damage != nil, level.map({ !state.isFinal($0, page) }) ?? true else { return }
                dropped.append((id, series, level?.days(ofPage: page)))
            }
            for (id, series, days) in dropped {
                try database.execute(sql: "DELETE FROM rollup WHERE id = ?", arguments: [id])
                if let days { try table.note(due: days, of: series) }
            }
        }
    }
}
