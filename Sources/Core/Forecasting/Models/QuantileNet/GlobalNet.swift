import Kernels
import Series
import Units

/// One quantile net for all series of a kind: each is measured in a unit of its own, and all share the networks.
package struct GlobalNet: GlobalForecaster {
    package let name = "global-net"
    package init() {}

    package func training(series: Int, rows: Int, task: ForecastTask) -> any GlobalTraining {
        GlobalNetTraining(series: series, rows: rows, task: task)
    }
}

struct GlobalNetTraining: GlobalTraining {
    /// Samples of all series together, and rows of their targets; twice what one series gives a net of its own.
    private static let most = (origins: 16_000, targets: 800_000)
    /// Samples that are learnt from at least.
    private static let fewest = 100

    private let features: QuantileNetFeatures
    private let perSeries: Double
    private let recipe = QuantileNetRecipe()
    private var parts: QuantileNetParts
    private var settled: SharedNet?

    init(series: Int, rows median: Int, task: ForecastTask) {
        let hasWeeks = task.isWeekly && median >= 9 * task.season + 2 * task.horizon
        features = QuantileNetFeatures(task: task, usesWeek: hasWeeks)
        let most = max(500, min(Self.most.origins, Self.most.targets / task.horizon))
        // Origins that no other series has are worth more than neighbours of one: each gives its share and no more.
        perSeries = min(
            Double(most) / Double(max(1, series)), Double(QuantileNetSamples.mostOrigins(task)))
        parts = QuantileNetParts(features: features)
    }

    func part(_ histories: ArraySlice<KnownDemand>, first: Int) -> QuantileNetParts {
        var parts = QuantileNetParts(features: features)
        for (number, history) in zip(histories.indices, histories) {
            let usable = features.allUsableOrigins(history)
            guard !usable.isEmpty else { continue }
            let share = min(1, perSeries / Double(usable.count))
            let origins = thinned(usable, share: share, shift: (first + number) &* 1_013)
            guard !origins.isEmpty else { continue }
            let filled = CausalRows(history, season: features.task.season).filled()
            parts.add(
                filled: filled, of: history, scale: FourthRoot(of: filled), at: origins,
                offset: SharedNet.rowsSinceEpoch(history))
        }
        return parts
    }

    mutating func add(_ other: QuantileNetParts) { parts.add(other) }

    /// Learns from all that was added, which it then forgets.
    mutating func settle(probing histories: [KnownDemand]) throws(ForecastError) {
        guard parts.count >= Self.fewest else {
            throw .historyTooShort(
                rows: histories.map(\.count).max() ?? 0, needed: features.rowsNeeded + 4 * features.task.horizon)
        }
        var samples = QuantileNetSamples(parts)
        parts = QuantileNetParts(features: features)
        let blocks = QuantileNet.blocks(samples)
        var members: [QuantileNetMember] = []
        for (number, block) in blocks.enumerated() {
            members.append(
                try QuantileNetMember(number, of: &samples, holding: block, features: features, recipe: recipe))
        }
        settled = SharedNet(
            features: features, originScale: samples.originScale, stepScale: samples.stepScale, members: members,
            heldFrom: blocks.first?.first.map { samples.origins[$0] } ?? .max)
    }

    var shared: any SharedModel {
        guard let settled else { preconditionFailure("a training is settled before it is asked") }
        return settled
    }
}

/// The networks of a global net, for any series.
struct SharedNet: SharedModel {
    /// Held-out forecasts of a series at most.
    private static let scoredOrigins = 20

    let name = "shared(global-net)"
    private let features: QuantileNetFeatures
    private let originScale: FeatureScale, stepScale: FeatureScale
    private let members: [QuantileNetMember]
    /// The first row since the epoch that the first of the networks has not learnt from.
    private let heldFrom: Int

    init(
        features: QuantileNetFeatures, originScale: FeatureScale, stepScale: FeatureScale,
        members: [QuantileNetMember], heldFrom: Int
    ) {
        (self.features, self.originScale, self.stepScale) = (features, originScale, stepScale)
        (self.members, self.heldFrom) = (members, heldFrom)
    }

    var task: ForecastTask { features.task }

    static func rowsSinceEpoch(_ history: KnownDemand) -> Int {
        Int(history.start.millisecondsSinceEpoch.flooredDivision(by: Int64(history.step) * 1_000).quotient)
    }

    func model(of history: KnownDemand) -> any FittedModel { net(history) }
    func model(for newcomer: KnownDemand) -> any FittedModel { net(newcomer) }

    private func net(_ history: KnownDemand) -> FittedQuantileNet {
        let filled = CausalRows(history, season: task.season).filled()
        return FittedQuantileNet(
            features: features, scale: FourthRoot(of: filled), cap: 1.5 * (filled.max() ?? 0),
            originScale: originScale, stepScale: stepScale, members: members, isGlobal: true)
    }

    /// By the network that has not seen the newest rows, in the unit that the series had before them.
    func heldOut(of history: KnownDemand) -> HeldOutForecasts {
        let first = max(0, heldFrom - Self.rowsSinceEpoch(history)), last = history.count - task.horizon
        guard first > 0, first <= last else { return HeldOutForecasts() }
        let stride = max(1, (last - first) / Self.scoredOrigins)
        let origins = Array(Swift.stride(from: first, through: last, by: stride).prefix(Self.scoredOrigins))
        let forecasts = net(history.prefix(first)).member(0).forecasts(of: history, at: origins)
        return HeldOutForecasts(origins: origins, forecasts: forecasts)
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .sharedNet, task: task)
        writer.write(features.usesWeek ? 1 : 0)
        writer.write(heldFrom)
        FittedQuantileNet.write(originScale, stepScale, members, to: &writer)
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        features = QuantileNetFeatures(task: reader.task, usesWeek: try reader.integer() == 1)
        heldFrom = try reader.integer()
        (originScale, stepScale, members) = try FittedQuantileNet.networks(&reader)
        // A history of its own would make it a model; that model's parts must fit.
        let model = FittedQuantileNet(
            features: features, scale: .ofCounts, cap: 0, originScale: originScale, stepScale: stepScale,
            members: members, isGlobal: true)
        guard model.isSound, abs(heldFrom) < 1 << 53 || heldFrom == .max else {
            throw .corruptModel("its parts do not fit its task")
        }
    }
}
