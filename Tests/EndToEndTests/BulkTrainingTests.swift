import Foundation
import Kernels
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// `forecast train --all`, and what a series that comes later has from it.
@Suite(.serialized) struct BulkTrainingTests {
    private static let step = 900, day = 96
    /// A Friday three weeks on, so that the day after a newcomer's first is a Saturday.
    private static let start = 1_767_225_600 + 86_400, newcomersDay = 21

    /// Quarter-hours of shops: quiet nights, busy evenings, half as much at the weekend, each with its height and its noise.
    private func values(_ number: Int, days: Range<Int>) -> [Double] {
        var random = SplitMix64(seed: UInt64(number) &* 7_919 &+ UInt64(days.lowerBound))
        let height = [4.0, 40, 400, 4_000][number % 4] * (1 + 0.1 * Double(number % 7))
        return (days.lowerBound * Self.day..<days.upperBound * Self.day).map { row in
            let (cosine, sine) = cosineAndSine(turns: Double(row % Self.day) / Double(Self.day))
            let weekday = (row / Self.day + 4) % 7
            let level = height * (1.5 - cosine + 0.4 * sine) * (weekday == 5 || weekday == 6 ? 0.5 : 1)
            return max(0, (level + level.squareRoot() * 2 * (random.uniform() + random.uniform() - 1)).rounded())
        }
    }

    private func key(_ number: Int) throws -> SeriesKey {
        try SeriesKey(
            metric: "orders",
            labels: [.init(name: "region", value: "eu"), .init(name: "shop", value: "s\(1_000 + number)")])
    }

    /// Shops 0 to `count` with three weeks each, and a newcomer, number 500, with a day after them.
    private func store(_ path: String, shops count: Int) async throws {
        let store = try SQLiteStore(path: path, missing: .create)
        for number in Array(0..<count) + [500] {
            let days = number == 500 ? Self.newcomersDay..<Self.newcomersDay + 1 : 0..<Self.newcomersDay
            var batch = SampleBatch()
            for (row, value) in values(number, days: days).enumerated() {
                let time = Self.start + (days.lowerBound * Self.day + row) * Self.step
                batch.append(try key(number), Timestamp(secondsSinceEpoch: time), value)
            }
            _ = try await store.append(batch)
        }
    }

