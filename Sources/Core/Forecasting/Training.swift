package import Series

/// A model fitted on a whole history, and what the method scored on the last part of it before that.
package struct TrainedModel: Sendable {
    package let model: any FittedModel
    /// Nil where the history is too short to hold any of it out.
    package let heldOut: HeldOutScores?
}

/// The scores of a model and of the baseline on the same origins.
package struct HeldOutScores: Hashable, Sendable {
    package let model: Scores, seasonalNaive: Scores
    /// How many origins were forecast from.
    package let origins: Int
}

extension ForecastTask {
    /// Origins of the held-out part: as many as fit in the last fifth of the history, 20 at most.
    fileprivate func heldOut(rows: Int) -> EvaluationProtocol {
        let stride = max(1, rows / 5 / 20)
        return EvaluationProtocol(task: self, origins: 20, stride: stride)
    }
}

/// Scores the method on the last fifth of the history, learning only from what lies before each origin, and then learns from
/// all of it, going on from `previous`. The scores come from models that begin with nothing, as `previous` may have learnt
/// from what they are scored on. Costs two fits and some forecasts.
package func trained(
    on series: RegularSeries, by forecaster: any Forecaster, task: ForecastTask, from previous: (any FittedModel)? = nil
) throws(ForecastError) -> TrainedModel {
    let model = try forecaster.fit(KnownDemand(series), task: task, from: previous)
    let evaluation = task.heldOut(rows: series.count)
    do throws(ForecastError) {
        let own = try evaluation.forecasts(of: series, by: forecaster)
        let naive = try evaluation.forecasts(of: series, by: SeasonalNaive())
        let scores = HeldOutScores(
            model: Scores(own, of: series, under: evaluation),
            seasonalNaive: Scores(naive, of: series, under: evaluation), origins: own.origins.count)
        return TrainedModel(model: model, heldOut: scores.origins == 0 || scores.model.rows == 0 ? nil : scores)
    } catch {
        // A history that is just long enough to learn from has nothing to spare for a test.
        return TrainedModel(model: model, heldOut: nil)
    }
}
