import Forecasting
import InputFiles
import Reports
import Series
import Units

/// A model that is evaluated: one that learns each series on its own, or all of an entry together.
enum EvaluatedMethod: Sendable {
    case each(any Forecaster)
    case together(any GlobalForecaster)

    init(named name: String) throws {
        self =
            if let global = ModelCatalogue.global(named: name) {
                .together(global)
            } else {
                .each(try ModelCatalogue.forecaster(named: name))
            }
    }

    var name: String {
        switch self {
        case .each(let forecaster): forecaster.name
        case .together(let forecaster): forecaster.name
        }
    }
}

/// Evaluates entries, every series of every entry on its own unless they are learnt together, as many beside each other as
/// there are workers.
///
/// The results stand in the order of entries and series, so that they are the same whatever the number of workers.
struct ParallelEvaluation {
    /// The one that is evaluated, and perhaps a baseline.
    let methods: [EvaluatedMethod]
    /// What those that learn each series on its own are told of.
    let events: EventOptions
    let workers: Int
    let maxSeries: Int?

    func run(_ entries: [(entry: ProtocolEntry, data: String)]) async throws -> [EvaluatedEntry] {
        let traces = try await mapped(entries, width: workers) { try Self.loaded($0.entry, $0.data, limit: maxSeries) }
        let units = traces.indices.flatMap { entry in methods.flatMap { Unit.all(of: traces[entry], entry, by: $0) } }
        let label = entries.count == 1 ? "evaluating \(entries[0].entry.name)" : "evaluating \(entries.count) entries"
        let progress = ProgressBar(label: label, total: units.count)
        defer { progress.finish() }
        let events = events
        let results = try await mapped(units, width: workers, progress: { progress.update($0) }) { unit in
            try unit.evaluated(events)
        }
        return traces.indices.map { number in
            let own = zip(units, results).filter { $0.0.entry == number }.flatMap(\.1)
            // A list a method, one after the other, becomes a list a series.
            let trace = traces[number], count = trace.series.count
            return EvaluatedEntry(
                trace: trace,
                series: (0..<count).map { series in methods.indices.map { own[$0 * count + series] } })
        }
    }

    /// What is evaluated in one go.
    private struct Unit {
        let trace: LoadedEntry, entry: Int
        let series: [NamedSeries]
        let method: EvaluatedMethod

        static func all(of trace: LoadedEntry, _ entry: Int, by method: EvaluatedMethod) -> [Unit] {
            switch method {
            case .each: trace.series.map { Unit(trace: trace, entry: entry, series: [$0], method: method) }
            case .together: [Unit(trace: trace, entry: entry, series: trace.series, method: method)]
            }
        }

        /// Each series with its share of the CPU time.
        func evaluated(_ events: EventOptions) throws -> [EvaluatedSeries] {
            let started = threadCPUSeconds(), evaluation = trace.evaluation, values = series.map(\.values)
            let found: [RollingForecasts]
            switch method {
            case .each(let forecaster):
                found = try values.map { values throws in
                    try evaluation.forecasts(of: values, by: events.tell(forecaster, end: values.end))
                }
            case .together(let forecaster): found = try evaluation.forecasts(of: values, by: forecaster)
            }
            let scores = zip(found, values).map { Scores($0, of: $1, under: evaluation) }
            let seconds = (threadCPUSeconds() - started) / Double(max(1, series.count))
            return zip(found, scores).map { EvaluatedSeries(result: $0, scores: $1, cpuSeconds: seconds) }
        }
    }

    /// Reads a trace; series too short for an origin are left out.
    private static func loaded(_ entry: ProtocolEntry, _ path: String, limit: Int?) throws -> LoadedEntry {
        let started = threadCPUSeconds()
        let evaluation = EvaluationProtocol(
            task: ForecastTask(
                horizon: entry.horizon, levels: entry.levels, season: entry.season, isWeekly: entry.weekly ?? false),
            origins: entry.origins, stride: entry.stride)
        let series = try TraceFile(path: path).series.prefix(limit ?? .max).compactMap { name, values in
            evaluation.originRows(count: values.count).isEmpty
                ? nil : NamedSeries(name: name, values: entry.gaps == "zero" ? values.fillingGapsWithZero() : values)
        }
        guard !series.isEmpty else {
            throw InputError(path: path, "no series is long enough for the entry '\(entry.name)'")
        }
        return LoadedEntry(
            name: entry.name, evaluation: evaluation, series: series, cpuSeconds: threadCPUSeconds() - started)
    }
}

struct NamedSeries {
    let name: String
    let values: RegularSeries
}

/// An entry with its series read.
struct LoadedEntry {
    let name: String
    let evaluation: EvaluationProtocol
    let series: [NamedSeries]
    let cpuSeconds: Double
}

/// What one forecaster made of one series.
struct EvaluatedSeries {
    let result: RollingForecasts
    let scores: Scores
    let cpuSeconds: Double
}

struct EvaluatedEntry {
    let trace: LoadedEntry
    /// Per series, per forecaster.
    let series: [[EvaluatedSeries]]

    /// Of forecaster number `method`.
    func scores(_ method: Int) -> Scores { .combined(series.map { $0[method].scores }) }

    /// With the reading of the trace.
    func cpuSeconds(_ method: Int) -> Double { series.reduce(trace.cpuSeconds) { $0 + $1[method].cpuSeconds } }

    func shape(_ method: Int) -> AccuracyShape {
        var shape = AccuracyShape(task: trace.evaluation.task)
        for (number, own) in series.enumerated() {
            shape.add(own[method].result, of: trace.series[number].values, number: number)
        }
        return shape
    }

    /// Every row of the first forecaster's forecasts, as the judge reads them.
    var csv: String {
        let levels = trace.evaluation.task.levels
        var lines = ["series,origin,timestamp," + levels.map { "\($0)" }.joined(separator: ",")]
        for (named, own) in zip(trace.series, series) {
            for forecast in own[0].result.forecasts {
                for step in 0..<forecast.horizon {
                    let values = forecast.values[step * levels.count..<(step + 1) * levels.count].map { "\($0)" }
                    let place = [Self.quoted(named.name), "\(forecast.origin)", "\(forecast.grid.time(of: step))"]
                    lines.append((place + values).joined(separator: ","))
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { ",\"\n".contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}
