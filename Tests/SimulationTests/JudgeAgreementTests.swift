import Forecasting
import Foundation
import InputFiles
import Planning
import Series
import Simulation
import TestSupport
import Testing
import Units

/// Decisions on a real trace, scored here and by the independent reference; runs where both are at hand.
@Suite struct JudgeAgreementTests {
    static let isPossible = SharedData.isPresent && (try? python(["-c", "import numpy"])) != nil

    private struct Reference: Decodable {
        let requests, late, meanWait, p50, p95, p99, p999, instanceHours, peak, raises, cuts, backlogAtEnd: Double
        let clairvoyantHours: Double
    }

    /// One of each family.
    private static let names =
        PolicyCatalogue.families.map { $0.knob?.standard == nil ? $0.sweep[$0.sweep.count / 2] : $0.family }

    @Test(.enabled(if: isPossible), arguments: names)
    func figuresAreTheReferences(name: String) async throws {
        let service = try ReplayService(
            perInstance: 0.5, startupSeconds: 120, sloWaitSeconds: 1, minInstances: 1, maxInstances: 60,
            initialInstances: 4)
        let path = SharedData.data("nasa_http_1995_1min.csv.gz").path
        let from = try #require(Timestamp(parsing: "1995-08-20")), to = try #require(Timestamp(parsing: "1995-08-23"))
        let trace = try ReplayTrace(TraceFile(path: path).pick(nil), service: service, from: from, to: to)
        let plan = clairvoyantDecisions(trace, service: service)
        let decisions = name == "clairvoyant" ? plan : try decide(name, trace, service)
        let ours = replay(trace, service: service, decisions: decisions)
        let bound = replay(trace, service: service, decisions: plan)
        let reference = try await score(decisions, trace: path, from: from, to: to)

        let pairs = [
            (ours.requests, reference.requests), (ours.late, reference.late), (ours.meanWait, reference.meanWait),
            (ours.instanceHours, reference.instanceHours), (Double(ours.peak), reference.peak),
            (Double(ours.raises), reference.raises), (Double(ours.cuts), reference.cuts),
            (bound.instanceHours, reference.clairvoyantHours),
        ]
        for (a, b) in pairs { #expect(abs(a - b) <= 1e-6 * abs(b) + 1e-12) }
        #expect(abs(ours.backlogAtEnd - reference.backlogAtEnd) <= 1e-9 * reference.requests)
        let waits = [(ours.p50, reference.p50), (ours.p95, reference.p95), (ours.p99, reference.p99)]
        for (a, b) in waits + [(ours.p999, reference.p999)] { #expect(abs(a - b) <= 1) }
    }

    private func decide(_ name: String, _ trace: ReplayTrace, _ service: ReplayService) throws -> [ReplayDecision] {
        let policy = try PolicyCatalogue.policy(parsing: name, service: service.model, peakRate: trace.peakRate)
        let forecaster = try rollingForecaster(for: policy, step: trace.series.step, tick: 15, own: SeasonalNaive())
        return runPolicy(policy, trace: trace, service: service, forecaster: forecaster)
    }

    private func score(
        _ decisions: [ReplayDecision], trace: String, from: Timestamp, to: Timestamp
    ) async throws -> Reference {
        try await withTemporaryDirectory { directory in
            let service = directory.appending(path: "service.json"), plan = directory.appending(path: "d.csv")
            let fields = #""perInstance":0.5,"startupSeconds":120,"sloWaitSeconds":1,"minInstances":1"#
            try "{\(fields),\"maxInstances\":60,\"initialInstances\":4}".write(
                to: service, atomically: true, encoding: .utf8)
            let rows = decisions.map { "\(from.advanced(bySeconds: $0.second)),\($0.desired)\n" }
            try ("timestamp,desired\n" + rows.joined()).write(to: plan, atomically: true, encoding: .utf8)
            let output = try python([
                SharedData.judge("simulate.py").path, "--trace", trace, "--service", service.path, "--decisions",
                plan.path, "--from", "\(from)", "--to", "\(to)",
            ])
            return try JSONDecoder().decode(Reference.self, from: output)
        }
    }
}

struct PythonFailed: Error {}

/// Runs python3 with these arguments and returns what it prints; throws where it is absent or fails.
func python(_ arguments: [String]) throws -> Data {
    let process = Process(), output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw PythonFailed() }
    return data
}
