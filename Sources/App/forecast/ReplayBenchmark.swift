import ArgumentParser
import Forecasting
import Foundation
import InputFiles
import Planning
import Reports
import Series
import Simulation
import Units

/// `forecast bench-replay`: how long it takes to replay a month of seconds. Not shown in the help.
struct ReplayBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-replay",
        abstract: "Measures the replay of a made-up trace.",
        discussion: """
            Example: forecast bench-replay --days 30 --step 1 --reference simulate.py

            The trace is weekly load (the generator of `forecast datasets`), scored from --history days on. Times are those of
            one thread. --reference is a Python program with the functions check_service, cut, per_second, hpa and replay, which
            does the hpa part in the same run.
            """,
        shouldDisplay: false)

    @Option(help: "Days of the trace.")
    var days = 30
    @Option(help: "Days before the scored part.")
    var history = 0
    @Option(help: "What a row spans.")
    var step = Span(1)
    @Option(help: "The mean count per second.")
    var mean = 100.0
    @Option(help: "The seed of the trace.")
    var seed: UInt64 = 1
    @Option(help: "The model behind predictive.")
    var model = "auto"
    @Option(help: "Seconds an instance takes to start.")
    var startup = 120.0
    @Option(help: "Policies that predictive is replayed for, from one training.")
    var dials = 1
    @Option(help: "A Python program to time beside it.")
    var reference: String?
    @Flag(help: "Prints JSON.")
    var json = false

    func validate() throws {
        if !(1...3_660).contains(days) { throw ValidationError("--days must be between 1 and 3660.") }
        if !(0..<days).contains(history) { throw ValidationError("--history must be less than --days.") }
        if !(1...1_000).contains(dials) { throw ValidationError("--dials must be between 1 and 1000.") }
        if !(mean > 0 && mean <= 1e6) { throw ValidationError("--mean must be above 0 and at most 1e6.") }
    }

    func run() async throws {
        let start = Timestamp(secondsSinceEpoch: 1_704_067_200)
        let series = generateLoad(
            .weekly, seed: seed, start: start, step: step.seconds, rows: days * 86_400 / step.seconds,
            mean: mean * Double(step.seconds))
        let service = try ReplayService(
            perInstance: mean / 20, startupSeconds: startup, sloWaitSeconds: 1, minInstances: 1, maxInstances: 160,
            initialInstances: 20)
        let from = start.advanced(bySeconds: history * 86_400)
        var figures = try measured(series, service, from: from)
        if let reference { figures.reference = try timed(reference, series, service, from: from) }
        try report(figures)
    }

    /// CPU seconds of each part.
    private struct Figures: Encodable {
        let rows: Int
        var trace = 0.0, clairvoyant = 0.0, hpaDecisions = 0.0, hpaReplay = 0.0
        var forecasts = 0.0, predictiveDecisions = 0.0, predictiveReplay = 0.0
        /// Single requests, and what they took.
        var requests = 0, singleRequests = 0.0
        var reference: ReferenceSeconds?

        var hpa: Double { trace + hpaDecisions + hpaReplay }
        var predictive: Double { trace + forecasts + predictiveDecisions + predictiveReplay }
    }

    private func measured(_ series: RegularSeries, _ service: ReplayService, from: Timestamp) throws -> Figures {
        var figures = Figures(rows: series.count)
        let trace = try spending(\.trace, in: &figures) { try ReplayTrace(series, service: service, from: from) }
        let plan = spending(\.clairvoyant, in: &figures) { clairvoyantDecisions(trace, service: service) }
        let hpa = try PolicyCatalogue.policy(parsing: "hpa:0.7", service: service.model)
        let made = spending(\.hpaDecisions, in: &figures) { runPolicy(hpa, trace: trace, service: service) }
        let outcome = spending(\.hpaReplay, in: &figures) { replay(trace, service: service, decisions: made) }
        let bound = replay(trace, service: service, decisions: plan)
        try serveRequests(series, service, made, from: from, &figures)
        try predict(trace, service, &figures)
        guard bound.instanceHours <= outcome.instanceHours || outcome.late > 0 else {
            throw ValidationError("The clairvoyant's plan costs more than hpa's: the replay is broken.")
        }
        return figures
    }

    /// The first six hours, request by request.
    private func serveRequests(
        _ series: RegularSeries, _ service: ReplayService, _ decisions: [ReplayDecision], from: Timestamp,
        _ figures: inout Figures
    ) throws {
        let part = try ReplayTrace(series, service: service, from: from, to: from.advanced(bySeconds: 6 * 3_600))
        let requests = try RequestService(service)
        let outcome = spending(\.singleRequests, in: &figures) {
            replayRequests(part, service: service, requests: requests, decisions: decisions)
        }
        figures.requests = outcome.requests
    }

    private func predict(_ trace: ReplayTrace, _ service: ReplayService, _ figures: inout Figures) throws {
        let grid = trace.forecastGrid
        let policies = try (0..<dials).map { number in
            let level = dials == 1 ? 0.95 : 0.5 + 0.499 * Double(number) / Double(dials - 1)
            return try PolicyCatalogue.policy(parsing: "predictive:\(level)", service: service.model)
        }
        let task = grid.task(horizon: policies[0].forecastHorizon(step: grid.step, tick: 15))
        let forecaster = RollingForecaster(
            try ModelCatalogue.forecaster(named: model), task: task, refitEvery: grid.rowsPerDay)
        var runs = policies.map { PolicyRun($0, trace: trace, service: service) }
        var recorder = ForecastRecorder(trace, service: service, forecaster: forecaster)
        while let tape = spending(\.forecasts, in: &figures, { recorder.record() }) {
            spending(\.predictiveDecisions, in: &figures) {
                for index in runs.indices { runs[index].advance(on: tape) }
            }
        }
        spending(\.predictiveReplay, in: &figures) {
            for run in runs { _ = replay(trace, service: service, decisions: run.decisions) }
        }
    }

    private func spending<Value>(
        _ part: WritableKeyPath<Figures, Double>, in figures: inout Figures, _ work: () throws -> Value
    ) rethrows -> Value {
        let begin = threadCPUSeconds()
        defer { figures[keyPath: part] += threadCPUSeconds() - begin }
        return try work()
    }

    private func report(_ figures: Figures) throws {
        if json { return try printJSON(figures) }
        var table = TextTable(header: ["\(figures.rows) rows of \(step.seconds) s", "CPU s"])
        func row(_ name: String, _ seconds: Double) { table.append([name, fixedText(seconds, digits: 3)]) }
        row("hpa", figures.hpa)
        row("  reading the scored part", figures.trace)
        row("  decisions", figures.hpaDecisions)
        row("  replay", figures.hpaReplay)
        row("predictive, \(dials) of them", figures.predictive)
        row("  learning and forecasts", figures.forecasts)
        row("  decisions", figures.predictiveDecisions)
        row("  replay", figures.predictiveReplay)
        row("clairvoyant's plan", figures.clairvoyant)
        row("\(figures.requests) single requests", figures.singleRequests)
        if let reference = figures.reference {
            row("the reference: hpa's decisions", reference.decisions)
            row("  its replay", reference.replay)
            row("  its clairvoyant's plan", reference.clairvoyant)
        }
        print(table.rendered(width: Terminal.columns), terminator: "")
    }
}

