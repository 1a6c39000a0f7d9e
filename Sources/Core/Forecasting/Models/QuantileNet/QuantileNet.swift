import Kernels
package import Series

/// A small network that forecasts the quantiles of what a ridge leaves, for every step ahead, in the space of fourth roots.
///
/// Three networks, each with another block of the newest origins held out: its training stops where that block is forecast
/// best, and their quantiles are averaged. What a network says of the block it has not seen is what the model is calibrated by.
/// R. Wen et al., "A multi-horizon quantile recurrent forecaster", 2017, for shared steps and quantiles; B. Lakshminarayanan et
/// al., "Simple and scalable predictive uncertainty estimation using deep ensembles", NeurIPS 2017, for the average.
package struct QuantileNet: Forecaster {
    package let name = "net"
    package let traits = ForecasterTraits(refitGrowth: 1.0 / 6)

    private static let members = 3
    /// The share of the origins that each member holds out.
    private static let heldOutShare = 0.15
    /// Origins that are learnt from at least.
    private static let fewestOrigins = 100

    private let recipe = QuantileNetRecipe()

    package init() {}

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        try learnt(history, task: task).model
    }

    package func fitHoldingOut(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> HeldOutFit {
        let (model, blocks) = try learnt(history, task: task)
        let wanted = HeldOutForecasts.origins(rows: history.count, horizon: task.horizon)
        var (origins, forecasts, end): ([Int], [QuantileForecast], Int) = ([], [], .max)
        // The newest block is the first member's.
        for (number, block) in blocks.enumerated() {
            let kept = wanted.filter { $0 >= block[0] && $0 < end }
            origins = kept + origins
            forecasts = model.member(number).forecasts(of: history, at: kept) + forecasts
            end = block[0]
        }
        return HeldOutFit(model: model, heldOut: HeldOutForecasts(origins: origins, forecasts: forecasts))
    }

    /// The model, and the origins that each of its members has not seen.
    private func learnt(
        _ history: KnownDemand, task: ForecastTask
    ) throws(ForecastError) -> (model: FittedQuantileNet, heldOut: [[Int]]) {
        let hasWeeks = task.isWeekly && history.count >= 9 * task.season + 2 * task.horizon
        let features = QuantileNetFeatures(task: task, usesWeek: hasWeeks)
        // Two seasons and a bit: one that origins look back on, and origins for another, or for four horizons.
        let needed = features.rowsNeeded + max(task.season, 4 * task.horizon, Self.fewestOrigins) + task.horizon
        guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
        let origins = features.usableOrigins(history)
        guard origins.count >= Self.fewestOrigins / 2 else { throw .tooManyGaps(rows: history.count) }
        let filled = CausalRows(history, season: task.season).filled(), scale = FourthRoot(of: filled)
        var parts = QuantileNetParts(features: features)
        parts.add(filled: filled, of: history, scale: scale, at: origins)
        var samples = QuantileNetSamples(parts)
        var members: [QuantileNetMember] = [], heldOut: [[Int]] = []
        for (number, block) in Self.blocks(samples).enumerated() {
            members.append(
                try QuantileNetMember(number, of: &samples, holding: block, features: features, recipe: recipe))
            heldOut.append(block.map { origins[$0] })
        }
        let model = FittedQuantileNet(
            features: features, scale: scale, cap: 1.5 * (filled.max() ?? 0), originScale: samples.originScale,
            stepScale: samples.stepScale, members: members)
        return (model, heldOut)
    }

    /// The samples that each member holds out, in the order of time, the newest first.
    static func blocks(_ samples: QuantileNetSamples) -> [ArraySlice<Int>] {
        let order = samples.byTime, size = max(1, Int(Double(order.count) * heldOutShare))
        return (0..<members).map { order[order.count - ($0 + 1) * size..<order.count - $0 * size] }
    }
}

extension QuantileNetFeatures {
    var shape: QuantileNetShape {
        QuantileNetShape(originFeatures: originCount, stepFeatures: stepCount, levels: task.levels.count)
    }
}
