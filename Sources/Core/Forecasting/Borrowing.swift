package import Series

/// A forecaster whose young histories are helped by what was learnt from others of their kind.
///
/// A combination gets one more member, which is weighed by held-out rows like the others and speaks alone until there are any.
/// Any other method is stood in for where the history is too short for it.
package struct Borrowing: Forecaster {
    /// Seasons after which a history tells more of itself than others do: each day of the week has been there twice.
    private static let youth = 14

    package let base: any Forecaster
    package let shared: any SharedModel

    package init(_ base: any Forecaster, from shared: any SharedModel) { (self.base, self.shared) = (base, shared) }

    package var name: String { base.name }
    package var traits: ForecasterTraits { base.traits }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        try fit(history, task: task, from: nil)
    }

    package func fit(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> any FittedModel {
        do throws(ForecastError) {
            return try helped(history, task).fit(history, task: task, from: previous)
        } catch {
            guard isTooLittle(error), shared.lends(to: task) else { throw error }
            return try Lender(shared: shared).fit(history, task: task)
        }
    }

    package func fitHoldingOut(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> HeldOutFit {
        do throws(ForecastError) {
            return try helped(history, task).fitHoldingOut(history, task: task, from: previous)
        } catch {
            guard isTooLittle(error), shared.lends(to: task) else { throw error }
            return try Lender(shared: shared).fitHoldingOut(history, task: task)
        }
    }

    private func helped(_ history: KnownDemand, _ task: ForecastTask) -> any Forecaster {
        guard let combination = base as? Combination, shared.lends(to: task), history.count < Self.youth * task.season
        else { return base }
        return combination.joined(by: Lender(shared: shared))
    }

    private func isTooLittle(_ error: ForecastError) -> Bool {
        switch error {
        case .historyTooShort, .nothingKnown, .tooManyGaps: true
        default: false
        }
    }
}

/// Gives every history, however short, what others like it have taught.
private struct Lender: Forecaster {
    let shared: any SharedModel
    let name = "borrowed"

    func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        guard shared.lends(to: task), history.suffix().contains(where: \.isFinite) else {
            throw .nothingKnown(rows: history.count)
        }
        return BorrowedModel(of: shared, for: history, task: task)
    }
}

/// What a shared model says of a series that it has not learnt from.
package struct BorrowedModel: FittedModel {
    package let task: ForecastTask
    private let shared: any SharedModel
    private let member: any FittedModel

    /// - Precondition: `shared` lends to `task`.
    init(of shared: any SharedModel, for history: KnownDemand, task: ForecastTask) {
        (self.shared, self.task) = (shared, task)
        member = shared.model(for: history)
    }

    package var name: String { "borrowed(\(member.name))" }

    package func forecast(after history: KnownDemand) -> QuantileForecast { cut(member.forecast(after: history)) }

    package func forecasts(of history: KnownDemand, at origins: [Int]) -> [QuantileForecast] {
        member.forecasts(of: history, at: origins).map(cut)
    }

    /// Those who lend may see further.
    private func cut(_ forecast: QuantileForecast) -> QuantileForecast {
        guard forecast.horizon > task.horizon else { return forecast }
        return QuantileForecast(
            origin: forecast.origin, step: forecast.step, levels: forecast.levels,
            values: Array(forecast.values.prefix(task.horizon * task.levels.count)))
    }

    /// Its height and the width of its errors become its own as its history grows.
    package func updated(on history: KnownDemand) -> any FittedModel {
        BorrowedModel(of: shared, for: history, task: task)
    }

    /// After the task: the shared model, and the member of it.
    package func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .borrowed, task: task)
        writer.write(nested: shared.encoded())
        writer.write(nested: member.encoded())
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        task = reader.task
        let lender = try ModelCatalogue.decodeShared(try reader.nested())
        let own = try reader.nested()
        guard [.globalRidge, .globalNet].contains(try ModelReader(own).kind) else {
            throw .corruptModel("what it borrows was not learnt from many")
        }
        (shared, member) = (lender, try ModelCatalogue.decode(own))
        guard shared.lends(to: task), member.task == shared.task else {
            throw .corruptModel("what it borrows was made for another task")
        }
    }
}
