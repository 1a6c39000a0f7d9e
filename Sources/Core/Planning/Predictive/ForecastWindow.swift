import Series
import Units

/// A forecast as rates per second; rows past its horizon are taken to be like the last.
struct ForecastWindow {
    private let forecast: QuantileForecast
    private let service: ServiceModel

    init(_ forecast: QuantileForecast, _ service: ServiceModel) { (self.forecast, self.service) = (forecast, service) }

    var step: Int { forecast.step }

    func rate(row: Int, _ level: Double) -> Double {
        let value = forecast.value(row: min(max(row, 0), forecast.horizon - 1), level: level)
        return service.rate(ofRow: value, step: forecast.step)?.perSecond ?? 0
    }

    /// Of the rows within [`start`, `start` + `seconds`).
    func highest(_ start: Timestamp, lasting seconds: Int, _ level: Double) -> Double {
        var highest = 0.0
        for row in rows(start, seconds) { highest = max(highest, rate(row: row, level)) }
        return highest
    }

    /// Instances for every row within [`start`, `start` + `seconds`), whose demand is `factor` times what is forecast: for its
    /// quantile at `level`, or where there is a queue, for so few late requests over all that the row may be.
    func instances(_ start: Timestamp, lasting seconds: Int, _ level: Double, _ factor: Double = 1) -> Int {
        guard let queue = service.queue else {
            return service.instances(forRate: factor * highest(start, lasting: seconds, level))
        }
        let scale = factor * (service.rate(ofRow: 1, step: forecast.step)?.perSecond ?? 1)
        let counts = rows(start, seconds).map { row in
            queue.instances(
                RateSpread(forecast, row: row, factor: scale), late: 1 - level, most: service.maxInstances)
        }
        return service.clamped(counts.max() ?? 0)
    }

    /// The chance that a row within [`start`, `start` + `seconds`) exceeds `rate`: the highest of the rows' own.
    func chance(_ start: Timestamp, lasting seconds: Int, above rate: Double) -> Double {
        var chance = 0.0
        for row in rows(start, seconds) { chance = max(chance, self.chance(row: row, above: rate)) }
        return chance
    }

    /// The level at which `rate` comes is where it no longer exceeds the row's value: by bisection, for values rise with levels.
    private func chance(row: Int, above rate: Double) -> Double {
        if self.rate(row: row, 0) > rate { return 1 }
        var low = 0.0, high = 1 - 1e-12
        if self.rate(row: row, high) <= rate { return 0 }
        for _ in 0..<40 {
            let middle = (low + high) / 2
            if self.rate(row: row, middle) > rate { high = middle } else { low = middle }
        }
        return 1 - high
    }

    private func rows(_ start: Timestamp, _ seconds: Int) -> ClosedRange<Int> {
        let last = forecast.horizon - 1
        let first = min(max(forecast.grid.row(holding: start), 0), last)
        return first...min(max(forecast.grid.row(holding: start.advanced(bySeconds: max(seconds, 1) - 1)), first), last)
    }
}
