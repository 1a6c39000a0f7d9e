import Foundation
import Series
import TestSupport
import Testing

/// `forecast store`, as a user runs it.
@Suite struct StoreCommandTests {
    /// Labels with every character that needs care, and values with every bit that matters.
    private static let lines = #"""
        {"metric":{"__name__":"m","path":"/a\\b\"c\nd\u0001é😀","job":"x"},"values":[0.1,1e-300,-2,12345678901234567,5e-324],"timestamps":[1700000000000,1700000001000,1700000002001,1700000003000,1800000000000]}
        {"metric":{"__name__":"n"},"values":[1,null,3],"timestamps":[-1000,0,1000]}

        """#

    @Test func whatIsExportedIsReadBackEqual() async throws {
        try await withTemporaryDirectory { directory in
            let (a, b) = (directory.appending(path: "a.db").path, directory.appending(path: "b.db").path)
            let first = directory.appending(path: "1.jsonl").path, second = directory.appending(path: "2.jsonl").path
            try Self.lines.write(toFile: first, atomically: true, encoding: .utf8)
            try await succeed(["ingest", first, "--db", a])
            let printed = try await succeed(["store", "export", "--db", a])
            #expect(
                try await succeed(["store", "export", "--db", a, "--output", second]).hasSuffix(
                    "7 samples of 2 series\n"))
            #expect(try String(contentsOfFile: second, encoding: .utf8) == printed)
            try await succeed(["ingest", second, "--db", b])
            #expect(try await succeed(["store", "export", "--db", b]) == printed)
            #expect(printed.contains("5e-324"))
            let part = try await succeed(["store", "export", "n", "--db", a, "--since", "1s"])
            #expect(
                part == #"{"metric":{"__name__":"n"},"values":[3],"timestamps":[1000]}"# + "\n"
                    || part.contains("[1,3]"))
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            #expect(!left.contains { $0.hasSuffix(".partial") })
        }
    }

    @Test func backsUpAndRestores() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path, backup = directory.appending(path: "b.db").path
            try await ingest(Self.lines, into: db)
            let before = try await succeed(["store", "export", "--db", db])
            #expect(try await succeed(["store", "backup", backup, "--db", db]).contains("bytes, checked"))
            let again = try await BuiltBinary.run(["store", "backup", backup, "--db", db])
            #expect(again.status == 1 && again.errors.contains("exists already"))
            try await ingest(#"{"metric":{"__name__":"later"},"values":[1],"timestamps":[1000]}"#, into: db)
            let restored = try await succeed(["store", "restore", backup, "--db", db])
            #expect(restored.contains("what was there is \(db).replaced"))
            #expect(try await succeed(["store", "export", "--db", db]) == before)
            #expect(try await succeed(["store", "export", "--db", db + ".replaced"]).contains("later"))
            #expect(try await succeed(["store", "check", "--db", db]).contains("fine, 2 series"))
            let twice = try await BuiltBinary.run(["store", "restore", backup, "--db", db])
            #expect(twice.status == 1 && twice.errors.contains("kept from an earlier restore"))
            let fresh = directory.appending(path: "new.db").path
            #expect(
                try await succeed(["store", "restore", backup, "--db", fresh]) == "\(fresh): restored from \(backup)\n")
            #expect(try await succeed(["store", "export", "--db", fresh]) == before)
        }
    }

    @Test func whatIsNoBackupIsRefusedAndNothingChanges() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path, backup = directory.appending(path: "b.db").path
            try await ingest(Self.lines, into: db)
            let before = try await succeed(["store", "export", "--db", db])
            try await succeed(["store", "backup", backup, "--db", db])
            var damaged = try Data(contentsOf: URL(filePath: backup))
            for index in stride(from: 4_200, to: damaged.count, by: 7) { damaged[index] ^= 0x5A }
            let broken = directory.appending(path: "broken.db").path, text = directory.appending(path: "t.db").path
            try damaged.write(to: URL(filePath: broken))
            try "no database".write(toFile: text, atomically: true, encoding: .utf8)
            for file in [broken, text, directory.appending(path: "none.db").path] {
                let outcome = try await BuiltBinary.run(["store", "restore", file, "--db", db])
                #expect(outcome.status == 1 && outcome.errors.contains(file), "\(outcome.errors)")
                #expect(try await succeed(["store", "export", "--db", db]) == before)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            #expect(!left.contains { $0.contains(".restoring") || $0.contains(".replaced") }, "\(left)")
        }
    }

    @Test func checkFindsDamage() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path, copy = directory.appending(path: "b.db").path
            let values = (0..<4_000).map { "\($0 * 7 % 101)" }.joined(separator: ",")
            let times = (0..<4_000).map { "\($0 * 1_000)" }.joined(separator: ",")
            try await ingest(
                #"{"metric":{"__name__":"m"},"values":[\#(values)],"timestamps":[\#(times)]}"#, into: db)
            try await succeed(["store", "backup", copy, "--db", db])
            var bytes = try Data(contentsOf: URL(filePath: copy))
            #expect(bytes.count > 12_288)
            // The last page is a leaf of the newest table.
            for index in bytes.count - 4_096..<bytes.count - 3_000 { bytes[index] = 0xFF }
            try bytes.write(to: URL(filePath: copy))
            let outcome = try await BuiltBinary.run(["store", "check", "--db", copy])
            #expect(outcome.status == 1 && outcome.errors.contains("damaged"), "\(outcome.output) \(outcome.errors)")
        }
    }

    /// A damaged chunk costs its own samples, which are named; the rest is written.
    @Test func exportPassesOverDamage() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path, output = directory.appending(path: "o.jsonl").path
            try await ingest(#"{"metric":{"__name__":"m"},"values":[1,2.5,3],"timestamps":[0,1000,2000]}"#, into: db)
            try await ingest(#"{"metric":{"__name__":"m"},"values":[4],"timestamps":[9000]}"#, into: db)
            var bytes = try Data(contentsOf: URL(filePath: db))
            let chunk = Chunk.encode(times: [0, 1_000, 2_000], values: [1, 2.5, 3])
            let place = try #require(bytes.range(of: Data(chunk)))
            bytes[place.lowerBound] = 0xFF
            try bytes.write(to: URL(filePath: db))
            for (options, status) in [([], Int32(1)), (["--skip-bad"], 0)] {
                let outcome = try await BuiltBinary.run(
                    ["store", "export", "--db", db, "--output", output] + options)
                #expect(outcome.status == status && outcome.output.contains("1 samples of 1 series"))
                #expect(outcome.errors.contains("m: 3 samples from 1970-01-01T00:00:00Z to 1970-01-01T00:00:02Z"))
                #expect(outcome.errors.contains("3 samples in 1 damaged chunk are not in the export"))
                let written = try String(contentsOfFile: output, encoding: .utf8)
                #expect(written == #"{"metric":{"__name__":"m"},"values":[4],"timestamps":[9000]}"# + "\n")
            }
        }
    }

    /// What a damaged list of chunks held is not known: its range is told, once, and the rest is written.
    @Test func exportPassesOverADamagedList() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path
            for label in ["1", "2"] {
                let key = #"{"__name__":"m","a":"\#(label)"}"#
                try await ingest(#"{"metric":\#(key),"values":[1,2.5,3],"timestamps":[0,1000,2000]}"#, into: db)
                try await ingest(#"{"metric":\#(key),"values":[4],"timestamps":[9000]}"#, into: db)
            }
            var bytes = try Data(contentsOf: URL(filePath: db))
            let chunk = Chunk.encode(times: [0, 1_000, 2_000], values: [1, 2.5, 3])
            // Slot, start, length, count, gap and size, as docs/formats/store.md has them; a size that goes on is none.
            let list = Data([0, 0, 0xA0, 0x1F, 6, 0, UInt8(chunk.count)])
            let place = try #require(bytes.range(of: list))
            bytes[place.upperBound - 1] = 0xFF
            try bytes.write(to: URL(filePath: db))
            let outcome = try await BuiltBinary.run(["store", "export", "--db", db])
            #expect(outcome.status == 1)
            let values = outcome.output.split(separator: "\n").map { $0.split(separator: "\"values\":")[1].prefix(9) }
            #expect(values == ["[4],\"time", "[1,2.5,3,"], "\(outcome.output)")
            let told = #"m{a="1"} and up to 63 series beside it: what they have from 1970-01-01T00:00:00Z to"#
            #expect(outcome.errors.contains(told), "\(outcome.errors)")
            #expect(outcome.errors.contains("what 1 damaged list of chunks held is not in the export"))
        }
    }

    @Test func compactionGivesSpaceBackAndLosesNothing() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path
            try await ingest(Self.lines, into: db)
            let before = try await succeed(["store", "export", "--db", db])
            #expect(try await succeed(["store", "compact", "--db", db]).contains("bytes before"))
            #expect(try await succeed(["store", "export", "--db", db]) == before)
        }
    }

    @Test(arguments: ["check", "backup b.db", "compact", "export"])
    func aStoreThatIsNotThereIsNotMade(command: String) async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "none.db").path
            let words = command.split(separator: " ").map(String.init)
            let outcome = try await BuiltBinary.run(["store"] + words + ["--db", db])
            #expect(outcome.status == 1 && outcome.errors.contains("no such database"), "\(outcome.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        }
    }

    private func ingest(_ lines: String, into db: String) async throws {
        let file = db + "-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try lines.write(toFile: file, atomically: true, encoding: .utf8)
        try await succeed(["ingest", file, "--db", db])
    }
}

/// Runs it and expects success; what it printed.
@discardableResult
func succeed(_ arguments: [String], at location: SourceLocation = #_sourceLocation) async throws -> String {
    let outcome = try await BuiltBinary.run(arguments)
    #expect(outcome.status == 0, "\(arguments.joined(separator: " ")): \(outcome.errors)", sourceLocation: location)
    return outcome.output
}
