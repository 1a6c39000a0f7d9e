internal import Foundation
internal import GRDB
internal import Series
internal import Units

/// The two lengths of window that are kept. A page holds the windows of a fixed span of days, so that a finished page is written
/// once.
enum RollupLevel: Int, CaseIterable, Sendable {
    case fine = 300
    case coarse = 3_600

    /// Seconds of a window.
    var step: Int { rawValue }
    var daysPerPage: Int64 { self == .fine ? 1 : 16 }
    var windowsPerPage: Int64 { daysPerPage * 86_400 / Int64(step) }

    func page(ofDay day: Int64) -> Int64 { day.flooredDivision(by: daysPerPage).quotient }
    func page(ofWindow number: Int64) -> Int64 { number.flooredDivision(by: windowsPerPage).quotient }
    /// The numbers of the windows of a page.
    func windows(ofPage page: Int64) -> Range<Int64> { Self.span(page, windowsPerPage) }
    func days(ofPage page: Int64) -> ClosedRange<Int64> {
        let days = Self.span(page, daysPerPage)
        return days.lowerBound...max(days.lowerBound, days.upperBound - 1)
    }

    /// Stays within the numbers there are, whatever a damaged row says.
    private static func span(_ page: Int64, _ length: Int64) -> Range<Int64> {
        saturating(page, length)..<saturating(page == .max ? page : page + 1, length)
    }
}

/// Days since 1970, which rollups are made by.
enum Day {
    static let milliseconds: Int64 = 86_400_000

    static func holding(_ time: Int64) -> Int64 { time.flooredDivision(by: milliseconds).quotient }
    static func start(_ day: Int64) -> Int64 { saturating(day, milliseconds) }
}

/// A product that stays at the end of the range where it does not fit.
func saturating(_ a: Int64, _ b: Int64) -> Int64 {
    let (product, isTooFar) = a.multipliedReportingOverflow(by: b)
    return isTooFar ? ((a < 0) == (b < 0) ? .max : .min) : product
}

/// How far rollups have come.
struct RollupState: Sendable {
    /// Days before this have been looked at. Samples that come for them are noted in `rollup_due`.
    var rolledDay = Int64.min
    /// Samples and windows of five minutes before these times may have been pruned, milliseconds: what was made of them stays.
    var prunedSamples = Int64.min, prunedFine = Int64.min

    init(_ database: Database) throws {
        for row in try Row.fetchAll(try database.cachedStatement(sql: "SELECT name, value FROM rollup_state")) {
            let value: Int64 = row[1]
            switch row[0] as String {
            case "rolledDay": rolledDay = value
            case "prunedSamples": prunedSamples = value
            case "prunedFine": prunedFine = value
            default: break
            }
        }
    }

    func write(_ database: Database) throws {
        for (name, value) in [
            ("rolledDay", rolledDay), ("prunedSamples", prunedSamples), ("prunedFine", prunedFine),
        ] where value > .min {
            try database.execute(
                sql: "INSERT OR REPLACE INTO rollup_state (name, value) VALUES (?, ?)", arguments: [name, value])
        }
    }

    /// A page whose source may be gone: it is not made anew.
    func isFinal(_ level: RollupLevel, _ page: Int64) -> Bool {
        let start = Day.start(level.days(ofPage: page).lowerBound)
        return start < (level == .fine ? prunedSamples : prunedFine)
    }
}

/// Pages in the table `rollup`, and the days in `rollup_due` that are to be made anew.
struct RollupTable {
    let database: Database

    init(_ database: Database) { self.database = database }

    /// The pages of a series within `pages`, ascending; none is decoded yet.
    func pages(
        _ level: RollupLevel, of series: Int64, in pages: ClosedRange<Int64>
    ) throws -> [(page: Int64, data: [UInt8])] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT page, data FROM rollup WHERE series = ? AND step = ? AND page BETWEEN ? AND ? ORDER BY page
                """)
        return try Row.fetchAll(statement, arguments: [series, level.step, pages.lowerBound, pages.upperBound])
            .map { ($0[0], Array($0[1] as Data)) }
    }

    func has(_ level: RollupLevel, of series: Int64, in pages: ClosedRange<Int64>) throws -> Bool {
        let statement = try database.cachedStatement(
            sql: "SELECT EXISTS (SELECT 1 FROM rollup WHERE series = ? AND step = ? AND page BETWEEN ? AND ?)")
        return try Bool.fetchOne(
            statement, arguments: [series, level.step, pages.lowerBound, pages.upperBound]) ?? false
    }

    /// Writes a page in the place of the one there was; `columns` are its windows.
    func put(_ level: RollupLevel, _ page: Int64, of series: Int64, _ columns: WindowColumns) throws {
        try database.cachedStatement(sql: "DELETE FROM rollup WHERE series = ? AND step = ? AND page = ?")
            .execute(arguments: [series, level.step, page])
        guard columns.count > 0 else { return }
        try database.cachedStatement(sql: "INSERT INTO rollup (series, step, page, data) VALUES (?, ?, ?, ?)")
            .execute(arguments: [series, level.step, page, Data(WindowPage.encode(columns))])
    }

    /// The windows of a page; throws where they are not what its row speaks of.
    static func decode(_ level: RollupLevel, _ page: Int64, _ data: [UInt8]) throws(ChunkError) -> WindowColumns {
        let columns = try WindowPage.decode(data, step: level.step)
        let range = level.windows(ofPage: page)
        guard let first = columns.numbers.first, let last = columns.numbers.last, range.contains(first),
            range.contains(last)
        else { throw ChunkError.otherPage }
        return columns
    }

    func note(due days: ClosedRange<Int64>, of series: Int64) throws {
        try database.cachedStatement(sql: "INSERT OR IGNORE INTO rollup_due (series, first, last) VALUES (?, ?, ?)")
            .execute(arguments: [series, days.lowerBound, days.upperBound])
    }

    func hasAny(of series: Int64) throws -> Bool {
        let statement = try database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM rollup WHERE series = ?)")
        return try Bool.fetchOne(statement, arguments: [series]) ?? false
    }

    func forgetDueDays(of series: Int64) throws {
        try database.cachedStatement(sql: "DELETE FROM rollup_due WHERE series = ?").execute(arguments: [series])
    }

    func dueDays(of series: Int64) throws -> [ClosedRange<Int64>] {
        let statement = try database.cachedStatement(sql: "SELECT first, last FROM rollup_due WHERE series = ?")
        return try Row.fetchAll(statement, arguments: [series]).compactMap { row in
            let (first, last): (Int64, Int64) = (row[0], row[1])
            return first <= last ? first...last : nil
        }
    }
}

extension ChunkError {
    static let unknownStep = ChunkError("windows of a length that is not known")
    fileprivate static let otherPage = ChunkError("the windows of a rollup are not those its row speaks of")
}

/// Notes samples that come for days which have been rolled up.
struct LateSamples {
    private let table: RollupTable
    private let rolledDay: Int64

    init(_ database: Database) throws {
        (table, rolledDay) = (RollupTable(database), try RollupState(database).rolledDay)
    }

    /// To be called for all that is stored. `run` ascends.
    func note(_ run: Run, of series: Int64) throws {
        guard rolledDay > .min, let first = run.times.first, let last = run.times.last else { return }
        let day = Day.holding(first)
        guard day < rolledDay else { return }
        try table.note(due: day...min(Day.holding(last), rolledDay - 1), of: series)
    }
}