    private func json(_ outcome: BuiltBinary.Outcome) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }

    /// The weighted loss of what `predict` says of the newcomer's second day, and by which model it is.
    private func loss(_ db: String, _ arguments: [String] = []) async throws -> (wql: Double, model: String) {
        let levels = (1...9).map { Double($0) / 10 }
        let newcomer = try key(500).description
        let outcome = try await BuiltBinary.run(
            ["predict", "--db", db, "--series", newcomer, "--horizon", "24h", "--json", "--quantiles"]
                + [levels.map { "\($0)" }.joined(separator: ",")] + arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let document = try json(outcome)
        let rows = try #require(document["rows"] as? [[String: Any]])
        let actuals = values(500, days: Self.newcomersDay + 1..<Self.newcomersDay + 2)
        #expect(rows.count == actuals.count)
        var sum = 0.0
        for (row, actual) in zip(rows, actuals) {
            let values = try #require(row["values"] as? [Double])
            for (level, value) in zip(levels, values) {
                sum += 2 * max(level * (actual - value), (level - 1) * (actual - value))
            }
        }
        return (sum / Double(levels.count) / actuals.reduce(0, +), try #require(document["model"] as? String))
    }

    @Test(.timeLimit(.minutes(5)), arguments: ["global-ridge", "global-net"])
    func aNewcomerBorrows(model: String) async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path, bare = directory.appending(path: "b.db").path
            try await store(db, shops: 50)
            try await store(bare, shops: 0)
            let trained = try await BuiltBinary.run(
                [
                    "train", "--db", db, "--series", #"orders{region="eu"}"#, "--all", "--model", model, "--horizon",
                    "24h",
                    "--json",
                ], boundSeconds: 250)
            #expect(trained.status == 0, "\(trained.errors)")
            let report = try json(trained)
            #expect(report["trained"] as? Int == 51 && report["failed"] as? Int == 0)
            let shared = try #require(report["shared"] as? [String: Any])
            #expect(
                shared["series"] as? String
                    == #"shared:orders{__kind__="count",__step__="900",region="eu"}"#)
            let series = try #require(report["series"] as? [[String: Any]])
            let better = series.filter { each in
                guard let own = (each["scores"] as? [String: Double])?["WQL"],
                    let naive = (each["seasonalNaive"] as? [String: Double])?["WQL"]
                else { return false }
                return own < naive
            }
            #expect(better.count >= 45, "\(better.count) are better than the seasonal naive")

            // The newcomer was trained with the others, too; one that was not has nothing of its own.
            let (wql, name) = try await loss(db, ["--model", "auto"])
            #expect(name.contains("borrowed(\(model))"), "\(name)")
            let last = try await loss(bare, ["--model", "last-value"])
            #expect(wql < last.wql, "\(wql) against \(last)")
            let yesterday = values(500, days: Self.newcomersDay..<Self.newcomersDay + 1)
            let today = values(500, days: Self.newcomersDay + 1..<Self.newcomersDay + 2)
            let naive = zip(yesterday, today).reduce(0) { $0 + abs($1.0 - $1.1) } / today.reduce(0, +)
            #expect(wql < 0.8 * naive, "\(wql) against \(naive)")
            let alone = try await loss(bare)
            #expect(wql < alone.wql && !alone.model.contains("borrowed"), "\(wql) against \(alone)")

            let own = try await BuiltBinary.run([
                "train", "--db", db, "--series", try key(500).description, "--horizon", "24h",
            ])
            #expect(own.status == 0 && own.output.contains("borrowed(\(model))"), "\(own.output)\(own.errors)")
            let shown = try await BuiltBinary.run([
                "models", "show", "--db", db, "--series", try key(500).description,
            ])
            #expect(shown.output.contains("borrowed from shared:orders{"), "\(shown.output)")
            #expect(shown.output.contains("version 1") && shown.output.contains("yes: borrowed"))
        }
    }

    @Test(.timeLimit(.minutes(3))) func everySeriesGetsAModelOfItsOwn() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path
            try await store(db, shops: 6)
            let arguments = [
                "train", "--db", db, "--series", "orders{}", "--all", "--model", "ridge", "--horizon", "2h",
            ]
            let trained = try await BuiltBinary.run(arguments)
            #expect(trained.status == 0, "\(trained.errors)")
            let words = [
                "series", "7", "trained", "6", "ridge", "failed", "1", "the history has 96 rows", "WQL held out",
            ]
            for word in words { #expect(trained.output.contains(word), "\(word) in\n\(trained.output)") }
            let list = try await BuiltBinary.run(["models", "list", "--db", db, "--json"])
            let versions = try #require(
                try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
            #expect(
                versions.count == 6
                    && versions.allSatisfy { $0["version"] as? Int == 1 && $0["model"] as? String == "ridge" })
            // The same by any number of workers, and a version more of each.
            let again = try await BuiltBinary.run(arguments + ["--workers", "1", "--json"])
            let series = try #require(try json(again)["series"] as? [[String: Any]])
            #expect(series.compactMap { $0["version"] as? Int } == [2, 2, 2, 2, 2, 2])
            let scores = versions.compactMap { $0["scores"] as? [String: Double] }
            #expect(Set(scores) == Set(series.compactMap { $0["scores"] as? [String: Double] }))
        }
    }

    @Test func whatCannotBeMeantIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path
            try await store(db, shops: 0)
            let cases: [([String], String)] = [
                (["--series", "orders", "--model", "global-net"], "global-net learns from many series; add --all."),
                (["--series", "others", "--all"], "no stored series matches others"),
                (["--series", "orders", "--workers", "2"], "--workers is for --all."),
                (["--series", "orders", "--all", "--workers", "0"], "--workers must be between 1 and 1024."),
                (
                    ["--series", "orders", "--all", "--model", "global-ridge", "--events", "x.ics"],
                    "--events are told to models that learn each series on its own."
                ),
                (["--series", "orders", "--all", "--model", "global-ridge"], "at least"),
            ]
            for (arguments, message) in cases {
                let outcome = try await BuiltBinary.run(["train", "--db", db] + arguments)
                #expect(outcome.status != 0 && outcome.errors.contains(message), "\(arguments): \(outcome.errors)")
            }
            // All of them failed: told, and no success.
            let failed = try await BuiltBinary.run([
                "train", "--db", db, "--series", "orders", "--all", "--model", "net",
            ])
            #expect(failed.status == 1 && failed.output.contains("the history has 96 rows"), "\(failed.output)")
        }
    }
}
