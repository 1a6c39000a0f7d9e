internal import Foundation
internal import GRDB
internal import Series

/// Where the bytes of a chunk lie, and what they hold.
struct ChunkRow: Hashable, Sendable {
    let series: Int64
    /// The first and the last time in it, milliseconds.
    let start: Int64, last: Int64
    let count: Int
    /// Chunks were written in the order of their blocks, and of their offsets within one.
    let block: Int64, offset: Int, size: Int
    /// The row of the table `chunk` that tells all this.
    let place: ChunkPlace
}

/// What names a row of the table `chunk`: a list of chunks in one block.
struct ChunkPlace: Hashable, Sendable {
    /// A series, or a page of series with its sign turned: small chunks share a row with those of their neighbours.
    let owner: Int64
    /// The least start of the chunks, and the offset of the first.
    let start: Int64, block: Int64, offset: Int

    /// Chunks of as many bytes have a row of their own, which a long read of one series finds without its neighbours'.
    static let ownRowBytes = 2_048

    static func owner(of series: Int64, chunkBytes: Int) -> Int64 {
        chunkBytes >= ownRowBytes ? series : -LabelPage.page(of: series)
    }

    /// The series whose number the first entry is counted from.
    fileprivate var origin: Int64 { owner >= 0 ? owner : LabelPage.number(page: -owner, slot: 0) }
}

/// The rows of the table `chunk`.
struct ChunkDirectory {
    private let database: Database

    init(_ database: Database) { self.database = database }

    // MARK: Reading

    /// The chunks of a series whose times touch [`from`, `to`), in the order they were written.
    func chunks(of series: Int64, from: Int64, to: Int64) throws -> [ChunkRow] {
        let (chunks, damaged) = try soundChunks(of: series, from: from, to: to)
        if let list = damaged.first { throw list.damage }
        return chunks
    }

    /// The same but for what lists that touch the range and are damaged do not tell, and those lists.
    func soundChunks(of series: Int64, from: Int64, to: Int64) throws -> (chunks: [ChunkRow], damaged: [DamagedList]) {
        let statement = try database.cachedStatement(
            sql: "SELECT * FROM chunk WHERE owner IN (?, ?) AND start < ? AND last >= ?")
        let rows = try Row.fetchCursor(statement, arguments: [series, -LabelPage.page(of: series), to, from])
        var (found, damaged): ([ChunkRow], [DamagedList]) = ([], [])
        while let row = try rows.next() {
            do {
                try Self.forEach(row) { chunk in
                    if chunk.series == series, chunk.start < to, chunk.last >= from { found.append(chunk) }
                }
            } catch let damage as ChunkDamage {
                damaged.append(DamagedList(start: row["start"], last: row["last"], damage: damage))
            }
        }
        return (found.sorted { ($0.block, $0.offset) < ($1.block, $1.offset) }, damaged)
    }

    /// The chunks of each of these series, as `chunks(of:from:to:)` gives them; a list that several of them share is read once.
    func chunks(ofEach series: [Int64], from: Int64, to: Int64) throws -> [Int64: [ChunkRow]] {
        var found: [Int64: [ChunkRow]] = [:]
        for (page, members) in Dictionary(grouping: series, by: LabelPage.page(of:)) {
            guard members.count > 1, to > .min else {
                for series in members { found[series] = try chunks(of: series, from: from, to: to) }
                continue
            }
            let wanted = Set(members)
            for chunk in try chunks(ofPage: page, from: from, to: to - 1) where wanted.contains(chunk.series) {
                found[chunk.series, default: []].append(chunk)
            }
        }
        return found
    }

