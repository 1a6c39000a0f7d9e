package import Series

/// A fitted model with what its method had forecast for rows it had not learnt from.
package struct HeldOutFit: Sendable {
    package let model: any FittedModel
    package let heldOut: HeldOutForecasts

    package init(model: any FittedModel, heldOut: HeldOutForecasts) { (self.model, self.heldOut) = (model, heldOut) }
}

/// Forecasts of rows of a history by a model that had not learnt from them.
package struct HeldOutForecasts: Sendable {
    /// First row of each, numbers in the history that was learnt from, ascending.
    package let origins: [Int]
    package let forecasts: [QuantileForecast]

    /// Origins that are kept at most: neighbours are alike, and more would only cost.
    package static let most = 600

    /// - Precondition: as many forecasts as origins, which ascend.
    package init(origins: [Int] = [], forecasts: [QuantileForecast] = []) {
        precondition(origins.count == forecasts.count, "a forecast an origin")
        (self.origins, self.forecasts) = (origins, forecasts)
    }
}

extension Forecaster {
    package var traits: ForecasterTraits { ForecasterTraits() }

    /// Learns from the first 70% of the rows, forecasts within the rest, and then learns from all; nothing is held out where
    /// that part is too short to learn from.
    package func fitHoldingOut(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> HeldOutFit {
        let model = try fit(history, task: task)
        let first = history.count * 7 / 10
        let known = history.prefix(first)
        guard history.count - first >= task.horizon, let early = try? fit(known, task: task) else {
            return HeldOutFit(model: model, heldOut: HeldOutForecasts())
        }
        let last = history.count - task.horizon
        let stride = max(1, (last - first) / HeldOutForecasts.most + 1)
        let origins = Array(Swift.stride(from: first, through: last, by: stride))
        let forecasts = early.forecasts(of: history, at: origins)
        return HeldOutFit(model: model, heldOut: HeldOutForecasts(origins: origins, forecasts: forecasts))
    }
}

extension FittedModel {
    package func forecasts(of history: KnownDemand, at origins: [Int]) -> [QuantileForecast] {
        origins.map { forecast(after: history.prefix($0)) }
    }

    package func updated(on history: KnownDemand) -> any FittedModel { self }
}
