import ConformanceKit
import ControlLoop
import Forecasting
import Kernels
import Logging
import Planning
import Ports
import Series
import Simulation
import Synchronization
import Testing
import Units

/// The last value, by a forecaster that writes down which rows it was handed.
private struct Witness: Forecaster {
    /// By where they end: where they begin, what they span, and their bits.
    final class Notes: Sendable {
        private let seen = Mutex<[Timestamp: [UInt64]]>([:])

        func note(_ rows: KnownDemand) {
            let head = [rows.start.millisecondsSinceEpoch, Int64(rows.step)].map { UInt64(bitPattern: $0) }
            seen.withLock { $0[rows.end] = head + rows.suffix().map { $0.isNaN ? .max : $0.bitPattern } }
        }

        var all: [Timestamp: [UInt64]] { seen.withLock { $0 } }
    }

    let name = "witness"
    let notes = Notes()
    var traits: ForecasterTraits { LastValue().traits }

    func rowsNeeded(_ task: ForecastTask) -> Int { LastValue().rowsNeeded(task) }

    func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        notes.note(history)
        return Fitted(base: try LastValue().fit(history, task: task), notes: notes)
    }

    private struct Fitted: FittedModel {
        let base: any FittedModel
        let notes: Notes
        var name: String { base.name }
        var task: ForecastTask { base.task }
        var seed: UInt64? { base.seed }
        func forecast(after history: KnownDemand) -> QuantileForecast {
            notes.note(history)
            return base.forecast(after: history)
        }
        func encoded() -> [UInt8] { base.encoded() }
    }
}

/// Rows that are shorter than a minute: the daemon forecasts on what a backtest forecasts on.
@Suite struct ForecastRowsTests {
    private static let tick = 15, history = 3 * 3_600, scored = 1_200

    /// A walk in rows of `step` seconds from `start` on, a tenth of it missing.
    private func series(seed: UInt64, start: Timestamp, step: Int, kind: DemandKind) -> RegularSeries {
        var random = SplitMix64(seed: seed), level = 60.0
        let values = (0..<(Self.history + Self.scored + 600) / step).map { row in
            level = min(max(level + 8 * random.uniform() - 4, 5), 150)
            let value = kind == .count ? (level * Double(step)).rounded() : level
            return row > 0 && random.uniform() < 0.1 ? .nan : value
        }
        return RegularSeries(start: start, step: step, values: values)
    }

    private func stored(_ series: RegularSeries, in scene: Scene) async throws {
        var batch = SampleBatch()
        for (row, value) in series.values.enumerated() where value.isFinite {
            batch.append(scene.key, series.grid.time(of: row), value)
        }
        _ = try await scene.store.append(batch)
    }

