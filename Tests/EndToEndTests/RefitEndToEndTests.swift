import Foundation
import TestSupport
import Testing

/// The daemon learns from a stored history beside its loop, and the registry tells of it.
@Suite struct RefitEndToEndTests {
    @Test(.timeLimit(.minutes(2)))
    func aDaemonLearnsAndRegisters() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "d.db").path, csv = directory.appending(path: "t.csv")
            let configuration = directory.appending(path: "c.yaml"), log = directory.appending(path: "log")
            let end = Int(Date().timeIntervalSince1970) / 3_600 * 3_600
            let rows = (0..<24 * 40).map { "\(end - (24 * 40 - $0) * 3_600),\($0 % 24 * 5 + $0 * 7_919 % 11)\n" }
            try ("timestamp,value\n" + rows.joined()).write(to: csv, atomically: true, encoding: .utf8)
            _ = try await BuiltBinary.run(["ingest", csv.path, "--db", db, "--metric", "requests"])
            try """
            store: {path: \(db)}
            listen: {address: 127.0.0.1:0}
            tick: 1s
            workloads:
              - name: web
                demand: {series: requests, kind: count, step: 1h, delay: 0s}
                capacity: {perInstance: 10}
                limits: {min: 1, max: 5}
                trust: shadow
                aggressiveness: 0.9
            """.write(to: configuration, atomically: true, encoding: .utf8)
            let daemon = try BuiltBinary.started(
                BuiltBinary.path,
                ["daemon", "--config", configuration.path], output: directory.appending(path: "out"), errors: log)
            defer { kill(daemon.processIdentifier, SIGKILL) }
            func told() -> String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }
            #expect(await eventually { told().contains(" learnt") }, "\(told())")
            let list = try await BuiltBinary.run(["models", "list", "--db", db, "--json"]).output
            let versions = try #require(try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]])
            #expect(versions.count == 1 && versions[0]["reason"] as? String == "start", "\(list)")
            let options = try #require(versions[0]["options"] as? [String: String])
            #expect(options["asked"] == "auto" && options["cause"] == "there is no model yet")
            #expect((versions[0]["scores"] as? [String: Double])?["LOSS"] != nil)
            // It stops in order with a fit done.
            kill(daemon.processIdentifier, SIGTERM)
            await BuiltBinary.ended(daemon)
            #expect(daemon.terminationStatus == 0)
        }
    }
}
