import Kernels
package import Series

/// A small network that forecasts the quantiles of what a ridge leaves, for every step ahead, in the space of fourth roots.
///
/// Three networks, each with another block of the newest origins held out: its training stops where that block is forecast
/// best, and their quantiles are averaged. What a network says of the block it has not seen is what the model is calibrated by.
/// R. Wen et al., "A multi-horizon quantile recurrent forecaster", 2017, for shared steps and quantiles; B. Lakshminarayanan et
/// al., "Simple and scalable predictive uncertainty estimation using deep ensembles", NeurIPS 2017, for the average.
///
/// A fit that is given the net of a shorter history goes on from its networks with far fewer epochs, at a lower rate, if the
/// features are the same; the ridges, the scales and the base quantiles are learnt anew. Each network goes on from one that had
/// not learnt from what it holds out (`QuantileNetPast`), so what is said of held-out rows is still said by what never saw
/// them. A history that has grown by more than about two fifths is learnt from nothing.
package struct QuantileNet: Forecaster {
    package let name = "net"
    package let traits = ForecasterTraits(refitGrowth: 1.0 / 6, goesOn: true)

    private static let members = 3
    /// The share of the origins that each member holds out.
    private static let heldOutShare = 0.15
    /// Origins that are learnt from at least.
    private static let fewestOrigins = 100

    /// Of the first member; the others follow.
    static let seed: UInt64 = 0

    private let recipe = QuantileNetRecipe()

    package init() {}

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        try fit(history, task: task, from: nil)
    }

    package func fit(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> any FittedModel {
        try learnt(history, task: task, from: previous as? FittedQuantileNet).model
    }

    /// Two seasons and a bit: one that origins look back on, and origins for another, or for four horizons.
    package func rowsNeeded(_ task: ForecastTask) -> Int {
        QuantileNetFeatures(task: task, usesWeek: false).rowsNeeded
            + max(task.season, 4 * task.horizon, Self.fewestOrigins) + task.horizon
    }

    package func fitHoldingOut(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> HeldOutFit {
        let (model, blocks) = try learnt(history, task: task, from: previous as? FittedQuantileNet)
        let wanted = HeldOutForecasts.origins(rows: history.count, horizon: task.horizon)
        var origins: [Int] = [], forecasts: [QuantileForecast] = []
        // The newest block is the first member's, which has learnt from nothing after it.
        for (number, block) in blocks.enumerated() {
            let last = number == 0 ? .max : block[block.count - 1]
            let kept = wanted.filter { $0 >= block[0] && $0 <= last }
            origins = kept + origins
            forecasts = model.member(number).forecasts(of: history, at: kept) + forecasts
        }
        return HeldOutFit(model: model, heldOut: HeldOutForecasts(origins: origins, forecasts: forecasts))
    }

    /// The model, and the origins that each of its members has not seen.
    private func learnt(
        _ history: KnownDemand, task: ForecastTask, from previous: FittedQuantileNet?
    ) throws(ForecastError) -> (model: FittedQuantileNet, heldOut: [[Int]]) {
        let hasWeeks = task.isWeekly && history.count >= 9 * task.season + 2 * task.horizon
        let features = QuantileNetFeatures(task: task, usesWeek: hasWeeks)
        let needed = rowsNeeded(task)
        guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
        let origins = features.usableOrigins(history)
        guard origins.count >= Self.fewestOrigins / 2 else { throw .tooManyGaps(rows: history.count) }
        let filled = CausalRows(history, season: task.season).filled(), scale = FourthRoot(of: filled)
        var parts = QuantileNetParts(features: features)
        parts.add(filled: filled, of: history, scale: scale, at: origins)
        var samples = QuantileNetSamples(consume parts)
        let afresh = QuantileNetPlan(samples: samples.count, members: Self.members, share: Self.heldOutShare)
        let goingOn = previous.flatMap { $0.isLike(features) ? $0.past : nil }.flatMap {
            QuantileNetPlan(after: $0, origins: origins, of: history, horizon: task.horizon, afresh: afresh)
        }
        let plan = goingOn ?? afresh
        var members: [QuantileNetMember] = []
        for (number, block) in plan.blocks.enumerated() {
            let start = plan.parents.flatMap { previous?.parameters(ofMember: $0[number]) }
            members.append(
                try QuantileNetMember(
                    number, of: &samples, holding: Array(block)[...], features: features,
                    recipe: start == nil ? recipe : .goingOn, from: start))
        }
        let model = FittedQuantileNet(
            features: features, scale: scale, cap: 1.5 * (filled.max() ?? 0), originScale: samples.originScale,
            stepScale: samples.stepScale, members: members,
            past: plan.past(origins, of: history, horizon: task.horizon))
        return (model, plan.blocks.map { $0.map { origins[$0] } })
    }

    /// The samples that each member holds out, in the order of time, the newest first.
    static func blocks(_ samples: QuantileNetSamples) -> [ArraySlice<Int>] {
        let order = samples.byTime
        return QuantileNetPlan(samples: order.count, members: members, share: heldOutShare).blocks.map { order[$0] }
    }
}

extension QuantileNetFeatures {
    var shape: QuantileNetShape {
        QuantileNetShape(originFeatures: originCount, stepFeatures: stepCount, levels: task.levels.count)
    }
}
