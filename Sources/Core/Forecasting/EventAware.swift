package import Series
import Units

/// Any forecaster, told of events: their effects are learnt, taken out of the history that the forecaster sees, and put into
/// what it forecasts.
///
/// Around the model and not a column within it, because a direct ridge shares its features among all steps, while an event
/// touches some of them; and so a model need know nothing of events to profit.
package struct EventAware: Forecaster {
    package let base: any Forecaster
    package let events: KnownEvents

    package init(_ base: any Forecaster, events: KnownEvents) { (self.base, self.events) = (base, events) }

    package var name: String { base.name }
    package var traits: ForecasterTraits { base.traits }

    package func rowsNeeded(_ task: ForecastTask) -> Int { base.rowsNeeded(task) }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        try fit(history, task: task, from: nil)
    }

    package func fit(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> any FittedModel {
        let effects = EventEffects(history, events: events, task: task)
        let fitted = try base.fit(effects.removed(from: history), task: task, from: Self.base(of: previous))
        return FittedEventAware(base: fitted, effects: effects)
    }

    /// What the model before had learnt without its events, or the whole of one that was told of none.
    private static func base(of previous: (any FittedModel)?) -> (any FittedModel)? {
        (previous as? FittedEventAware)?.base ?? previous
    }

    package func fitHoldingOut(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> HeldOutFit {
        let effects = EventEffects(history, events: events, task: task)
        let fit = try base.fitHoldingOut(
            effects.removed(from: history), task: task, from: Self.base(of: previous))
        let forecasts = fit.heldOut.forecasts.map(effects.added(to:))
        return HeldOutFit(
            model: FittedEventAware(base: fit.model, effects: effects),
            heldOut: HeldOutForecasts(origins: fit.heldOut.origins, forecasts: forecasts))
    }
}

struct FittedEventAware: FittedModel {
    fileprivate let base: any FittedModel
    private let effects: EventEffects

    init(base: any FittedModel, effects: EventEffects) { (self.base, self.effects) = (base, effects) }

    var name: String { base.name }
    var task: ForecastTask { base.task }
    var seed: UInt64? { base.seed }
    var standings: [MemberStanding] { base.standings }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        effects.added(to: base.forecast(after: effects.removed(from: history)))
    }

    func forecasts(of history: KnownDemand, at origins: [Int]) -> [QuantileForecast] {
        base.forecasts(of: effects.removed(from: history), at: origins).map(effects.added(to:))
    }

    func updated(on history: KnownDemand) -> any FittedModel {
        FittedEventAware(base: base.updated(on: effects.removed(from: history)), effects: effects)
    }

    /// After the task: the effects, and for each kind its name and its spans in milliseconds; then the model.
    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .eventAware, task: task)
        writer.write(effects.effects)
        for kind in effects.events.kinds {
            writer.write(nested: Array(kind.name.utf8))
            writer.write(kind.spans.map { Double($0.start.millisecondsSinceEpoch) })
            writer.write(kind.spans.map { Double($0.end.millisecondsSinceEpoch) })
        }
        writer.write(nested: base.encoded())
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        let found = try reader.doubles()
        guard found.count <= KnownEvents.most, found.allSatisfy({ abs($0) <= 10 }) else {
            throw .corruptModel("its events make no sense")
        }
        var kinds: [KnownEvents.Kind] = []
        for _ in found {
            let name = String(decoding: try reader.nested(), as: UTF8.self)
            let starts = try reader.doubles(), ends = try reader.doubles()
            guard starts.count == ends.count, (starts + ends).allSatisfy({ abs($0) < 1e16 }) else {
                throw .corruptModel("its events make no sense")
            }
            kinds.append(
                KnownEvents.Kind(
                    name: name,
                    spans: zip(starts, ends).map { KnownEvents.Span(start: Self.time($0), end: Self.time($1)) }))
        }
        let events = KnownEvents(kinds)
        guard events.kinds.map(\.name) == kinds.map(\.name) else { throw .corruptModel("its events are in no order") }
        let task = reader.task
        base = try ModelCatalogue.decodeUneventful(try reader.nested())
        guard base.task == task else { throw .corruptModel("the model within was made for another task") }
        effects = EventEffects(events: events, effects: found)
    }

    private static func time(_ milliseconds: Double) -> Timestamp {
        Timestamp(millisecondsSinceEpoch: Int64(milliseconds))
    }
}
