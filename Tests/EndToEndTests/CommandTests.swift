import Foundation
import TestSupport
import Testing

/// The built binary, used as a user would: files in, tables and JSON out.
@Suite struct CommandTests {
    /// Three weeks of hours with a daily cycle, and what a user does with them.
    @Test func ingestTrainPredict() async throws {
        try await withTemporaryDirectory { directory in
            let db = directory.appending(path: "a.db").path, csv = directory.appending(path: "t.csv").path
            try daily(hours: 24 * 40).write(toFile: csv, atomically: true, encoding: .utf8)
            let ingest = ["ingest", csv, "--db", db, "--metric", "requests", "--label", "job=web"]
            let first = try await BuiltBinary.run(ingest)
            #expect(first.status == 0 && first.output.contains("960 new samples, 0 replaced, 0 unchanged, 1 series"))
            let again = try await BuiltBinary.run(ingest)
            #expect(again.output.contains("0 new samples, 0 replaced, 960 unchanged"))

            let series = try await BuiltBinary.run(["series", "--db", db, "--json"])
            let listed = try #require(try json(series.output) as? [[String: Any]])
            #expect(listed.count == 1 && listed[0]["samples"] as? Int == 960 && listed[0]["step"] as? Int == 3_600)
            #expect(listed[0]["labels"] as? [String: String] == ["__name__": "requests", "job": "web"])

            let selector = #"requests{job="web"}"#
            let train = try await BuiltBinary.run([
                "train", "--db", db, "--series", selector, "--horizon", "24h", "--json",
            ])
            let trained = try #require(try json(train.output) as? [String: Any])
            #expect(trained["version"] as? Int == 1 && trained["rows"] as? Int == 960)
            let own = try #require((trained["scores"] as? [String: Double])?["WQL"])
            let naive = try #require((trained["seasonalNaive"] as? [String: Double])?["WQL"])
            #expect(own < naive)

            let predict = ["predict", "--db", db, "--series", selector, "--horizon", "24h"]
            let forecast = try #require(
                try json(try await BuiltBinary.run(predict + ["--quantiles", "0.1,0.5,0.9", "--json"]).output)
                    as? [String: Any])
            let rows = try #require(forecast["rows"] as? [[String: Any]])
            #expect(forecast["version"] as? Int == 1 && rows.count == 24)
            for (hour, row) in rows.enumerated() {
                let values = try #require(row["values"] as? [Double])
                #expect(abs(values[1] - shape(hour)) < 15 && values[0] <= values[1] && values[1] <= values[2])
            }
            // The highest of six hours is at least as high as each of them, and no higher than a bound over them all.
            let highest = try #require(
                try json(
                    try await BuiltBinary.run(
                        predict + ["--quantiles", "0.1,0.5,0.9", "--json", "--max-over", "6h", "--model", "ridge"]
                    )
                    .output) as? [String: Any])
            let windows = try #require(highest["windows"] as? [[String: Any]])
            #expect(windows.count == 4 && highest["paths"] as? Int ?? 0 > 100)
            for (place, window) in windows.enumerated() {
                let values = try #require(window["values"] as? [Double])
                let peak = (6 * place..<6 * place + 6).map(shape).max() ?? 0
                #expect(abs(values[1] - peak) < 20 && values[0] <= values[1] && values[1] <= values[2])
            }
            let plot = try await BuiltBinary.run(predict + ["--plot"])
            #expect(plot.status == 0 && plot.output.contains("by ridge version 1"))
            #expect(plot.output.unicodeScalars.contains { (0x2801...0x28FF).contains($0.value) }, "\(plot.output)")
        }
    }

    @Test func evaluateAndBacktest() async throws {
        try await withTemporaryDirectory { directory in
            let csv = directory.appending(path: "t.csv").path, service = directory.appending(path: "s.json").path
            let protocols = directory.appending(path: "p.json").path
            try daily(hours: 24 * 40).write(toFile: csv, atomically: true, encoding: .utf8)
            try #"[{"name":"x","data":"t.csv","season":24,"horizon":6,"origins":20,"stride":7,"levels":[0.1,0.5,0.9]}]"#
                .write(toFile: protocols, atomically: true, encoding: .utf8)
            try #"{"perInstance":0.005,"startupSeconds":600,"sloWaitSeconds":60,"minInstances":1,"maxInstances":40}"#
                .write(toFile: service, atomically: true, encoding: .utf8)
            let scores = try #require(
                try json(try await BuiltBinary.run(["evaluate", protocols, "--entry", "x", "--json"]).output)
                    as? [String: Any])
            #expect(scores["rows"] as? Int == 120 && scores["CROSS"] as? Double == 0)
            let replay = try await BuiltBinary.run([
                "backtest", "--trace", csv, "--service", service, "--from", "2026-01-20", "--policy", "predictive:0.9",
                "--policy", "hpa:0.7", "--policy", "clairvoyant", "--json",
            ])
            let outcomes = try #require(try json(replay.output) as? [[String: Any]])
            #expect(outcomes.compactMap { $0["policy"] as? String } == ["predictive:0.9", "hpa:0.7", "clairvoyant"])
            #expect(outcomes[2]["cost"] as? Double == 1)
        }
    }

    @Test func theDefaultConfigurationIsTheDocumentedOne() async throws {
        let printed = try await BuiltBinary.run(["config", "init"])
        let shipped = try String(contentsOf: packageRoot.appending(path: "service/prewarm.yaml"), encoding: .utf8)
        #expect(printed.output == shipped)
        let check = try await BuiltBinary.run([
            "config", "check", packageRoot.appending(path: "service/prewarm.yaml").path,
        ])
        #expect(check.status == 0, "\(check.errors)")
    }

    @Test(arguments: [
        "demo", "ingest", "backfill", "store backup", "store export", "series", "train", "predict", "evaluate",
        "models list", "models show", "models rollback", "backtest", "daemon", "config init",
    ])
    func helpHasAnExample(command: String) async throws {
        let help = try await BuiltBinary.run(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(help.status == 0 && help.output.contains("forecast \(command)"))
        #expect(help.output.contains("Example"))
    }

    private func shape(_ hour: Int) -> Double { hour % 24 >= 8 && hour % 24 < 20 ? 100 : 20 }

    private func daily(hours: Int) -> String {
        let start = 1_767_225_600  // 2026-01-01
        let rows = (0..<hours).map { "\(start + $0 * 3_600),\(shape($0) + Double(($0 * 7_919) % 11))\n" }
        return "timestamp,value\n" + rows.joined()
    }

    private func json(_ text: String) throws -> Any { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
}
