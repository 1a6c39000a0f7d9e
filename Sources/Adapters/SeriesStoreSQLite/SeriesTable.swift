internal import Foundation
internal import GRDB
internal import Series

/// The stored series: found by a hash of their labels, so that the index over many of them stays small.
struct SeriesTable {
    fileprivate let database: Database
    private var metrics: [String: Int64] = [:]

    init(_ database: Database) { self.database = database }

    /// The number of a series; nil where it is not stored.
    func number(of key: SeriesKey) throws -> Int64? {
        let block = key.labelBlock
        let find = try database.cachedStatement(
            sql: """
                SELECT series.id, metric.name, series.labels FROM series_hash
                JOIN series ON series.id = series_hash.series JOIN metric ON metric.id = series.metric WHERE hash = ?
                """)
        let rows = try Row.fetchAll(find, arguments: [Self.hash(block)])
        return try rows.first { try Self.key($0[1], $0[2]) == key }.map { $0[0] }
    }

    /// The number of a series, which is stored where it was not.
    mutating func madeNumber(of key: SeriesKey) throws -> Int64 {
        if let known = try number(of: key) { return known }
        let block = key.labelBlock, name = try SeriesKey(metric: key.metric).labelBlock
        try database.cachedStatement(sql: "INSERT INTO series (metric, labels) VALUES (?, ?)")
            .execute(arguments: [try metricNumber(key.metric), Data(block.dropFirst(name.count))])
        let number = database.lastInsertedRowID
        try database.cachedStatement(sql: "INSERT INTO series_hash (hash, series) VALUES (?, ?)")
            .execute(arguments: [Self.hash(block), number])
        return number
    }

    /// The series of a metric, or all of them. Complexity: linear in them.
    func all(of metric: String?) throws -> [(number: Int64, key: SeriesKey)] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT series.id, metric.name, series.labels FROM metric JOIN series ON series.metric = metric.id
                WHERE ?1 IS NULL OR metric.name = ?1
                """, arguments: [metric])
        return try rows.map { ($0[0], try Self.key($0[1], $0[2])) }
    }

    private mutating func metricNumber(_ name: String) throws -> Int64 {
        if let known = metrics[name] { return known }
        try database.execute(sql: "INSERT INTO metric (name) VALUES (?) ON CONFLICT DO NOTHING", arguments: [name])
        let number = try Int64.fetchOne(database, sql: "SELECT id FROM metric WHERE name = ?", arguments: [name])
        metrics[name] = number
        return number ?? 0
    }

    fileprivate static func key(_ metric: String, _ labels: Data) throws -> SeriesKey {
        try SeriesKey(labelBlock: SeriesKey(metric: metric).labelBlock + Array(labels))
    }

    /// FNV-1a, 64 bits, of the label block.
    private static func hash(_ block: [UInt8]) -> Int64 {
        Int64(bitPattern: block.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 })
    }
}

extension SeriesTable {
    /// Another one whenever a number means another series than before, or one was added below others.
    func generation() throws -> Int {
        try Int.fetchOne(database, sql: "SELECT value FROM head WHERE name = 'removals'") ?? 0
    }

    /// The label blocks of the series with a number above `number`. Complexity: linear in them.
    func blocks(above number: Int64, _ take: (Int64, [UInt8]) -> Void) throws {
        let find = try database.cachedStatement(
            sql: """
                SELECT series.id, metric.name, series.labels FROM series JOIN metric ON metric.id = series.metric
                WHERE series.id > ?
                """)
        var (name, prefix) = ("", [UInt8]())
        let rows = try Row.fetchCursor(find, arguments: [number])
        while let row = try rows.next() {
            let (metric, labels): (String, Data) = (row[1], row[2])
            if metric != name { (name, prefix) = (metric, try SeriesKey(metric: metric).labelBlock) }
            take(row[0], prefix + labels)
        }
    }

    /// The key of a series; nil where there is none with that number.
    func key(of number: Int64) throws -> SeriesKey? {
        let find = try database.cachedStatement(
            sql: """
                SELECT metric.name, series.labels FROM series JOIN metric ON metric.id = series.metric
                WHERE series.id = ?
                """)
        return try Row.fetchOne(find, arguments: [number]).map { try Self.key($0[0], $0[1]) }
    }
}
