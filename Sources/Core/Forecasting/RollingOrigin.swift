package import Series

/// How accuracy is measured: which origins, how far, at which levels.
package struct EvaluationProtocol: Hashable, Sendable {
    package let task: ForecastTask
    /// Origins at most; rows between them.
    package let origins: Int, stride: Int

    package init(task: ForecastTask, origins: Int, stride: Int) {
        precondition(origins >= 1 && stride >= 1, "an evaluation has origins, and rows between them")
        (self.task, self.origins, self.stride) = (task, origins, stride)
    }

    /// Row numbers of the origins, ascending: the last one a horizon before the end, the others a stride apart before it,
    /// none within the first two seasons.
    package func originRows(count: Int) -> [Int] {
        let last = count - task.horizon
        return (0..<origins).map { last - stride * $0 }.filter { $0 > 2 * task.season }.reversed()
    }
}

/// The forecasts of one series, with the row each starts at.
package struct RollingForecasts: Sendable {
    package let origins: [Int]
    package let forecasts: [QuantileForecast]

    package init(origins: [Int], forecasts: [QuantileForecast]) {
        (self.origins, self.forecasts) = (origins, forecasts)
    }
}

extension EvaluationProtocol {
    /// Forecasts from every origin, learning anew every seven seasons. Nothing at or after an origin is ever shown.
    ///
    /// - Throws: where nothing could be learnt before the first origin.
    package func forecasts(
        of series: RegularSeries, by forecaster: any Forecaster
    ) throws(ForecastError)
        -> RollingForecasts
    {
        var rolling = RollingForecaster(forecaster, task: task, refitEvery: 7 * task.season)
        let rows = originRows(count: series.count)
        var forecasts: [QuantileForecast] = []
        for origin in rows {
            guard let forecast = rolling.forecast(after: KnownDemand(series, count: origin)) else {
                throw rolling.failure ?? .nothingKnown(rows: origin)
            }
            forecasts.append(forecast)
        }
        return RollingForecasts(origins: rows, forecasts: forecasts)
    }
}