/// What a Python program takes for the same work, CPU seconds; reading the trace is left out.
private struct ReferenceSeconds: Codable {
    let decisions: Double, replay: Double, clairvoyant: Double
}

extension ReplayBenchmark {
    private static let script = """
        import json, sys, time, os
        import numpy as np
        sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1])))
        program = __import__(os.path.basename(sys.argv[1])[:-3])
        rows = np.fromfile(sys.argv[2]); service = json.loads(sys.argv[3]); step = int(sys.argv[4]); first = int(sys.argv[5])
        t0 = time.process_time()
        arrivals, gap = program.per_second(rows[first:], step, service)
        decisions = program.hpa(rows[first:], rows[:first], step, service, 0.7)
        t1 = time.process_time()
        program.replay(arrivals, service, decisions, gap)
        t2 = time.process_time()
        program.clairvoyant(arrivals, service, gap)
        print(json.dumps({"decisions": t1 - t0, "replay": t2 - t1, "clairvoyant": time.process_time() - t2}))
        """

    private func timed(
        _ program: String, _ series: RegularSeries, _ service: ReplayService, from: Timestamp
    ) throws -> ReferenceSeconds {
        let rows = FileManager.default.temporaryDirectory.appending(path: "bench-replay-\(UUID().uuidString).f64")
        defer { try? FileManager.default.removeItem(at: rows) }
        var bytes = Data(capacity: 8 * series.count)
        for value in series.values {
            var bits = value.bitPattern.littleEndian
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: bits))
                bits >>= 8
            }
        }
        try bytes.write(to: rows)
        let model = service.model
        let fields = """
            {"perInstance": \(model.perInstance.perSecond), "startupSeconds": \(model.startupSeconds),
             "sloWaitSeconds": \(model.sloWaitSeconds), "minInstances": \(model.minInstances),
             "maxInstances": \(model.maxInstances), "initialInstances": \(service.initialInstances)}
            """
        let process = Process(), output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", Self.script, program, rows.path, fields, "\(series.step)",
            "\(series.grid.row(startingAt: from) ?? 0)",
        ]
        process.standardOutput = output
        try process.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ValidationError("\(program) failed.") }
        return try JSONDecoder().decode(ReferenceSeconds.self, from: answer)
    }
}
