import ConformanceKit
import Foundation
import GRDB
import Planning
import Ports
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

@Suite struct SeriesStoreSQLiteTests {
    @Test func conforms() async throws {
        try await withTemporaryDirectory { directory in
            let conformance = StoreConformance(upkeep: rollUp) { check in
                try await check(SQLiteStore(path: directory.appending(path: "\(UUID()).db").path, missing: .create))
            }
            let findings = try await conformance.findings()
            #expect(findings == [])
        }
    }

    /// The twin that stores are compared with must pass by itself.
    @Test func theTwinConforms() async throws {
        #expect(try await StoreConformance { try await $0(InMemorySampleStore()) }.findings() == [])
    }

    @Test func everythingSurvivesReopening() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            let key = try SeriesKey(metric: "m", labels: [.init(name: "a", value: "1")])
            var batch = SampleBatch()
            for second in 0..<100 { batch.append(key, Timestamp(secondsSinceEpoch: second), Double(second)) }
            let record = record(key)
            do {
                let store = try SQLiteStore(path: path, missing: .create)
                _ = try await store.append(batch)
                #expect(try await store.publish(record) == 1)
                #expect(try await store.publish(record) == 2)
                try await store.record(decision(at: 5, .failed("refused")))
                try await store.record(decision(at: 9, .acted))
            }
            let store = try SQLiteStore(path: path, missing: .refuse)
            #expect(try await store.series(matching: SeriesSelector(parsing: "m")).first?.samples == 100)
            #expect(try await store.latestModel(for: key) == ModelVersion(version: 2, record: record))
            #expect(try await store.modelVersions().map(\.version) == [2, 1])
            #expect(try await store.model(1, for: key) == ModelVersion(version: 1, record: record))
            #expect(try await store.model(3, for: key) == nil)
            #expect(try await store.newestModelVersion(for: key) == 2)
            let workload = try #require(WorkloadID("web"))
            let newest = try await store.decisions(of: workload, upTo: Timestamp(secondsSinceEpoch: 8), limit: 10)
            #expect(newest == [decision(at: 5, .failed("refused"))])
            #expect(
                try await store.decisions(of: workload, upTo: Timestamp(secondsSinceEpoch: 9), limit: 1).map(\.outcome)
                    == [.acted])
        }
    }

    @Test func whatIsNoDatabaseOfOursIsRefusedAndLeftAlone() async throws {
        try await withTemporaryDirectory { directory in
            let text = directory.appending(path: "notes.txt")
            try "not a database, but long enough to be read as a header of one".write(
                to: text, atomically: true, encoding: .utf8)
            let before = try Data(contentsOf: text)
            expectCode(.corrupt, text.path)
            #expect(try Data(contentsOf: text) == before)
            expectCode(.unwritable, directory.path)
            expectCode(.unwritable, directory.appending(path: "no/such/folder.db").path)
            #expect { _ = try SQLiteStore(path: "/nowhere.db", missing: .refuse) } throws: {
                "\($0)".contains("no such database; `forecast ingest")
            }
        }
    }

    @Test func aNewerFormatIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            do { _ = try SQLiteStore(path: path, missing: .create) }
            try await DatabaseQueue(path: path).write { database in
                try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999')")
            }
            expectCode(.newerFormat, path)
        }
    }

    @Test func oneDaemonHoldsTheLock() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "a.db").path
            do {
                let lock = try StoreLock(beside: path)
                #expect(throws: StoreError.self) { _ = try StoreLock(beside: path) }
                withExtendedLifetime(lock) {}
            }
            _ = try StoreLock(beside: path)
        }
    }

    private func expectCode(_ code: StoreError.Code, _ path: String) {
        #expect {
            _ = try SQLiteStore(path: path, missing: .create)
        } throws: {
            ($0 as? StoreError)?.code == code
        }
    }

    private func record(_ key: SeriesKey) -> ModelRecord {
        ModelRecord(
            series: key, model: "ridge", step: 60, kind: .rate, trainedFrom: Timestamp(secondsSinceEpoch: 0),
            trainedTo: Timestamp(secondsSinceEpoch: 600), createdAt: Timestamp(secondsSinceEpoch: 601),
            scores: ["WQL": 0.25], bytes: [1, 2, 3],
            lineage: ModelLineage(
                .drift, parent: 7, seed: .max, program: "1.2.3", options: ["horizon": "24", "cause": "é\""]))
    }

    private func decision(at second: Int, _ outcome: DecisionRecord.Outcome) -> DecisionRecord {
        guard let workload = WorkloadID("web") else { preconditionFailure("a good name") }
        return DecisionRecord(
            workload: workload, at: Timestamp(secondsSinceEpoch: second), policy: "hpa", ready: 1, starting: 2,
            desiredBefore: 3, observedRate: nil, demandAgeSeconds: 0.5, model: "ridge", leadSeconds: 4,
            decision: Decision(
                desired: 5, candidates: [.init(.reactive, 5), .init(.forecastOverLeadTime, 4)], binding: .reactive),
            outcome: outcome)
    }
}

