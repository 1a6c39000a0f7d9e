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

    /// Refits when the member that costs most does, and goes on where any member does.
    package var traits: ForecasterTraits {
        ForecasterTraits(
            refitGrowth: members.map(\.traits.refitGrowth).max() ?? 0, goesOn: members.contains { $0.traits.goesOn })
    }

    package func rowsNeeded(_ task: ForecastTask) -> Int { members.map { $0.rowsNeeded(task) }.min() ?? 1 }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        try fit(history, task: task, from: nil)
    }

    package func fit(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> any FittedModel {
        try fitHoldingOut(history, task: task, from: previous).model
    }

    /// A member whose needs the history does not meet is left out without being tried, one that cannot learn from it is left
    /// out too, and the model says why. Each goes on from the member of its name in `previous`, or from that itself.
    ///
    /// - Throws: where no member can learn, what the last and least demanding lacks.
    package func fitHoldingOut(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> HeldOutFit {
        let before = (previous as? CombinedModel)?.members ?? previous.map { [$0] } ?? []
        var fits: [HeldOutFit] = [], absent: [AbsentMember] = []
        var failure = ForecastError.nothingKnown(rows: history.count)
        for member in members {
            do throws(ForecastError) {
                let needed = member.rowsNeeded(task)
                guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
                let own = before.first { $0.name == member.name }
                fits.append(try member.fitHoldingOut(history, task: task, from: own))
            } catch {
                failure = error
                absent.append(AbsentMember(name: member.name, reason: error.description))
            }
        }
        guard !fits.isEmpty else { throw failure }
        return CombinedModel.learnt(fits, absent: absent, history: history, task: task)
    }
}
