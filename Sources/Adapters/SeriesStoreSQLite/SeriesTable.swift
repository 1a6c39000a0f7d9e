internal import Foundation
internal import GRDB
internal import Series

/// The stored series: their labels in pages, a page found by a hash of the labels, so that many series stay small.
struct SeriesTable {
    fileprivate let database: Database
    private var metrics: [String: Int64] = [:]
    /// The hashes of the series that were made, in the order of their making.
    private(set) var madeHashes: [Int32] = []

    init(_ database: Database) { self.database = database }

    /// The number of a series; nil where it is not stored.
    func number(of key: SeriesKey) throws -> Int64? {
        let block = try CanonicalBlock(key)
        for number in try candidates(block.hash) {
            guard let (metric, page) = try page(LabelPage.page(of: number)) else { continue }
            if metric == key.metric, page[LabelPage.slot(of: number)] == block.labels { return number }
        }
        return nil
    }

    /// The numbers of series that all differ; those that are not stored yet are.
    ///
    /// Complexity: a look at the index each, and every page that holds one of them is read once.
    mutating func madeNumbers(of blocks: [CanonicalBlock]) throws -> [Int64] {
        let hashes = blocks.map(\.hash)
        var numbers = try found(blocks, hashes)
        var missing: [String: [Int]] = [:]
        for index in numbers.indices where numbers[index] == 0 {
            missing[blocks[index].metric, default: []].append(index)
        }
        for (metric, indices) in missing.sorted(by: { $0.key < $1.key }) {
            for (index, number) in zip(indices, try add(indices.map { blocks[$0].labels }, to: metric)) {
                numbers[index] = number
            }
        }
        let made = missing.values.joined().map { (hash: hashes[$0], number: numbers[$0]) }.sorted { $0 < $1 }
        let insert = try database.cachedStatement(sql: "INSERT INTO series_hash (hash, series) VALUES (?, ?)")
        for (hash, number) in made { try insert.execute(arguments: [hash, number]) }
        madeHashes += made.map(\.hash)
        return numbers
    }

