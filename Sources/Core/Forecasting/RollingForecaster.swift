package import Series
package import Units

/// A forecaster that learns anew on a cadence as history grows; the same in an evaluation, a replay and the daemon.
package struct RollingForecaster: Sendable {
    package private(set) var forecaster: any Forecaster
    package let task: ForecastTask
    /// Rows between refits.
    package let refitEvery: Int
    package private(set) var model: (any FittedModel)?
    /// Why the newest attempt to learn failed; the model before it stays in use.
    package private(set) var failure: ForecastError?
    private var nextRefit: Timestamp?, nextUpdate: Timestamp?

    /// `refitEvery` counts rows, at least 1, and a failed fit is tried again after a tenth of it. A young history is learnt
    /// from again sooner, whenever it has grown by a quarter: it may be enough for a better model by then. `model` was
    /// trained before and is used until the first refit.
    package init(
        _ forecaster: any Forecaster, task: ForecastTask, refitEvery: Int, model: (any FittedModel)? = nil
    ) {
        precondition(refitEvery >= 1, "a refit needs at least a row between")
        (self.forecaster, self.task, self.refitEvery, self.model) = (forecaster, task, refitEvery, model)
    }

    /// The same, learning by another method from now on; the model and when it is due stay.
    package func learning(by other: any Forecaster) -> RollingForecaster {
        var next = self
        next.forecaster = other
        return next
    }

    /// Counted on the time axis and not in known rows, whose number stands still once a history is cut to a window.
    package func needsRefit(_ known: KnownDemand) -> Bool { nextRefit.map { known.end >= $0 } ?? true }

    /// Learns from what is known, going on from the model before. Costs what one fit of the forecaster costs.
    package mutating func refit(_ known: KnownDemand) {
        do throws(ForecastError) {
            let next = try forecaster.fit(known, task: task, from: model)
            adopt(next, fittedAt: known.end, step: known.step, rows: known.count)
        } catch {
            failure = error
            let wait = max(1, min(refitEvery / 10, known.count / 4))
            nextRefit = known.end.advanced(bySeconds: wait * known.step)
        }
    }

    /// Takes over a model that was fitted elsewhere, on `rows` rows before `end`; as many as enough where that is unknown.
    package mutating func adopt(_ model: any FittedModel, fittedAt end: Timestamp, step: Int, rows: Int = .max) {
        (self.model, failure) = (model, nil)
        let grown = rows == .max ? 0 : Int(Double(rows) * forecaster.traits.refitGrowth)
        nextRefit = end.advanced(bySeconds: max(1, grown, min(refitEvery, rows / 4)) * step)
    }

    /// Whether enough has matured for the model to follow: a third of the horizon, and no less than half an hour in a
    /// season of a day, as each costs some forecasts.
    package func needsUpdate(_ known: KnownDemand) -> Bool { nextUpdate.map { known.end >= $0 } ?? true }

    /// Lets the model follow the outcomes that are known by now.
    package mutating func update(_ known: KnownDemand) {
        model = model?.updated(on: known)
        nextUpdate = known.end.advanced(bySeconds: max(1, task.horizon / 3, task.season / 48) * known.step)
    }

    /// Refits and updates where due and forecasts the rows from `known.end` on; nil while nothing could be learnt.
    package mutating func forecast(after known: KnownDemand) -> QuantileForecast? {
        if needsRefit(known) { refit(known) }
        if needsUpdate(known) { update(known) }
        return model?.forecast(after: known)
    }

    /// What `forecast(after:)` gives at each of `origins`, known rows of `history`, one after the other. Between refits and
    /// updates the model is asked for all origins at once.
    package mutating func forecasts(of history: KnownDemand, at origins: Range<Int>) -> [QuantileForecast?] {
        var forecasts: [QuantileForecast?] = []
        forecasts.reserveCapacity(origins.count)
        var origin = origins.lowerBound
        while origin < origins.upperBound {
            let known = history.prefix(origin)
            if needsRefit(known) { refit(known) }
            if needsUpdate(known) { update(known) }
            let end = [nextRefit, nextUpdate].compactMap { $0 }.reduce(origins.upperBound) { end, due in
                min(end, max(origin + 1, history.row(notBefore: due)))
            }
            if let model {
                forecasts += model.forecasts(of: history.prefix(end - 1), at: Array(origin..<end))
            } else {
                forecasts += [QuantileForecast?](repeating: nil, count: end - origin)
            }
            origin = end
        }
        return forecasts
    }
}

extension KnownDemand {
    /// The first row that does not start before `time`.
    fileprivate func row(notBefore time: Timestamp) -> Int {
        Int((time.seconds(since: start) / Double(step)).rounded(.up))
    }
}