    /// The chunks of all series of a page whose times touch [`from`, `to`], in the order they were written.
    ///
    /// `passingOverDamage`: of a damaged list, those that can be read.
    func chunks(
        ofPage page: Int64, from: Int64 = .min, to: Int64 = .max, passingOverDamage: Bool = false
    ) throws -> [ChunkRow] {
        let first = LabelPage.number(page: page, slot: 0)
        let statement = try database.cachedStatement(
            sql: "SELECT * FROM chunk WHERE (owner = ?1 OR owner BETWEEN ?2 AND ?3) AND start <= ?5 AND last >= ?4")
        let rows = try Row.fetchCursor(
            statement, arguments: [-page, first, LabelPage.number(page: page, slot: LabelPage.slots - 1), from, to])
        var found: [ChunkRow] = []
        while let row = try rows.next() {
            do {
                try Self.forEach(row) { if $0.start <= to, $0.last >= from { found.append($0) } }
            } catch let damage as ChunkDamage { if !passingOverDamage { throw damage } }
        }
        return found.sorted { ($0.block, $0.offset) < ($1.block, $1.offset) }
    }

    /// The last time of any chunk; nil where there is none.
    func newest() throws -> Int64? { try Int64.fetchOne(database, sql: "SELECT max(last) FROM chunk") }

    /// Gives the chunks whose times touch [`from`, `to`], page by page of series; lists that are damaged are passed over.
    func forEachPage(from: Int64, to: Int64, _ body: ([ChunkRow]) throws -> Void) throws {
        for page in try Int64.fetchAll(database, sql: "SELECT id FROM series_page ORDER BY id") {
            let chunks = try chunks(ofPage: page, from: from, to: to, passingOverDamage: true)
            if !chunks.isEmpty { try body(chunks) }
        }
    }

    /// Of these series, in ascending order, those that have no chunk.
    func withoutChunks(_ series: [Int64]) throws -> [Int64] {
        let own = try database.cachedStatement(sql: "SELECT 1 FROM chunk WHERE owner = ? LIMIT 1")
        var shared: (page: Int64, series: Set<Int64>) = (0, [])
        return try series.filter { series in
            if try Int.fetchOne(own, arguments: [series]) != nil { return false }
            let page = LabelPage.page(of: series)
            if shared.page != page { shared = (page, try sharing(page)) }
            return !shared.series.contains(series)
        }
    }

    /// The series of a page whose chunks share a row; all of them where a row cannot be read.
    private func sharing(_ page: Int64) throws -> Set<Int64> {
        let rows = try Row.fetchAll(database, sql: "SELECT * FROM chunk WHERE owner = ?", arguments: [-page])
        var series: Set<Int64> = []
        for row in rows {
            do { try Self.forEach(row) { series.insert($0.series) } } catch is ChunkDamage {
                series.formUnion((0..<LabelPage.slots).map { LabelPage.number(page: page, slot: $0) })
            }
        }
        return series
    }

    static func place(_ row: Row) -> ChunkPlace {
        ChunkPlace(owner: row["owner"], start: row["start"], block: row["block"], offset: row["offset"])
    }

    /// Gives the chunks of a row one after the other.
    ///
    /// - Throws: `ChunkDamage` where the row is not what was written, perhaps after some.
    static func forEach(_ row: Row, _ body: (ChunkRow) throws -> Void) throws {
        let place = place(row)
        var reader = VarintReader(Array(row["entries"] as Data))
        var (series, start, span, count, offset) = (place.origin, place.start, Int64(0), Int64(0), place.offset)
        repeat {
            guard let seriesStep = reader.nextSigned(), let startStep = reader.nextSigned(),
                let spanStep = reader.nextSigned(), let countStep = reader.nextSigned(),
                let gap = reader.nextSigned(), let size = reader.next(), size <= UInt64(UInt32.max)
            else { throw ChunkDamage("block \(place.block): the list of its chunks is damaged") }
            series &+= seriesStep
            start &+= startStep
            span &+= spanStep
            count &+= countStep
            offset &+= Int(gap)
            guard (1...Int64(Chunk.maximumCount)).contains(count), start <= start &+ span, offset >= 0 else {
                throw ChunkDamage("block \(place.block): the list of its chunks is damaged")
            }
            try body(
                ChunkRow(
                    series: series, start: start, last: start &+ span, count: Int(count), block: place.block,
                    offset: offset, size: Int(size), place: place))
            offset &+= Int(size)
        } while !reader.isAtEnd
    }

