package import Series

/// Several forecasters as one: each that can learn does, those that forecast held-out rows best speak, as the weighted mean of
/// their quantiles, and what the mean missed on those rows sets its levels right. Weights and levels follow outcomes afterwards.
package struct Combination: Forecaster {
    package let name: String
    /// The most demanding first: where nothing can be held out the first that learns speaks alone.
    private let members: [any Forecaster]

    /// - Precondition: there is at least one member.
    package init(name: String, of members: [any Forecaster]) {
        precondition(!members.isEmpty, "a combination needs members")
        (self.name, self.members) = (name, members)
    }

    /// The same with one more, which speaks alone where nothing can be held out.
    package func joined(by member: any Forecaster) -> Combination { Combination(name: name, of: [member] + members) }

    /// Those of the member that costs most to refit.
    package var traits: ForecasterTraits {
        ForecasterTraits(refitGrowth: members.map(\.traits.refitGrowth).max() ?? 0)
    }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        try fitHoldingOut(history, task: task).model
    }

    /// - Throws: where no member can learn, what the last and least demanding lacks.
    package func fitHoldingOut(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> HeldOutFit {
        var fits: [HeldOutFit] = []
        var failure = ForecastError.nothingKnown(rows: history.count)
        for member in members {
            do throws(ForecastError) { fits.append(try member.fitHoldingOut(history, task: task)) } catch {
                failure = error
            }
        }
        guard !fits.isEmpty else { throw failure }
        return CombinedModel.learnt(fits, history: history, task: task)
    }
}
