import ArgumentParser
import ControlLoop
import Forecasting
import Foundation
import Ports
import Reports
import Series
import SeriesStoreSQLite
import Units

/// `forecast predict`: what is to come.
struct Predict: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Forecasts a stored series from its end on.",
        discussion: """
            Examples:
              forecast predict --db prewarm.db --series 'http_requests{job="checkout"}' --horizon 2h --plot
              forecast predict --db prewarm.db --series m --quantiles 0.5,0.95,0.999 --json

              forecast predict --db prewarm.db --series m --horizon 2h --max-over 10m --quantiles 0.9,0.99

            The newest registered model is used where it sees as far; otherwise, and where events are given, one is fitted for
            the occasion. With --max-over one is fitted in any case, because how the rows of a window go together is read from
            what it would have forecast for the newest part of the history without having learnt from it.
            """)

    @OptionGroup var demand: DemandOptions
    @OptionGroup var events: EventOptions
    @Option(help: "How far to look.")
    var horizon: Span = Span(7_200)
    @Option(help: "Quantiles, ascending, between 0 and 1.")
    var quantiles: Quantiles = Quantiles([0.5, 0.9, 0.99])
    @Option(help: "Fits this model for the occasion, instead of the registered one.")
    var model: String?
    @Option(help: "The highest demand within windows this long, one after another, in place of every row's.")
    var maxOver: Span?
    @Flag(help: "Draws the history, the median and the band from the lowest to the highest quantile.")
    var plot = false
    @Flag(help: "Prints JSON.")
    var json = false

    func validate() throws {
        guard let maxOver else { return }
        if maxOver.seconds > horizon.seconds { throw ValidationError("--max-over must not be longer than --horizon.") }
        if plot { throw ValidationError("--plot draws rows; it does not go with --max-over.") }
    }

    func run() async throws {
        let demand = try await demand.load(now: .now)
        let rows = (horizon.seconds + demand.rows.step - 1) / demand.rows.step
        if let maxOver { return try await showHighest(demand, rows: rows, over: maxOver.seconds) }
        let chosen = try await choose(demand, rows: rows)
        let forecast = chosen.model.forecast(after: KnownDemand(demand.rows))
        let view = ForecastView(
            demand: demand, chosen: chosen, forecast: forecast, rows: rows, levels: quantiles.levels)
        if json { return try printJSON(view.document) }
        print(view.heading)
        if plot { print(view.plot(), terminator: "") } else { print(view.table(), terminator: "") }
    }

    private func choose(_ demand: StoredDemand, rows: Int) async throws -> ChosenModel {
        if model == nil, events.events == nil, let stored = try await demand.store.latestModel(for: demand.key) {
            let fitted = try ModelCatalogue.decode(stored.record.bytes)
            if stored.record.step == demand.rows.step, stored.record.kind == demand.kind, fitted.task.horizon >= rows {
                return ChosenModel(model: fitted, version: stored.version)
            }
            Terminal.note(
                "the registered model (version \(stored.version), \(fitted.task.horizon) rows of \(stored.record.step) s)",
                "does not fit what is asked; fitting one for the occasion")
        }
        let fitted = try await forecaster(for: demand).fit(
            KnownDemand(demand.rows), task: demand.task(horizon: rows))
        return ChosenModel(model: fitted, version: nil)
    }

    /// What is fitted for the occasion.
    func forecaster(for demand: StoredDemand) async throws -> any Forecaster {
        let named = try ModelCatalogue.forecaster(named: model ?? "auto")
        let helped = try await demand.store.helped(named, for: demand.key, kind: demand.kind, step: demand.rows.step)
        return try events.tell(helped.forecaster, end: demand.rows.end, configured: self.demand.configuredEvents())
    }
}

struct ChosenModel {
    let model: any FittedModel
    /// In the registry; nil where it was fitted for the occasion.
    let version: Int?

    var name: String { version.map { "\(model.name) version \($0)" } ?? "\(model.name), fitted now" }
}

/// Quantiles on the command line, `0.5,0.9,0.99`.
struct Quantiles: ExpressibleByArgument {
    let levels: [Double]

    init(_ levels: [Double]) { self.levels = levels }

    init?(argument: String) {
        let levels = argument.split(separator: ",").compactMap { Double($0) }
        guard !levels.isEmpty, levels.count == argument.split(separator: ",").count, levels.count <= 100,
            levels.allSatisfy({ $0 > 0 && $0 < 1 }), zip(levels, levels.dropFirst()).allSatisfy(<)
        else { return nil }
        self.levels = levels
    }

    var defaultValueDescription: String { levels.map { "\($0)" }.joined(separator: ",") }
}

/// A forecast as it is shown.
private struct ForecastView {
    let demand: StoredDemand
    let chosen: ChosenModel
    let forecast: QuantileForecast
    let rows: Int
    let levels: [Double]

    struct Document: Encodable {
        struct Row: Encodable { let timestamp: String, values: [Double] }
        let series: String, model: String, version: Int?, step: Int, origin: String, quantiles: [Double], rows: [Row]
    }

    var document: Document {
        Document(
            series: demand.key.description, model: chosen.model.name, version: chosen.version, step: forecast.step,
            origin: "\(forecast.origin)", quantiles: levels,
            rows: (0..<rows).map { .init(timestamp: "\(forecast.grid.time(of: $0))", values: values($0)) })
    }

    var heading: String { "\(demand.key) from \(forecast.origin) on, rows of \(forecast.step) s, by \(chosen.name)" }

    private func values(_ row: Int) -> [Double] { levels.map { forecast.value(row: row, level: $0) } }

    func table() -> String {
        var table = TextTable(header: ["time"] + levels.map { "\($0)" })
        for row in 0..<rows {
            table.append(["\(forecast.grid.time(of: row))"] + values(row).map { String(format: "%.2f", $0) })
        }
        return table.rendered(width: Terminal.columns)
    }

    /// Three horizons of history beside the forecast, a day of it at least where there is as much.
    func plot() -> String {
        let past = demand.rows.suffix(max(3 * rows, 86_400 / demand.rows.step))
        let columns = forecast.levels.count
        let shown = QuantileForecast(
            origin: forecast.origin, step: forecast.step, levels: forecast.levels,
            values: Array(forecast.values.prefix(rows * columns)))
        let plot = TerminalPlot(history: past, forecast: shown, low: levels.first ?? 0.1, high: levels.last ?? 0.9)
        return plot.rendered(
            width: min(Terminal.columns, 120), height: 18, unicode: Terminal.usesUnicode, colour: Terminal.usesColour)
    }
}
