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
    /// As `forecasts(of:by:)`, of many series at once: what is learnt from at a refit is each series before the origin that is
    /// next in it, the last origins of all being counted as one.
    package func forecasts(
        of many: [RegularSeries], by forecaster: any GlobalForecaster
    ) throws(ForecastError) -> [RollingForecasts] {
        let rows = many.map { originRows(count: $0.count) }
        let most = rows.map(\.count).max() ?? 0
        var forecasts = [[QuantileForecast]](repeating: [], count: many.count)
        var fit: (models: [any FittedModel], number: Int)?
        for number in 0..<most {
            let next = rows.map { $0.isEmpty ? nil : $0[max(0, number - most + $0.count)] }
            if fit.map({ (number - $0.number) * stride >= 7 * task.season }) ?? true {
                let known = zip(many, next).map { KnownDemand($0, count: $1 ?? 0) }
                fit = (try forecaster.fit(known, task: task).models, number)
            }
            for (series, origin) in next.enumerated() {
                guard let fit, let origin, number >= most - rows[series].count else { continue }
                forecasts[series].append(fit.models[series].forecast(after: KnownDemand(many[series], count: origin)))
            }
        }
        return zip(rows, forecasts).map { RollingForecasts(origins: $0, forecasts: $1) }
    }
}
