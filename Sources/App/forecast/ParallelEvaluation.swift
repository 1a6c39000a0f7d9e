import Forecasting
import InputFiles
import Reports
import Series
import Units

/// Evaluates entries, every series of every entry on its own, as many beside each other as there are workers.
///
/// The results stand in the order of entries and series, so that they are the same whatever the number of workers.
struct ParallelEvaluation {
    /// The one that is evaluated, and perhaps a baseline.
    let forecasters: [any Forecaster]
    /// What they are told of.
    let events: EventOptions
    let workers: Int
    let maxSeries: Int?

    func run(_ entries: [(entry: ProtocolEntry, data: String)]) async throws -> [EvaluatedEntry] {
        let traces = try await mapped(entries, width: workers) { try Self.loaded($0.entry, $0.data, limit: maxSeries) }
        let units = traces.indices.flatMap { entry in
            traces[entry].series.indices.map { Unit(trace: traces[entry], series: traces[entry].series[$0]) }
        }
        let label = entries.count == 1 ? "evaluating \(entries[0].entry.name)" : "evaluating \(entries.count) entries"
        let progress = ProgressBar(label: label, total: units.count)
        defer { progress.finish() }
        var results = try await mapped(units, width: workers, progress: { progress.update($0) }) { unit in
            let end = unit.series.values.end
            return try Self.evaluated(unit, by: forecasters.map { try events.tell($0, end: end) })
        }[...]
        return traces.map { trace in
            let own = results.prefix(trace.series.count)
            results = results.dropFirst(trace.series.count)
            return EvaluatedEntry(trace: trace, series: Array(own))
        }
    }

    private struct Unit {
        let trace: LoadedEntry, series: NamedSeries
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

    private static func evaluated(_ unit: Unit, by forecasters: [any Forecaster]) throws -> [EvaluatedSeries] {
        try forecasters.map { forecaster in
            let started = threadCPUSeconds()
            let series = unit.series.values, evaluation = unit.trace.evaluation
            let result = try evaluation.forecasts(of: series, by: forecaster)
            let scores = Scores(result, of: series, under: evaluation)
            return EvaluatedSeries(result: result, scores: scores, cpuSeconds: threadCPUSeconds() - started)
        }
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
