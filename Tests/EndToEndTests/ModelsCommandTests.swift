import Foundation
import SeriesStoreSQLite
import TestSupport
import Testing

/// `forecast models`, and what becomes of the registry when a training is killed.
@Suite(.serialized) struct ModelsCommandTests {
    private static let selector = #"requests{job="web"}"#

    @Test func listShowRollback() async throws {
        try await withTemporaryDirectory { directory in
            let db = try await store(in: directory)
            let empty = try await BuiltBinary.run(["models", "list", "--db", db])
            #expect(empty.status == 0 && empty.output == "no model is registered yet\n")
            for model in ["seasonal-naive", "ridge", "last-value"] { _ = try await train(db, model) }
            let list = try await versions(db)
            #expect(list.compactMap { $0["version"] as? Int } == [3, 2, 1])
            #expect(list.compactMap { $0["model"] as? String } == ["last-value", "ridge", "seasonal-naive"])
            #expect(list.compactMap { $0["serving"] as? Bool } == [true, false, false])
            #expect(list.map { $0["parent"] as? Int } == [2, 1, nil])
            #expect(list.allSatisfy { $0["reason"] as? String == "hand" && $0["program"] as? String == "0.1.0" })

            let named = ["--db", db, "--series", Self.selector]
            let shown = try await BuiltBinary.run(["models", "show"] + named + ["--model-version", "2"])
            #expect(shown.status == 0, "\(shown.errors)")
            for word in ["ridge", "horizon 24", "season 24", "yes: ridge, 24 rows ahead", "hand, after version 1"] {
                #expect(shown.output.contains(word), "\(word) in\n\(shown.output)")
            }
            let back = try await BuiltBinary.run(["models", "rollback"] + named + ["--to", "2"])
            #expect(
                back.output == """
                    requests{job="web"}: version 4 is served now, with the ridge of version 2
                    it is held: no refit replaces it until `forecast models release`

                    """)
            let after = try await versions(db)
            #expect(after.compactMap { $0["version"] as? Int } == [4, 3, 2, 1])
            #expect(after[0]["reason"] as? String == "rollback" && after[0]["parent"] as? Int == 2)
            #expect(after[0]["scores"] as? [String: Double] == after[2]["scores"] as? [String: Double])
            let predicted = try await BuiltBinary.run(["predict"] + named + ["--horizon", "24h"])
            #expect(predicted.output.contains("by ridge version 4"))
            let missing = try await BuiltBinary.run(["models", "rollback"] + named + ["--to", "9"])
            #expect(missing.status == 1 && missing.errors.contains("there is no version 9, or it is no longer kept"))
        }
    }

    @Test func aRollbackIsHeldUntilReleased() async throws {
        try await withTemporaryDirectory { directory in
            let db = try await store(in: directory), named = ["--db", db, "--series", Self.selector]
            for model in ["seasonal-naive", "last-value"] { _ = try await train(db, model) }
            let early = try await BuiltBinary.run(["models", "release"] + named)
            #expect(early.status == 1 && early.errors.contains("version 2 is served and not held"), "\(early.errors)")
            #expect(try await BuiltBinary.run(["models", "rollback"] + named).status == 0)
            #expect(try await versions(db).compactMap { $0["held"] as? Bool } == [true, false, false])
            let text = try await BuiltBinary.run(["models", "list", "--db", db]).output
            #expect(text.contains(" held "), "\(text)")
            let shown = try await BuiltBinary.run(["models", "show"] + named).output
            #expect(shown.contains("yes, held until `forecast models release`"), "\(shown)")
            let released = try await BuiltBinary.run(["models", "release"] + named)
            #expect(released.output.contains("version 4 is served now, as version 3 was, and refits may replace it"))
            let list = try await versions(db)
            #expect(list[0]["reason"] as? String == "release" && list[0]["parent"] as? Int == 3)
            #expect(list.allSatisfy { $0["held"] as? Bool == false } && list[0]["model"] as? String == "seasonal-naive")
            // A training by hand is the operator's choice too.
            #expect(try await BuiltBinary.run(["models", "rollback"] + named + ["--to", "2"]).status == 0)
            _ = try await train(db, "ridge")
            #expect(try await versions(db).first?["held"] as? Bool == false)
        }
    }

    /// The members of a combination are shown with what each weighs, or why it does not; the net's seed is noted.
    @Test func aCombinationIsExplained() async throws {
        try await withTemporaryDirectory { directory in
            let db = try await store(in: directory)
            _ = try await train(db, "auto")
            let shown = try await BuiltBinary.run(["models", "show", "--db", db, "--series", Self.selector]).output
            let lines = shown.split(separator: "\n")
            #expect(lines.contains { $0.contains("net ") && $0.contains("weighs") }, "\(shown)")
            #expect(lines.contains { $0.contains("intermittent") && $0.contains("left out: ") }, "\(shown)")
            #expect(try await versions(db).first?["seed"] as? Int == 0)
            _ = try await train(db, "ridge")
            #expect(try await versions(db).first?["seed"] as? Int == nil)
        }
    }

    @Test func kindsSayWhatTheyNeed() async throws {
        let told = try await BuiltBinary.run(["models", "kinds", "--step", "1h", "--horizon", "24h"])
        #expect(told.status == 0, "\(told.errors)")
        try expectGolden(told.output, "model-kinds.txt")
    }

    @Test func onlySoManyVersionsAreKept() async throws {
        try await withTemporaryDirectory { directory in
            let db = try await store(in: directory)
            for _ in 0..<23 { _ = try await train(db, "last-value") }
            #expect(try await versions(db).compactMap { $0["version"] as? Int } == Array((4...23).reversed()))
        }
    }

    /// Killed with SIGKILL at moments that walk through the whole of a training: there are whole versions and no others.
    @Test(.timeLimit(.minutes(5))) func aKilledTrainingLeavesWholeVersions() async throws {
        try await withTemporaryDirectory { directory in
            let db = try await store(in: directory)
            _ = try await train(db, "ridge")
            var expected = 1, killed = 0
            for round in 0..<40 {
                let process = try BuiltBinary.started(
                    BuiltBinary.path,
                    ["train", "--db", db, "--series", Self.selector, "--model", "ridge", "--horizon", "24h"],
                    output: directory.appending(path: "out"), errors: directory.appending(path: "err"))
                try await Task.sleep(for: .milliseconds(5 * round))
                kill(process.processIdentifier, SIGKILL)
                await BuiltBinary.ended(process)
                killed += process.terminationReason == .uncaughtSignal ? 1 : 0
                let list = try await versions(db)
                let newest = try #require(list.first?["version"] as? Int)
                #expect((expected...expected + 1).contains(newest))
                expected = newest
                #expect(list.compactMap { $0["version"] as? Int } == Array((max(1, newest - 19)...newest).reversed()))
                let shown = try await BuiltBinary.run(["models", "show", "--db", db, "--series", Self.selector])
                #expect(shown.status == 0 && shown.output.contains("yes: ridge"), "\(shown.errors)")
            }
            #expect(killed > 0)
            #expect(try await SQLiteStore(path: db, missing: .refuse).check().problems == [])
        }
    }

    private func versions(_ db: String) async throws -> [[String: Any]] {
        let list = try await BuiltBinary.run(["models", "list", "--db", db, "--json"])
        #expect(list.status == 0, "\(list.errors)")
        return try #require(try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
    }

    private func train(_ db: String, _ model: String) async throws -> BuiltBinary.Outcome {
        let outcome = try await BuiltBinary.run([
            "train", "--db", db, "--series", Self.selector, "--model", model, "--horizon", "24h",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome
    }

    private func store(in directory: URL) async throws -> String {
        let db = directory.appending(path: "a.db").path, csv = directory.appending(path: "t.csv").path
        let rows = (0..<24 * 40).map { "\(1_767_225_600 + $0 * 3_600),\($0 % 24 * 5 + $0 * 7_919 % 11)\n" }
        try ("timestamp,value\n" + rows.joined()).write(toFile: csv, atomically: true, encoding: .utf8)
        let ingested = try await BuiltBinary.run([
            "ingest", csv, "--db", db, "--metric", "requests", "--label", "job=web",
        ])
        #expect(ingested.status == 0, "\(ingested.errors)")
        return db
    }
}