    /// The series of a metric, or all of them. Complexity: linear in them.
    func all(of metric: String?) throws -> [(number: Int64, key: SeriesKey)] {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT series_page.id, metric.name, series_page.labels
                FROM metric JOIN series_page ON series_page.metric = metric.id WHERE ?1 IS NULL OR metric.name = ?1
                """, arguments: [metric])
        var all: [(Int64, SeriesKey)] = []
        while let row = try rows.next() {
            let name = try SeriesKey(metric: row[1]).labelBlock
            for (slot, labels) in try LabelPage(packed: row[2]).labels.enumerated() {
                guard let labels else { continue }
                all.append((LabelPage.number(page: row[0], slot: slot), try SeriesKey(labelBlock: name + labels)))
            }
        }
        return all
    }

    /// The label blocks of the pages to which series were added after `addition`, as `series_page.added` counts; returns the last
    /// of them. Complexity: linear in those pages.
    func blocks(addedAfter addition: Int, _ take: (Int64, [UInt8]) -> Void) throws -> Int {
        let find = try database.cachedStatement(
            sql: """
                SELECT series_page.id, metric.name, series_page.labels, series_page.added
                FROM series_page JOIN metric ON metric.id = series_page.metric
                WHERE series_page.added > ? ORDER BY series_page.added
                """)
        let rows = try Row.fetchCursor(find, arguments: [addition])
        var last = addition
        while let row = try rows.next() {
            let name = try SeriesKey(metric: row[1]).labelBlock
            for (slot, labels) in try LabelPage(packed: row[2]).labels.enumerated() {
                if let labels { take(LabelPage.number(page: row[0], slot: slot), name + labels) }
            }
            last = row[3]
        }
        return last
    }

    /// The keys of the series with these numbers, where there are any, each page read once if the numbers ascend.
    func keys(of numbers: [Int64]) throws -> [SeriesKey] {
        var last: (id: Int64, content: (metric: String, page: LabelPage)?)?
        return try numbers.compactMap { number in
            let id = LabelPage.page(of: number)
            if last?.id != id { last = (id, try page(id)) }
            guard let content = last?.content, let labels = content.page[LabelPage.slot(of: number)] else { return nil }
            return try SeriesKey(labelBlock: SeriesKey(metric: content.metric).labelBlock + labels)
        }
    }

    /// Forgets series, which nothing refers to, and tells whoever remembers their numbers. A damaged page stays.
    func remove(_ numbers: [Int64]) throws {
        guard !numbers.isEmpty else { return }
        for (id, members) in Dictionary(grouping: numbers, by: LabelPage.page(of:)).sorted(by: { $0.key < $1.key }) {
            guard let (metric, old) = try intactPage(id) else { continue }
            var page = old
            let name = try SeriesKey(metric: metric).labelBlock
            for number in members {
                guard let labels = page[LabelPage.slot(of: number)] else { continue }
                try database.cachedStatement(sql: "DELETE FROM series_hash WHERE hash = ? AND series = ?")
                    .execute(arguments: [CanonicalBlock.hash(name + labels), number])
                page[LabelPage.slot(of: number)] = nil
            }
            try write(page, id)
        }
        try database.execute(sql: "DELETE FROM metric WHERE id NOT IN (SELECT metric FROM series_page)")
        try count("removals")
    }

    /// Changes whenever series were removed: numbers remembered from before may mean nothing, or another series.
    func removals() throws -> Int {
        try Int.fetchOne(database, sql: "SELECT value FROM head WHERE name = 'removals'") ?? 0
    }

    /// Counts what is done to series, and returns the count.
    @discardableResult
    private func count(_ event: String) throws -> Int {
        let sql =
            "INSERT INTO head (name, value) VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value"
        return try Int.fetchOne(database, sql: sql, arguments: [event]) ?? 0
    }

    /// The hashes of all series, ascending. Complexity: linear in them.
    func hashes() throws -> [Int32] { try Int32.fetchAll(database, sql: "SELECT hash FROM series_hash ORDER BY hash") }

    // MARK: Finding

    /// The numbers of the series that have one, 0 for the others.
    fileprivate func found(_ blocks: [CanonicalBlock], _ hashes: [Int32]) throws -> [Int64] {
        var candidates: [(number: Int64, index: Int)] = []
        for (index, hash) in hashes.enumerated() {
            for number in try self.candidates(hash) { candidates.append((number, index)) }
        }
        var numbers = [Int64](repeating: 0, count: blocks.count)
        var last: (id: Int64, content: (metric: String, page: LabelPage)?)?
        for (number, index) in candidates.sorted(by: { $0 < $1 }) {
            let id = LabelPage.page(of: number)
            if last?.id != id { last = (id, try page(id)) }
            guard let content = last?.content, content.metric == blocks[index].metric else { continue }
            if content.page[LabelPage.slot(of: number)] == blocks[index].labels { numbers[index] = number }
        }
        return numbers
    }

    private func candidates(_ hash: Int32) throws -> [Int64] {
        let find = try database.cachedStatement(sql: "SELECT series FROM series_hash WHERE hash = ?")
        return try Int64.fetchAll(find, arguments: [hash])
    }

    fileprivate func page(_ id: Int64) throws -> (metric: String, page: LabelPage)? {
        let find = try database.cachedStatement(
            sql: """
                SELECT metric.name, series_page.labels FROM series_page JOIN metric ON metric.id = series_page.metric
                WHERE series_page.id = ?
                """)
        return try Row.fetchOne(find, arguments: [id]).map { ($0[0], try LabelPage(packed: $0[1])) }
    }

    private func intactPage(_ id: Int64) throws -> (metric: String, page: LabelPage)? {
        do { return try page(id) } catch is ChunkDamage { return nil }
    }

    // MARK: Adding

    /// Gives series of a metric their numbers: in the free slots of its last page, then in new ones.
    private mutating func add(_ labels: [ArraySlice<UInt8>], to metric: String) throws -> [Int64] {
        let (metric, addition) = (try metricNumber(metric), try count("additions"))
        let last = try database.cachedStatement(
            sql: "SELECT id, labels FROM series_page WHERE metric = ? ORDER BY id DESC LIMIT 1")
        var (rest, numbers): (ArraySlice, [Int64]) = (labels[...], [])
        if let row = try Row.fetchOne(last, arguments: [metric]) {
            let id: Int64 = row[0]
            var page = try LabelPage(packed: row[1])
            let slots = Self.fill(&page, &rest)
            if !slots.isEmpty {
                try write(page, id)
                try database.execute(
                    sql: "UPDATE series_page SET added = ? WHERE id = ?", arguments: [addition, id])
            }
            numbers += slots.map { LabelPage.number(page: id, slot: $0) }
        }
        let insert = try database.cachedStatement(
            sql: "INSERT INTO series_page (metric, labels, added) VALUES (?, ?, ?)")
        while !rest.isEmpty {
            var page = LabelPage()
            let slots = Self.fill(&page, &rest)
            try insert.execute(arguments: [metric, try page.packed(), addition])
            let id = database.lastInsertedRowID
            numbers += slots.map { LabelPage.number(page: id, slot: $0) }
        }
        return numbers
    }

    /// Moves as many series from `rest` into the page as it has room for; returns their slots.
    private static func fill(_ page: inout LabelPage, _ rest: inout ArraySlice<ArraySlice<UInt8>>) -> [Int] {
        let slots = Array(page.freeSlots.prefix(rest.count))
        for (slot, labels) in zip(slots, rest) { page[slot] = labels }
        rest = rest.dropFirst(slots.count)
        return slots
    }

    private func write(_ page: LabelPage, _ id: Int64) throws {
        if page.isEmpty {
            try database.execute(sql: "DELETE FROM series_page WHERE id = ?", arguments: [id])
        } else {
            try database.cachedStatement(sql: "UPDATE series_page SET labels = ? WHERE id = ?")
                .execute(arguments: [try page.packed(), id])
        }
    }

    private mutating func metricNumber(_ name: String) throws -> Int64 {
        if let known = metrics[name] { return known }
        try database.execute(sql: "INSERT INTO metric (name) VALUES (?) ON CONFLICT DO NOTHING", arguments: [name])
        let number = try Int64.fetchOne(database, sql: "SELECT id FROM metric WHERE name = ?", arguments: [name])
        metrics[name] = number
        return number ?? 0
    }
}

extension SeriesTable {
    /// The numbers of series, nil for those that are not stored. Every page is read once.
    func numbers(of keys: some Collection<SeriesKey>) throws -> [Int64?] {
        let blocks = try keys.map { try CanonicalBlock($0) }
        return try found(blocks, blocks.map(\.hash)).map { $0 == 0 ? nil : $0 }
    }
}
