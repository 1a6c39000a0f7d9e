internal import Foundation
internal import GRDB
package import Ports
package import Series
internal import Units

extension SQLiteStore: ModelRegistry {
    package func publish(_ model: ModelRecord) async throws(StoreError) -> Int {
        try await write { database in
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
                    model.createdAt.millisecondsSinceEpoch, try Self.encoded(model.scores), Data(model.bytes),
                    model.lineage.reason.rawValue, model.lineage.parent,
                    model.lineage.seed.map { Int64(bitPattern: $0) }, model.lineage.program,
                    try Self.encoded(model.lineage.options),
                ])
            try database.execute(
                sql: "DELETE FROM model WHERE series = ? AND version <= ?",
                arguments: [key, version - modelVersionsKept])
            return version
        }
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
            let columns = """
                series, version, name, step, kind, trained_from, trained_to, created_at, scores, x'' AS bytes,
                reason, parent, seed, program, options
                """
            return try Row.fetchAll(database, sql: "SELECT \(columns) FROM model ORDER BY series, version DESC")
                .map(Self.version)
        }
    }

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
