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

    /// Origins that are held out at most: neighbours are alike, and more would only cost.
    package static let most = 600
    /// The share of the rows that is held out, the newest.
    private static let share = 0.45

    /// Where held-out forecasts of a history start, the same for every method, so that methods are compared on the same rows.
    package static func origins(rows: Int, horizon: Int) -> [Int] {
        let first = rows - Int(Double(rows) * share), last = rows - horizon
        guard first > 0, first <= last else { return [] }
        return thinned(Array(first...last), most: most)
    }

    /// - Precondition: as many forecasts as origins, which ascend.
    package init(origins: [Int] = [], forecasts: [QuantileForecast] = []) {
        precondition(origins.count == forecasts.count, "a forecast an origin")
        (self.origins, self.forecasts) = (origins, forecasts)
    }
}

extension Forecaster {
    package var traits: ForecasterTraits { ForecasterTraits() }

    package func rowsNeeded(_ task: ForecastTask) -> Int { 1 }

    package func fit(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> any FittedModel { try fit(history, task: task) }

    /// Afresh.
    package func fitHoldingOut(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> HeldOutFit {
        try fitHoldingOut(history, task: task, from: nil)
    }

    /// Learns from the rows before the held-out part, forecasts within that, and then learns from all; nothing is held out
    /// where the rows before are too few to learn from.
    package func fitHoldingOut(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> HeldOutFit {
        let model = try fit(history, task: task)
        let origins = HeldOutForecasts.origins(rows: history.count, horizon: task.horizon)
        guard let first = origins.first, let early = try? fit(history.prefix(first), task: task) else {
            return HeldOutFit(model: model, heldOut: HeldOutForecasts())
        }
        let forecasts = early.forecasts(of: history, at: origins)
        return HeldOutFit(model: model, heldOut: HeldOutForecasts(origins: origins, forecasts: forecasts))
    }
}

extension FittedModel {
    package var seed: UInt64? { nil }

    package func forecasts(of history: KnownDemand, at origins: [Int]) -> [QuantileForecast] {
        origins.map { forecast(after: history.prefix($0)) }
    }

    package func updated(on history: KnownDemand) -> any FittedModel { self }

    package var standings: [MemberStanding] { [] }
}