    private func replayed(
        _ series: RegularSeries, from: Timestamp, kind: DemandKind
    ) throws -> (rows: [Timestamp: [UInt64]], decisions: [Decision], service: ReplayService) {
        let service = try ReplayService(
            perInstance: 10, startupSeconds: 0, sloWaitSeconds: 1, minInstances: 0, maxInstances: 20, kind: kind)
        let to = from.advanced(bySeconds: Self.scored / series.step * series.step), witness = Witness()
        let trace = try ReplayTrace(series, service: service, from: from, to: to)
        let policy = try PolicyCatalogue.policy(parsing: "predictive:0.9", service: service.planned, tick: Self.tick)
        let forecaster = try #require(
            try rollingForecaster(for: policy, step: trace.forecastGrid.step, tick: Self.tick, own: witness))
        let ticks = Set(stride(from: 0, to: trace.seconds, by: Self.tick))
        var run = PolicyRun(policy, trace: trace, service: service, tick: Self.tick, watching: ticks)
        var recorder = ForecastRecorder(trace, service: service, forecaster: forecaster)
        while let tape = recorder.record(length: 7) { run.advance(on: tape) }
        return (witness.notes.all, run.records.map(\.decision), service)
    }

    /// The same rows, bit for bit, and so the same decisions with the same candidates.
    @Test(arguments: [(10, DemandKind.count, 0), (10, .rate, 30), (7, .count, 0), (60, .count, 0)])
    func theDaemonForecastsOnWhatABacktestDoes(step: Int, kind: DemandKind, offset: Int) async throws {
        for seed in UInt64(1)...2 {
            // A multiple of the row and not always of a minute.
            let epoch = Int(Scene.start.secondsSinceEpoch) / (step * 60) * step * 60
            let start = Timestamp(secondsSinceEpoch: epoch + offset)
            let series = series(seed: seed, start: start, step: step, kind: kind)
            let from = start.advanced(bySeconds: Self.history / step * step)
            let replay = try replayed(series, from: from, kind: kind)
            let scene = try Scene(), witness = Witness()
            try await stored(series, in: scene)
            let planned = replay.service.planned
            let policy = try PolicyCatalogue.policy(parsing: "predictive:0.9", service: planned, tick: Self.tick)
            let grid = ForecastGrid(seriesStep: step)
            let workload = Workload(
                id: scene.id, demand: scene.key, kind: kind, step: step, historyRows: 60_000,
                actuator: FakeActuator(), assumedLeadSeconds: 0, makePolicy: { _ in policy },
                forecaster: try rollingForecaster(for: policy, step: grid.step, tick: Self.tick, own: witness),
                service: { planned.starting(inSeconds: $0) })
            var controller = WorkloadController(
                workload: workload, store: scene.store, log: scene.log, logger: Logger(label: "test"))
            for second in stride(from: 0, to: Self.scored / step * step, by: Self.tick) {
                await controller.tick(at: from.advanced(bySeconds: second))
            }
            let asked = witness.notes.all
            #expect(asked.count >= Self.scored / grid.step - 1, "one a window at least")
            for (end, rows) in asked {
                #expect(rows == replay.rows[end], "step \(step), seed \(seed): the rows that end at \(end)")
            }
            let made = try await scene.decisions().reversed().map(\.decision)
            #expect(made == replay.decisions, "step \(step), seed \(seed)")
            #expect(Set(made.map(\.desired)).count > 1)
        }
    }

    /// A history that does not fit is read in pieces and cut; what is kept of it is the newest, in whole windows.
    @Test func aLongHistoryOfSecondsIsReadInPiecesAndKeptInWindows() async throws {
        let scene = try Scene(), witness = Witness(), count = 101_000
        var batch = SampleBatch()
        for second in 0..<count { batch.append(scene.key, Scene.start.advanced(bySeconds: second), Double(second)) }
        _ = try await scene.store.append(batch)
        let base = try scene.workload(FakeActuator())
        let task = ForecastTask(horizon: 4, season: 1_440, isWeekly: false)
        let workload = Workload(
            id: scene.id, demand: scene.key, kind: .rate, step: 1, historyRows: 2_500, actuator: FakeActuator(),
            assumedLeadSeconds: 90, makePolicy: base.makePolicy,
            forecaster: RollingForecaster(witness, task: task, refitEvery: 1_440), service: base.service)
        var controller = WorkloadController(
            workload: workload, store: scene.store, log: scene.log, logger: Logger(label: "test"))
        let now = Scene.start.advanced(bySeconds: count + 5)
        await controller.tick(at: now)
        let (end, rows) = try #require(witness.notes.all.first)
        let windows = count / 60
        #expect(end == Scene.start.advanced(bySeconds: windows * 60) && rows[1] == 60)
        #expect(rows.dropFirst(2).map { Double(bitPattern: $0) } == (0..<windows).map { Double($0) * 60 + 29.5 })
        let longest = await scene.store.reads.map { $0.upperBound.seconds(since: $0.lowerBound) }.max() ?? 0
        #expect(longest <= 100_001 && longest < Double(count))
    }
}