/// Databases that earlier versions wrote.
@Suite struct OldDatabaseTests {
    /// Version 1 kept a row a sample.
    @Test func versionOneIsTakenOver() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "old.db").path
            try await DatabaseQueue(path: path).write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                        INSERT INTO grdb_migrations VALUES ('1');
                        CREATE TABLE series (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, metric TEXT NOT NULL) STRICT;
                        CREATE INDEX series_by_metric ON series (metric);
                        CREATE TABLE sample (
                            series INTEGER NOT NULL REFERENCES series (id), time INTEGER NOT NULL, value REAL NOT NULL,
                            PRIMARY KEY (series, time)) STRICT, WITHOUT ROWID;
                        CREATE TABLE model (
                            series TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, step INTEGER NOT NULL,
                            kind TEXT NOT NULL, trained_from INTEGER NOT NULL, trained_to INTEGER NOT NULL,
                            created_at INTEGER NOT NULL, scores TEXT NOT NULL, bytes BLOB NOT NULL,
                            PRIMARY KEY (series, version)) STRICT;
                        CREATE TABLE decision (
                            workload TEXT NOT NULL, time INTEGER NOT NULL, record TEXT NOT NULL,
                            PRIMARY KEY (workload, time)) STRICT, WITHOUT ROWID;
                        INSERT INTO series VALUES (7, 'm{a="x\\"y"}', 'm'), (9, 'n', 'n');
                        INSERT INTO model VALUES ('n', 1, 'ridge', 60, 'count', 0, 1, 2, '{}', x'00');
                        """)
                for second in 0..<10_000 {
                    try database.execute(
                        sql: "INSERT INTO sample VALUES (7, ?, ?), (9, ?, 1.5)",
                        arguments: [second * 1_000, Double(second) / 4, second * 2_000])
                }
            }
            let store = try SQLiteStore(path: path, missing: .refuse)
            let key = try SeriesKey(metric: "m", labels: [.init(name: "a", value: "x\"y")])
            #expect(try await store.series(matching: nil).map(\.samples) == [10_000, 10_000])
            let all = Timestamp(secondsSinceEpoch: 0)..<Timestamp(secondsSinceEpoch: 1_000_000)
            let values = try await store.samples(of: key, in: all).values
            #expect(values == (0..<10_000).map { Double($0) / 4 })
            let versions = try await store.modelVersions()
            #expect(versions.map(\.version) == [1] && versions.first?.record.lineage == ModelLineage(.hand))
            #expect(try await store.check().problems == [])
        }
    }
}

/// What the daemon does once an hour.
@Sendable func rollUp(_ store: any SampleStore, now: Timestamp) async throws {
    let head = store as? HeadStore
    await head?.flush()
    let database = try #require(head?.database ?? store as? SQLiteStore)
    _ = try await database.rollUp(now: now)
    _ = try await database.compact()
}
