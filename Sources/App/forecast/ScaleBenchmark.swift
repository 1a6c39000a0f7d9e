import ArgumentParser
import Forecasting
import Foundation
import Reports
import Series
import Simulation
import Units

/// `forecast bench-scale`: how long it takes to learn and forecast very many series. Not shown in the help.
struct ScaleBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-scale",
        abstract: "Measures training and forecasting of very many made-up series.",
        discussion: """
            Example: forecast bench-scale --series 10000 --days 30 --step 5m --model global-ridge

            The series are weekly load of many heights (the generator of `forecast datasets`), each with its own seed, and all
            in memory at once. The peak is that of the process, with the series and the models.
            """,
        shouldDisplay: false)

    @Option(help: "How many series.")
    var series = 10_000
    @Option(help: "Days of history.")
    var days = 30
    @Option(help: "What a row spans.")
    var step = Span(300)
    @Option(help: "How far a forecast sees.")
    var horizon = Span(7_200)
    @Option(help: "global-ridge, global-net, or the name of a model that learns every series on its own.")
    var model = "ridge"
    @Option(help: "Series that are worked on at the same time. Default: as many as there are cores.")
    var workers: Int?
    @Flag(help: "Prints JSON.")
    var json = false

    func validate() throws {
        if !(1...1_000_000).contains(series) { throw ValidationError("--series must be between 1 and 1000000.") }
        if !(1...3_660).contains(days) { throw ValidationError("--days must be between 1 and 3660.") }
        if let workers, !(1...1_024).contains(workers) {
            throw ValidationError("--workers must be between 1 and 1024.")
        }
    }

    func run() async throws {
        let width = workers ?? coreCount, horizon = horizon.seconds / step.seconds
        let task = ForecastTask.standard(step: step.seconds, horizon: horizon)
        let (histories, _) = try await timed("making the series") { done in try await made(width, done) }
        let held = histories.map { $0.prefix($0.count - task.horizon) }
        let (models, training) = try await timed("learning") { done in
            guard let global = ModelCatalogue.global(named: model) else {
                return try await learnEach(held, task, width, done)
            }
            let rows = held.first?.count ?? 0
            return try await learnTogether(
                global.training(series: held.count, rows: rows, task: task), held, width, done)
        }
        let chunks = globalChunks(of: series)
        let (forecasts, forecasting) = try await timed("forecasting") { done in
            try await mapped(chunks, width: width, progress: { done($0 * 64) }) { chunk in
                chunk.map { models[$0].forecast(after: held[$0]) }
            }.flatMap(\.self)
        }
        let (_, following) = try await timed("following") { done in
            try await mapped(Array(0..<series), width: width, progress: done) {
                models[$0].updated(on: histories[$0]).name
            }
        }
        var tally = AccuracyTally(levels: task.levels)
        for (history, forecast) in zip(histories, forecasts) {
            for row in 0..<task.horizon {
                tally.add(
                    actual: history[history.count - task.horizon + row],
                    forecast: forecast.values[row * task.levels.count..<(row + 1) * task.levels.count],
                    scale: history.suffix().reduce(0, +) / Double(history.count))
            }
        }
        try report(
            Figures(
                model: model, series: series, rows: held.first?.count ?? 0, horizon: task.horizon, workers: width,
                trainingSeconds: training.seconds, trainingCPUSeconds: training.cpu,
                forecastSeconds: forecasting.seconds, forecastCPUSeconds: forecasting.cpu,
                followCPUSeconds: following.cpu,
                peakMegabytes: ProcessCPU.peakMegabytes, wql: tally.middleLoss, tail: tally.tailLoss))
    }

    private struct Figures: Encodable {
        let model: String, series: Int, rows: Int, horizon: Int, workers: Int
        let trainingSeconds: Double, trainingCPUSeconds: Double, forecastSeconds: Double, forecastCPUSeconds: Double
        /// Of letting every model follow the outcomes of one horizon.
        let followCPUSeconds: Double
        let peakMegabytes: Double
        /// Over the rows after the last that was learnt from; every series counts the same, whatever its height.
        let wql: Double, tail: Double
    }

    private func report(_ figures: Figures) throws {
        if json { return try printJSON(figures) }
        var table = TextTable(header: ["\(figures.series) series of \(figures.rows) rows, \(figures.model)", ""])
        table.append(["learning", "\(fixedText(figures.trainingSeconds, digits: 1)) s"])
        table.append(["  in CPU time", "\(fixedText(figures.trainingCPUSeconds, digits: 1)) s"])
        table.append(["  a series", "\(fixedText(1_000 * figures.trainingCPUSeconds / Double(series), digits: 2)) ms"])
        table.append([
            "forecasting \(figures.horizon) rows of each", "\(fixedText(figures.forecastSeconds, digits: 2)) s",
        ])
        table.append([
            "following a horizon, a series",
            "\(fixedText(1_000 * figures.followCPUSeconds / Double(series), digits: 2)) ms",
        ])
        table.append(["peak memory", "\(fixedText(figures.peakMegabytes, digits: 0)) MB"])
        table.append(["WQL", fixedText(figures.wql, digits: 4)])
        table.append(["TAIL", fixedText(figures.tail, digits: 4)])
        print(table.rendered(width: Terminal.columns), terminator: "")
    }

    private func made(_ width: Int, _ done: @escaping (Int) -> Void) async throws -> [KnownDemand] {
        let rows = days * 86_400 / step.seconds + horizon.seconds / step.seconds, step = step.seconds
        return try await mapped(Array(0..<series), width: width, progress: done) { number in
            let mean = [2.0, 8, 30, 120, 500, 2_000][number % 6] * Double(1 + number % 7)
            return KnownDemand(
                generateLoad(
                    .weekly, seed: UInt64(number), start: Timestamp(secondsSinceEpoch: 1_704_067_200), step: step,
                    rows: rows, mean: mean))
        }
    }

    private func learnEach(
        _ histories: [KnownDemand], _ task: ForecastTask, _ width: Int, _ done: @escaping (Int) -> Void
    ) async throws -> [any FittedModel] {
        let forecaster = try ModelCatalogue.forecaster(named: model)
        return try await mapped(histories, width: width, progress: done) { try forecaster.fit($0, task: task) }
    }

    /// Two rounds over all series: what each gives to learn from, and the model of each.
    private func learnTogether(
        _ begun: some GlobalTraining, _ histories: [KnownDemand], _ width: Int, _ done: @escaping (Int) -> Void
    ) async throws -> [any FittedModel] {
        var training = begun
        let chunks = globalChunks(of: histories.count)
        for batch in stride(from: 0, to: chunks.count, by: 16) {
            let part = Array(chunks[batch..<min(batch + 16, chunks.count)])
            for part in try await mapped(part, width: width, { begun.part(histories[$0], first: 0) }) {
                training.add(part)
            }
            done(min(batch + 16, chunks.count) * 32)
        }
        try training.settle(probing: globalProbes(of: histories.count).map { histories[$0] })
        let shared = training.shared
        let models = try await mapped(chunks, width: width, progress: { done(histories.count / 2 + $0 * 32) }) {
            histories[$0].map { shared.model(of: $0) }
        }
        return models.flatMap(\.self)
    }

    private func timed<Value>(
        _ label: String, _ work: (@escaping (Int) -> Void) async throws -> Value
    ) async throws -> (value: Value, spent: (seconds: Double, cpu: Double)) {
        let progress = ProgressBar(label: label, total: series)
        defer { progress.finish() }
        let cpu = ProcessCPU.seconds(), start = ContinuousClock.now
        let value = try await work { progress.update($0) }
        return (value, (start.duration(to: .now) / .seconds(1), ProcessCPU.seconds() - cpu))
    }
}

extension ProcessCPU {
    /// The most memory this process has had, MB of a million bytes.
    static var peakMegabytes: Double {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return .nan }
        return Double(usage.ru_maxrss) * 1_024 / 1e6
    }
}
