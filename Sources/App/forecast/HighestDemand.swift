import Forecasting
import Foundation
import Reports
import Series
import Units

/// The quantiles of the highest demand within windows: what capacity that cannot follow every row has to cover.
struct HighestDemand: Encodable {
    struct Window: Encodable { let from: String, to: String, values: [Double] }
    let series: String, model: String, step: Int, quantiles: [Double], windows: [Window]
    /// How many past forecasts say how rows go together. Where they are too few for a quantile, it is an upper bound.
    let paths: Int

    /// Windows of `length` rows, one after another over the first `rows` of the forecast; the last may be shorter.
    init(_ paths: ForecastPaths, series: String, model: String, rows: Int, length: Int, levels: [Double]) {
        let grid = paths.forecast.grid
        (self.series, self.model, step, quantiles, self.paths) = (series, model, grid.step, levels, paths.count)
        windows = stride(from: 0, to: rows, by: length).map { first in
            let steps = first..<min(first + length, rows)
            return Window(
                from: "\(grid.time(of: first))", to: "\(grid.time(of: steps.upperBound))",
                values: levels.map { paths.maximumQuantile(steps: steps, level: $0) })
        }
    }

    /// Whether the paths tell every quantile, and not only a bound of it.
    var isTold: Bool { quantiles.allSatisfy { Double(paths + 1) * (1 - $0) >= 1 } }

    func table() -> String {
        var table = TextTable(header: ["from", "to"] + quantiles.map { "\($0)" })
        for window in windows {
            table.append([window.from, window.to] + window.values.map { String(format: "%.2f", $0) })
        }
        return table.rendered(width: Terminal.columns)
    }
}

extension Predict {
    func showHighest(_ demand: StoredDemand, rows: Int, over seconds: Int) async throws {
        let known = KnownDemand(demand.rows)
        let fit = try await forecaster(for: demand).fitHoldingOut(known, task: demand.task(horizon: rows))
        let ranks = StepRanks(fit.heldOut, of: known, horizon: rows)
        let paths = ForecastPaths(fit.model.forecast(after: known), ranks: ranks)
        let highest = HighestDemand(
            paths, series: demand.key.description, model: fit.model.name, rows: rows,
            length: (seconds + demand.rows.step - 1) / demand.rows.step, levels: quantiles.levels)
        if json { return try printJSON(highest) }
        if !highest.isTold {
            Terminal.note(
                "\(ranks.count) past forecasts are too few for quantiles this high;",
                "what is shown for those is an upper bound")
        }
        print("\(demand.key), the highest demand of a row within each window, by \(fit.model.name), fitted now")
        print(highest.table(), terminator: "")
    }
}