    // MARK: Writing

    /// Notes the chunks of one block, in the order in which they lie in it.
    func add(_ chunks: [NewChunk], block: Int64) throws {
        var owners: [Int64] = [], lists: [Int64: [NewChunk]] = [:]
        for chunk in chunks {
            let owner = ChunkPlace.owner(of: chunk.series, chunkBytes: chunk.size)
            if lists[owner] == nil { owners.append(owner) }
            lists[owner, default: []].append(chunk)
        }
        for owner in owners { try insert(lists[owner] ?? [], owner: owner, block: block) }
    }

    private func insert(_ chunks: [NewChunk], owner: Int64, block: Int64) throws {
        guard let first = chunks.first, let start = chunks.map(\.start).min() else { return }
        let place = ChunkPlace(owner: owner, start: start, block: block, offset: first.offset)
        let insert = try database.cachedStatement(
            sql: "INSERT INTO chunk (owner, start, block, offset, last, entries) VALUES (?, ?, ?, ?, ?, ?)")
        try insert.execute(arguments: [
            owner, start, block, first.offset, chunks.map(\.last).max(), Self.entries(chunks, place),
        ])
    }

    private static func entries(_ chunks: [NewChunk], _ place: ChunkPlace) -> Data {
        var bytes: [UInt8] = []
        var (series, start, span, count, offset) = (place.origin, place.start, Int64(0), Int64(0), place.offset)
        for chunk in chunks {
            Varint.appendSigned(chunk.series &- series, to: &bytes)
            Varint.appendSigned(chunk.start &- start, to: &bytes)
            Varint.appendSigned(chunk.last &- chunk.start &- span, to: &bytes)
            Varint.appendSigned(Int64(chunk.count) - count, to: &bytes)
            Varint.appendSigned(Int64(chunk.offset &- offset), to: &bytes)
            Varint.append(UInt64(chunk.size), to: &bytes)
            (series, start, span) = (chunk.series, chunk.start, chunk.last &- chunk.start)
            (count, offset) = (Int64(chunk.count), chunk.offset &+ chunk.size)
        }
        return Data(bytes)
    }

    func delete(_ place: ChunkPlace) throws {
        try database.cachedStatement(
            sql: "DELETE FROM chunk WHERE owner = ? AND start = ? AND block = ? AND offset = ?"
        ).execute(arguments: [place.owner, place.start, place.block, place.offset])
    }

    /// Takes chunks out of the lists that name them: each list is written anew once, however many of its chunks go.
    func remove(_ chunks: [ChunkRow]) throws {
        for (place, gone) in Dictionary(grouping: chunks, by: \.place) {
            let gone = Set(gone.map(\.offset))
            let find = try database.cachedStatement(
                sql: "SELECT * FROM chunk WHERE owner = ? AND start = ? AND block = ? AND offset = ?")
            let row = try Row.fetchOne(find, arguments: [place.owner, place.start, place.block, place.offset])
            guard let row else { continue }
            var kept: [NewChunk] = []
            try Self.forEach(row) { if !gone.contains($0.offset) { kept.append(NewChunk($0)) } }
            try delete(place)
            try insert(kept, owner: place.owner, block: place.block)
        }
    }
}

/// A list of chunks that cannot be read, and the times it is said to touch.
struct DamagedList {
    let start: Int64, last: Int64
    let damage: ChunkDamage
}

/// A chunk within a block, before it is noted.
struct NewChunk {
    let series: Int64, start: Int64, last: Int64
    let count: Int, offset: Int, size: Int
}

extension NewChunk {
    init(_ row: ChunkRow) {
        (series, start, last) = (row.series, row.start, row.last)
        (count, offset, size) = (row.count, row.offset, row.size)
    }
}
