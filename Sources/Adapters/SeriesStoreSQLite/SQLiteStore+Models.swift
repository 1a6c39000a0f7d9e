internal import Foundation
internal import GRDB
package import Ports
package import Series
internal import Units

extension SQLiteStore: ModelRegistry {
    package func publish(_ model: ModelRecord) async throws(StoreError) -> Int {
        try await write { try Self.insert(model, $0) }
    }

    /// All of them or none.
    package func publish(all models: [ModelRecord]) async throws(StoreError) -> [Int] {
        try await write { database in try models.map { try Self.insert($0, database) } }
    }

    private static func insert(_ model: ModelRecord, _ database: Database) throws -> Int {
        let key = model.series.description
        let newest = try Int.fetchOne(
            database, sql: "SELECT max(version) FROM model WHERE series = ?", arguments: [key])
        let version = (newest ?? 0) + 1
        try database.execute(
            sql: """
                INSERT INTO model (
                    series, version, name, step, kind, trained_from, trained_to, created_at, scores, bytes,
                    reason, parent, seed, program, options)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                key, version, model.model, model.step, model.kind.rawValue,
                model.trainedFrom.millisecondsSinceEpoch, model.trainedTo.millisecondsSinceEpoch,
                model.createdAt.millisecondsSinceEpoch, try encoded(model.scores), Data(model.bytes),
                model.lineage.reason.rawValue, model.lineage.parent,
                model.lineage.seed.map { Int64(bitPattern: $0) }, model.lineage.program,
                try encoded(model.lineage.options),
            ])
        try database.execute(
            sql: "DELETE FROM model WHERE series = ? AND version <= ?",
            arguments: [key, version - modelVersionsKept])
        return version
    }

    package func latestModel(for key: SeriesKey) async throws(StoreError) -> ModelVersion? {
        try await read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM model WHERE series = ? ORDER BY version DESC LIMIT 1",
                arguments: [key.description]
            ).map(Self.version)
        }
    }

    package func model(_ version: Int, for key: SeriesKey) async throws(StoreError) -> ModelVersion? {
        try await read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM model WHERE series = ? AND version = ?",
                arguments: [key.description, version]
            ).map(Self.version)
        }
    }

    package func newestModelVersion(for key: SeriesKey) async throws(StoreError) -> Int? {
        try await read { database in
            try Int.fetchOne(
                database, sql: "SELECT max(version) FROM model WHERE series = ?", arguments: [key.description])
        }
    }

    package func modelVersions() async throws(StoreError) -> [ModelVersion] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT \(Self.light) FROM model ORDER BY series, version DESC")
                .map(Self.version)
        }
    }

    /// By the index of series and versions, as a metric's series lie together in it: `{` is what follows the name.
    package func newestModels(ofMetric metric: String) async throws(StoreError) -> [ModelVersion] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(Self.light), max(version) FROM model
                    WHERE series = :metric OR (series >= :metric || '{' AND series < :metric || '|')
                    GROUP BY series ORDER BY series
                    """, arguments: ["metric": metric]
            ).map(Self.version)
        }
    }

    /// The columns of a version without the bytes of its model.
    private static let light = """
        series, version, name, step, kind, trained_from, trained_to, created_at, scores, x'' AS bytes,
        reason, parent, seed, program, options
        """

    private static func version(_ row: Row) throws -> ModelVersion {
        let selector = try SeriesSelector(parsing: row["series"])
        let data: Data = row["bytes"]
        let record = ModelRecord(
            series: try SeriesKey(metric: selector.metric, labels: selector.labels), model: row["name"],
            step: row["step"], kind: DemandKind(rawValue: row["kind"]) ?? .count,
            trainedFrom: Timestamp(millisecondsSinceEpoch: row["trained_from"]),
            trainedTo: Timestamp(millisecondsSinceEpoch: row["trained_to"]),
            createdAt: Timestamp(millisecondsSinceEpoch: row["created_at"]),
            scores: try JSONDecoder().decode([String: Double].self, from: Data((row["scores"] as String).utf8)),
            bytes: Array(data), lineage: try lineage(row))
        return ModelVersion(version: row["version"], record: record)
    }

    private static func lineage(_ row: Row) throws -> ModelLineage {
        let seed: Int64? = row["seed"]
        return ModelLineage(
            ModelLineage.Reason(rawValue: row["reason"]) ?? .hand, parent: row["parent"],
            seed: seed.map { UInt64(bitPattern: $0) }, program: row["program"],
            options: try JSONDecoder().decode([String: String].self, from: Data((row["options"] as String).utf8)))
    }

    static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
