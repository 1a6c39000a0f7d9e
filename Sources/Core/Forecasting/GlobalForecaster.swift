package import Series

/// A method that learns from many series of one kind at once: what they have in common is learnt once, and a series that is
/// a day old borrows it.
package protocol GlobalForecaster: Sendable {
    var name: String { get }

    /// Learns from the known rows of all histories, which have one step; the same histories in the same order and the same
    /// task give the same models, bit for bit. Histories may be of any height, length and start.
    ///
    /// - Throws: where all of them together are too short to learn from.
    func fit(_ histories: [KnownDemand], task: ForecastTask) throws(ForecastError) -> GlobalFit
}

/// What a global method has learnt.
package struct GlobalFit: Sendable {
    /// One a history, in their order.
    package let models: [any FittedModel]
    private let borrow: @Sendable (KnownDemand) -> any FittedModel

    package init(models: [any FittedModel], borrow: @escaping @Sendable (KnownDemand) -> any FittedModel) {
        (self.models, self.borrow) = (models, borrow)
    }

    /// A model for a series that was not among the histories, however short it is.
    package func model(for newcomer: KnownDemand) -> any FittedModel { borrow(newcomer) }
}
