import Forecasting
import Reports
import Series

/// One model on the trace.
struct Candidate {
    let name: String
    let result: RollingForecasts
    let scores: Scores
    let shape: AccuracyShape
    /// For all fits and forecasts.
    let seconds: Double
}

/// How accurate models are that have seen so much.
struct LengthRow {
    let rows: Int
    /// In the order of the names asked for; NaN where the model cannot learn from so little.
    let losses: [Double]
}

/// The same origins of the same trace for every model.
struct Comparison {
    let series: RegularSeries
    let evaluation: EvaluationProtocol

    /// Nil where it cannot learn from the trace.
    func candidate(_ forecaster: any Forecaster) -> Candidate? {
        let start = ContinuousClock.now
        guard let result = try? evaluation.forecasts(of: series, by: forecaster) else { return nil }
        let seconds = start.duration(to: .now) / .seconds(1)
        var shape = AccuracyShape(task: evaluation.task)
        shape.add(result, of: series, number: 0)
        let scores = Scores(result, of: series, under: evaluation)
        return Candidate(name: forecaster.name, result: result, scores: scores, shape: shape, seconds: seconds)
    }

    /// Every model fitted once on the last 1, 2, 4 … seasons before the first origin, and asked at every origin.
    func byLength(_ names: [String]) -> [LengthRow] {
        let origins = evaluation.originRows(count: series.count)
        guard let first = origins.first else { return [] }
        let season = evaluation.task.season
        let lengths = sequence(first: season) { $0 * 2 }.prefix { $0 <= first }
        return lengths.map { length in
            let losses = names.map { name in
                loss(of: name, learningFrom: series[first - length..<first], asking: origins)
            }
            return LengthRow(rows: length, losses: losses)
        }
    }

    private func loss(of name: String, learningFrom part: RegularSeries, asking origins: [Int]) -> Double {
        guard let forecaster = try? ModelCatalogue.forecaster(named: name),
            let model = try? forecaster.fit(KnownDemand(part), task: evaluation.task)
        else { return .nan }
        let forecasts = model.forecasts(of: KnownDemand(series), at: origins)
        var shape = AccuracyShape(task: evaluation.task)
        shape.add(RollingForecasts(origins: origins, forecasts: forecasts), of: series, number: 0)
        return shape.all.middleLoss
    }
}
