import Kernels
package import Series

/// Direct multi-horizon ridge with conformal quantiles: one linear map from what is known at an origin to every step ahead,
/// in the space of fourth roots, where counts vary about evenly at any height.
///
/// One Gram and one cross product serve all horizons and every λ; `RidgeCalibration` says how λ and the spread are learnt.
package struct DirectRidge: Forecaster {
    package let name = "ridge"
    /// A history that has hardly grown would be learnt from again for the same weights.
    package let traits = ForecasterTraits(refitGrowth: 1.0 / 16)

    /// Origins to learn from at most; beyond it they are thinned, which costs little as neighbours are alike.
    private static let maximumOrigins = 8_000
    private static let minimumOrigins = 40

    package init() {}

    package func rowsNeeded(_ task: ForecastTask) -> Int {
        RidgeFeatures(task: task, usesWeek: false).rowsNeeded + 4 * task.horizon + Self.minimumOrigins
    }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        try learn(history, task: task).model
    }

    /// Holds out what calibration forecasts anyway: each block by weights from before it.
    package func fitHoldingOut(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> HeldOutFit {
        let (model, stages) = try learn(history, task: task)
        var heldOut: (origins: [Int], forecasts: [QuantileForecast]) = ([], [])
        let wanted = HeldOutForecasts.origins(rows: history.count, horizon: task.horizon)
        for (number, stage) in stages.enumerated() {
            let end = number + 1 < stages.count ? stages[number + 1].first : Int.max
            let origins = wanted.filter { $0 >= stage.first && $0 < end }
            heldOut.origins += origins
            heldOut.forecasts += model.with(weights: stage.weights).forecasts(of: history, at: origins)
        }
        return HeldOutFit(
            model: model, heldOut: HeldOutForecasts(origins: heldOut.origins, forecasts: heldOut.forecasts))
    }

    private func learn(
        _ history: KnownDemand, task: ForecastTask
    ) throws(ForecastError) -> (model: FittedRidge, stages: [RidgeStage]) {
        let hasWeeks = task.isWeekly && history.count >= 9 * task.season + 2 * task.horizon
        let features = RidgeFeatures(task: task, usesWeek: hasWeeks)
        let needed = rowsNeeded(task)
        guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
        let origins = usableOrigins(history, features, task)
        let samples = RidgeSamples(history, features: features, task: task, origins: origins)
        guard origins.count >= Self.minimumOrigins, let calibration = RidgeCalibration(samples, task: task) else {
            throw .tooManyGaps(rows: history.count)
        }
        let (weights, spread, stages) = try calibration.fitted()
        return (FittedRidge(task: task, usesWeek: hasWeeks, weights: weights, spread: spread), stages)
    }

    /// Origins whose every target is known, thinned to the limit.
    private func usableOrigins(_ history: KnownDemand, _ features: RidgeFeatures, _ task: ForecastTask) -> [Int] {
        var missing = [0]
        missing.reserveCapacity(history.count + 1)
        for value in history.suffix() { missing.append(missing[missing.count - 1] + (value.isFinite ? 0 : 1)) }
        let all = (features.firstOrigin(rows: history.count)...history.count - task.horizon).filter {
            missing[$0 + task.horizon] == missing[$0] && missing[$0] - missing[$0 - features.lags] < features.lags / 2
        }
        return thinned(all, most: Self.maximumOrigins)
    }
}
