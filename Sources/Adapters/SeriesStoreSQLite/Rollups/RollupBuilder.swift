internal import GRDB
internal import Series
internal import Units

/// Makes rollups within one transaction, a bounded number of samples at once.
struct RollupBuilder {
    /// Samples read in one transaction, and of one series at once, about.
    private static let samplesPerTurn = 1_000_000, samplesPerSlice = 200_000

    private let database: Database
    private let table: RollupTable
    private let state: RollupState
    private var chunks: ChunkReader
    private var samples = 0
    /// Pages written.
    private(set) var pages = 0

    init(_ database: Database) throws {
        (self.database, table, chunks) = (database, RollupTable(database), ChunkReader(database))
        state = try RollupState(database)
    }

    /// Where the next turn begins.
    struct Cursor: Sendable { var series = Int64.min, first = Int64.min, last = Int64.min }

    /// Goes on with the days that are due after `cursor`; nil where none is left.
    mutating func turn(after cursor: Cursor) throws -> Cursor? {
        var cursor = cursor
        while samples < Self.samplesPerTurn {
            let next = try Row.fetchOne(
                database,
                sql: """
                    SELECT series, first, last FROM rollup_due WHERE (series, first, last) > (?, ?, ?)
                    ORDER BY series, first, last LIMIT 1
                    """, arguments: [cursor.series, cursor.first, cursor.last])
            guard let next else { return nil }
            cursor = Cursor(series: next[0], first: next[1], last: next[2])
            try roll(cursor)
        }
        return cursor
    }

    /// Rolls up the first days of what is due, and notes the rest as due.
    private mutating func roll(_ due: Cursor) throws {
        // Damaged chunks, or lists of them: left as due, for a backup may bring them back, and told by `check`.
        let found = try SQLiteStore.intact {
            try chunks.rows(of: due.series, from: Day.start(due.first), to: endOfDay(due.last))
        }
        guard let rows = found else { return }
        let end = slice(rows, due)
        guard let runs = try chunks.readAll(rows.filter { $0.start < Day.start(end) || end > due.last }) else { return }
        let run = Run.merged(runs).within(Day.start(due.first), min(Day.start(end), endOfDay(due.last)))
        samples += run.times.count + 1_000
        try database.execute(
            sql: "DELETE FROM rollup_due WHERE series = ? AND first = ? AND last = ?",
            arguments: [due.series, due.first, due.last])
        if end <= due.last { try table.note(due: end...due.last, of: due.series) }
        let made = try makeFine(run, of: due.series)
        for page in Set((made + [min(end - 1, due.last)]).map { RollupLevel.coarse.page(ofDay: $0) }).sorted() {
            try makeCoarse(page, of: due.series)
        }
    }

    private func endOfDay(_ day: Int64) -> Int64 {
        day == .max ? .max : Day.start(day + 1)
    }

    /// The day after the last of those whose samples are read at once; after `due.last` where all are.
    private func slice(_ rows: [ChunkRow], _ due: Cursor) -> Int64 {
        var count = 0
        for row in rows.sorted(by: { $0.start < $1.start }) {
            count += row.count
            let day = Day.holding(row.start)
            if count > Self.samplesPerSlice, day > due.first, day <= due.last { return day }
        }
        return due.last == .max ? .max : due.last + 1
    }

    /// Writes the pages of the days that `run` holds whole; returns the days.
    private mutating func makeFine(_ run: Run, of series: Int64) throws -> [Int64] {
        let columns = WindowColumns(times: run.times, values: run.values, step: RollupLevel.fine.step)
        var made: [Int64] = []
        var page = WindowColumns(step: columns.step)
        for (index, number) in columns.numbers.enumerated() {
            page.append(number, columns.windows[index])
            let day = RollupLevel.fine.page(ofWindow: number)
            let isLast =
                index + 1 == columns.count
                || RollupLevel.fine.page(ofWindow: columns.numbers[index + 1]) != day
            guard isLast else { continue }
            if try !isKept(.fine, day, of: series) {
                try table.put(.fine, day, of: series, page)
                made.append(day)
            }
            page = WindowColumns(step: columns.step)
        }
        pages += made.count
        return made
    }

    /// Whether a page is to stay as it is, or away: what it was made of may be gone.
    private func isKept(_ level: RollupLevel, _ page: Int64, of series: Int64) throws -> Bool {
        guard state.isFinal(level, page) else { return false }
        let isTooOld = level == .fine && Day.start(page) < state.prunedFine
        return try isTooOld || table.has(level, of: series, in: page...page)
    }

    private mutating func makeCoarse(_ page: Int64, of series: Int64) throws {
        let days = RollupLevel.coarse.days(ofPage: page)
        guard days.upperBound < state.rolledDay, try !isKept(.coarse, page, of: series),
            try table.has(.fine, of: series, in: days)
        else { return }
        var reader = try RollupReader(database, series: series)
        let hours = RollupLevel.coarse.windows(ofPage: page),
            factor = Int64(RollupLevel.coarse.step / RollupLevel.fine.step)
        let fine = try reader.windows(
            hours.lowerBound * factor..<hours.upperBound * factor, step: RollupLevel.fine.step)
        samples += reader.samplesRead
        try table.put(.coarse, page, of: series, fine.folded(to: RollupLevel.coarse.step))
        pages += 1
    }
}
