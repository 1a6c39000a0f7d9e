package import Series
package import Units

/// When a served model has stopped fitting what comes: its loss over matured outcomes against what it scored on rows it had
/// not learnt from, and against the seasonal naive on the very same rows.
package struct DriftRule: Hashable, Sendable {
    /// How many times its held-out loss a model may lose.
    package let overHeldOut: Double
    /// How many times the seasonal naive's loss a model may lose.
    package let overNaive: Double
    /// Origins that are looked at, spread over the matured rows of the last season; fewer than `fewest` say nothing.
    package let most: Int, fewest: Int

    /// A loss, as a share of the demand, that is as good as none.
    private static let negligible = 0.005

    package init(overHeldOut: Double = 2, overNaive: Double = 2, most: Int = 48, fewest: Int = 8) {
        (self.overHeldOut, self.overNaive, self.most, self.fewest) = (overHeldOut, overNaive, most, fewest)
    }

    /// What the matured outcomes say of `model`, which has learnt from the rows before `end` and lost `heldOut` on rows it had
    /// not learnt from (nil where that is not known). An outcome is matured once every row of its horizon has ended.
    ///
    /// Pure: the forecasts are made again from the rows before each origin. Complexity: `most` forecasts twice, and a fit of the
    /// seasonal naive.
    package func verdict(
        on model: any FittedModel, of history: KnownDemand, learntBefore end: Timestamp, heldOut: Double?
    ) -> DriftVerdict {
        verdict(on: losses(of: model, history, learntBefore: end), heldOut: heldOut)
    }

    package func verdict(on losses: MaturedLosses?, heldOut: Double?) -> DriftVerdict {
        guard let losses else { return .tooSoon }
        let own = losses.model
        if let heldOut, own > overHeldOut * max(heldOut, Self.negligible) {
            let cause = DriftVerdict.Cause(loss: own, reference: max(heldOut, Self.negligible), isNaive: false)
            return .drifted(cause)
        }
        guard let naive = losses.naive, own > overNaive * max(naive, Self.negligible) else { return .fine(loss: own) }
        return .drifted(DriftVerdict.Cause(loss: own, reference: max(naive, Self.negligible), isNaive: true))
    }

    /// Nil while too few outcomes have matured.
    package func losses(
        of model: any FittedModel, _ history: KnownDemand, learntBefore end: Timestamp
    ) -> MaturedLosses? {
        let task = model.task
        let learnt = min(max(Int(end.seconds(since: history.start)) / history.step, 0), history.count)
        let last = history.count - task.horizon
        // A quarter of a cycle at least: the small hours alone would condemn every model.
        guard last - learnt >= max(task.season / 4, fewest) else { return nil }
        let first = max(learnt, last - task.season)
        let stride = max(1, (last - first + most) / most)
        let origins = Array(Swift.stride(from: last, through: first, by: -stride).reversed())
        guard origins.count >= fewest else { return nil }
        let own = loss(of: model.forecasts(of: history, at: origins), at: origins, in: history, levels: task.levels)
        guard own.isFinite else { return nil }
        guard model.name != SeasonalNaive().name,
            let naive = try? SeasonalNaive().fit(history.prefix(learnt), task: task)
        else { return MaturedLosses(model: own, naive: nil) }
        let other = loss(of: naive.forecasts(of: history, at: origins), at: origins, in: history, levels: task.levels)
        return MaturedLosses(model: own, naive: other.isFinite ? other : nil)
    }

    private func loss(
        of forecasts: [QuantileForecast], at origins: [Int], in history: KnownDemand, levels: [Double]
    ) -> Double {
        var tally = AccuracyTally(levels: levels)
        for (origin, forecast) in zip(origins, forecasts) {
            for step in 0..<forecast.horizon where origin + step < history.count {
                let row = forecast.values[step * levels.count..<(step + 1) * levels.count]
                tally.add(actual: history[origin + step], forecast: row)
            }
        }
        return tally.loss
    }
}

/// What a model and the seasonal naive lost on the same matured outcomes, as shares of the demand; nil where there is no naive.
package struct MaturedLosses: Hashable, Sendable {
    package let model: Double, naive: Double?
}

/// What a drift rule found.
package enum DriftVerdict: Hashable, Sendable {
    /// Too few outcomes have matured since the model learnt.
    case tooSoon
    /// With the loss over the matured outcomes, as a share of the demand.
    case fine(loss: Double)
    case drifted(Cause)

    package struct Cause: Hashable, Sendable, CustomStringConvertible {
        /// Of the model over the matured outcomes, and what it was measured against, both as shares of the demand.
        package let loss: Double, reference: Double
        /// Whether that is the seasonal naive's, and not the model's own on held-out rows.
        package let isNaive: Bool

        package var ratio: Double { loss / reference }

        package var description: String {
            let times = (ratio * 100).rounded() / 100
            return isNaive
                ? "it loses \(times) times what the seasonal naive loses"
                : "it loses \(times) times what it lost held out"
        }
    }
}

extension HeldOutForecasts {
    /// The loss over all levels, and that over those above 0.9, as shares of the demand; nil where nothing was held out.
    package func losses(in history: KnownDemand) -> (all: Double, middle: Double, tail: Double)? {
        guard let levels = forecasts.first?.levels else { return nil }
        var tally = AccuracyTally(levels: levels)
        for (origin, forecast) in zip(origins, forecasts) {
            for step in 0..<forecast.horizon where origin + step < history.count {
                tally.add(
                    actual: history[origin + step],
                    forecast: forecast.values[step * levels.count..<(step + 1) * levels.count])
            }
        }
        return tally.rows == 0 ? nil : (tally.loss, tally.middleLoss, tally.tailLoss)
    }
}
