package import Series

/// A method that learns from many series of one kind at once: what they have in common is learnt once, and a series that is
/// a day old borrows it.
package protocol GlobalForecaster: Sendable {
    var name: String { get }

    /// A training of so many series, whose histories have `rows` rows in the middle of them.
    func training(series: Int, rows: Int, task: ForecastTask) -> any GlobalTraining
}

/// The training of a global method in parts, so that they can be made beside each other, and of series that are never in memory
/// all at once. In this order: `add` the `part` of every chunk, `settle`, ask for what is `shared`. Parts must be added in the
/// order of the chunks, as the last bits of a sum depend on it.
package protocol GlobalTraining: Sendable {
    associatedtype Part: Sendable

    /// What a slice of the histories gives to learn from; `first` is the number of the slice's index 0 among all of them.
    func part(_ histories: ArraySlice<KnownDemand>, first: Int) -> Part

    mutating func add(_ part: Part)

    /// Learns from all that was added; some of the histories, at most `globalProbes`, tell how far off it is.
    ///
    /// - Throws: where all of them together are too short to learn from.
    mutating func settle(probing histories: [KnownDemand]) throws(ForecastError)

    /// What has been learnt.
    ///
    /// - Precondition: `settle` has succeeded.
    var shared: any SharedModel { get }
}

/// Histories that a global training is settled with, at most.
package let globalProbes = 128

/// The numbers of the histories that make a chunk of a global training; the same however many workers there are.
package func globalChunks(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: 64).map { $0..<min($0 + 64, count) }
}

/// The numbers of those of `count` histories that a global training is settled with, spread evenly.
package func globalProbes(of count: Int) -> [Int] {
    Array(stride(from: 0, to: count, by: max(1, (count + globalProbes - 1) / globalProbes)))
}

extension GlobalForecaster {
    /// Learns from the known rows of all histories, which have one step; the same histories in the same order and the same
    /// task give the same models, bit for bit. Histories may be of any height, length and start.
    ///
    /// - Throws: where all of them together are too short to learn from.
    package func fit(_ histories: [KnownDemand], task: ForecastTask) throws(ForecastError) -> GlobalFit {
        let counts = histories.map(\.count).sorted()
        let rows = counts.isEmpty ? 0 : counts[counts.count / 2]
        return try settled(training(series: counts.count, rows: rows, task: task), histories)
    }

    private func settled(
        _ begun: some GlobalTraining, _ histories: [KnownDemand]
    ) throws(ForecastError) -> GlobalFit {
        var training = begun
        for chunk in globalChunks(of: histories.count) { training.add(training.part(histories[chunk], first: 0)) }
        try training.settle(probing: globalProbes(of: histories.count).map { histories[$0] })
        let shared = training.shared
        return GlobalFit(models: histories.map { shared.model(of: $0) }, shared: shared)
    }
}

/// What a global method has learnt.
package struct GlobalFit: Sendable {
    /// One a history, in their order.
    package let models: [any FittedModel]
    package let shared: any SharedModel

    package init(models: [any FittedModel], shared: any SharedModel) {
        (self.models, self.shared) = (models, shared)
    }

    /// A model for a series that was not among the histories, however short it is.
    package func model(for newcomer: KnownDemand) -> any FittedModel { shared.model(for: newcomer) }
}

/// What was learnt from many series, kept for any series of their kind. Itself asked for a forecast, it takes the history for
/// a newcomer's.
package protocol SharedModel: FittedModel {
    /// The model of a history that was learnt from. Defined for every history, however short.
    func model(of history: KnownDemand) -> any FittedModel

    /// A model for a history that was not, which may be a day long or empty.
    func model(for newcomer: KnownDemand) -> any FittedModel

    /// Forecasts of the newest rows of a history that was learnt from, by what has not seen them; none where it is too short.
    func heldOut(of history: KnownDemand) -> HeldOutForecasts
}

extension SharedModel {
    package func forecast(after history: KnownDemand) -> QuantileForecast {
        model(for: history).forecast(after: history)
    }

    /// Whether it can forecast what `task` asks for: the same cycle and levels, and as far.
    package func lends(to task: ForecastTask) -> Bool {
        self.task.levels == task.levels && self.task.season == task.season && self.task.isWeekly == task.isWeekly
            && self.task.horizon >= task.horizon
    }
}
