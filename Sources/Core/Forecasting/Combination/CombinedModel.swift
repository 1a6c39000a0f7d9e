import Kernels
package import Series
import Units

/// Why a member of a combination counts as much as it does.
package struct MemberStanding: Hashable, Sendable {
    package let name: String
    /// 0 where it is left out.
    package let weight: Double
    /// Its loss over that of the seasonal naive on the same rows; nil where there is nothing to compare.
    package let relativeLoss: Double?
    /// For operators, as `worse than seasonal-naive by 4%`; nil for one that speaks.
    package let reason: String?

    /// Those that spoke and no longer do, or that speak again, as they stand now; members are told apart by their names.
    package static func changes(from before: [MemberStanding], to now: [MemberStanding]) -> [MemberStanding] {
        now.filter { own in
            before.contains { $0.name == own.name && ($0.weight > 0) != (own.weight > 0) }
        }
    }
}

/// A member that could not learn from the history.
struct AbsentMember: Hashable, Sendable {
    let name: String
    /// For operators.
    let reason: String
}

/// Fitted members, their weights, and the levels set right by what has matured.
package struct CombinedModel: FittedModel {
    package let task: ForecastTask
    let members: [any FittedModel]
    let absent: [AbsentMember]
    private(set) var weights: MemberWeights
    private(set) var errors: ForecastErrors
    /// The origin whose outcome was added last.
    private(set) var followedTo: Timestamp
    /// Follow from `weights` and `errors`: how much each member counts, and by how many widths each level moves.
    private(set) var shares: [Double]
    private(set) var shifts: [Double]

    init(
        task: ForecastTask, members: [any FittedModel], absent: [AbsentMember], weights: MemberWeights,
        errors: ForecastErrors, followedTo: Timestamp, shifts: [Double]
    ) {
        (self.task, self.members, self.absent) = (task, members, absent)
        (self.weights, self.errors) = (weights, errors)
        (self.followedTo, self.shifts) = (followedTo, shifts)
        shares = weights.shares(baseline: Self.baseline(of: members))
    }

    private static func baseline(of members: [any FittedModel]) -> Int? {
        members.firstIndex { $0.name == SeasonalNaive().name }
    }

    /// Those that speak, the heaviest first: `net+ridge`.
    package var name: String {
        zip(members, shares).filter { $1 > 0 }.sorted { $0.1 > $1.1 }.map(\.0.name).joined(separator: "+")
    }

    package var seed: UInt64? { members.lazy.compactMap(\.seed).first }

    /// Of the members that learnt, and then of those that could not.
    package var standings: [MemberStanding] {
        let learnt = members.indices.map { index in
            MemberStanding(
                name: members[index].name, weight: shares[index], relativeLoss: ratio(index, weights.losses),
                reason: shares[index] > 0 ? nil : reason(index))
        }
        return learnt + absent.map { MemberStanding(name: $0.name, weight: 0, relativeLoss: nil, reason: $0.reason) }
    }

    /// A member's losses over those of the seasonal naive.
    private func ratio(_ member: Int, _ losses: [Double]) -> Double? {
        guard let naive = Self.baseline(of: members), losses[naive] > 0 else { return nil }
        return losses[member] / losses[naive]
    }

    private func reason(_ member: Int) -> String {
        guard weights.losses[member].isFinite else { return "its history is too short to hold anything out" }
        if let relative = ratio(member, weights.losses), relative > 1 {
            return "worse than \(SeasonalNaive().name) by \(Self.percent(relative))"
        }
        if let naive = Self.baseline(of: members), naive != member, weights.isBeatenLately(member, by: naive) {
            let recent = ratio(member, weights.recent).map { " by \(Self.percent($0))" } ?? ""
            return "of late worse than \(SeasonalNaive().name)\(recent), though better before"
        }
        return "others forecast clearly better"
    }

    private static func percent(_ ratio: Double) -> String { "\(Int(min((ratio - 1) * 100, 1e6).rounded(.up)))%" }

    package func forecast(after history: KnownDemand) -> QuantileForecast {
        corrected(mixed(zip(members, shares).filter { $1 > 0 }.map { ($0.forecast(after: history), $1) }))
    }

    package func forecasts(of history: KnownDemand, at origins: [Int]) -> [QuantileForecast] {
        let spoken = zip(members, shares).filter { $1 > 0 }.map { ($0.forecasts(of: history, at: origins), $1) }
        return origins.indices.map { index in corrected(mixed(spoken.map { ($0[index], $1) })) }
    }

    /// The levels moved by what forecasts have missed.
    private func corrected(_ forecast: QuantileForecast) -> QuantileForecast {
        var values = forecast.values
        for step in 0..<forecast.horizon {
            let width = errors.width(of: forecast, step)
            for column in shifts.indices {
                let index = step * shifts.count + column
                values[index] = errors.moved(values[index], by: shifts[column] * width)
            }
        }
        return QuantileForecast(origin: forecast.origin, step: forecast.step, levels: forecast.levels, values: values)
    }
}

/// The weighted mean of quantiles, level by level. Weights sum to 1.
private func mixed(_ forecasts: [(QuantileForecast, Double)]) -> QuantileForecast {
    let first = forecasts[0].0
    guard forecasts.count > 1 else { return first }
    var values = [Double](repeating: 0, count: first.values.count)
    for (forecast, weight) in forecasts {
        for index in values.indices { values[index] += weight * forecast.values[index] }
    }
    return QuantileForecast(origin: first.origin, step: first.step, levels: first.levels, values: values)
}

extension CombinedModel {
    /// Rows between origins whose outcomes are followed: about a third of the horizon, and no less than five minutes of a
    /// season of a day, as the misses that are kept should reach back further than some hours.
    private static func stride(_ task: ForecastTask) -> Int {
        Forecasting.stride(max(task.horizon / 3, task.season / 288), throughout: task.season)
    }
    /// Origins that one update looks at, the newest: more would make it a fit.
    private static let followedAtMost = 200

    /// Weighs members by what they held out, and learns from the same rows what their mean missed.
    static func learnt(
        _ fits: [HeldOutFit], absent: [AbsentMember], history: KnownDemand, task: ForecastTask
    ) -> HeldOutFit {
        let rows = history.suffix()
        let origins = commonOrigins(fits)
        let tables = fits.map { fit in
            Dictionary(uniqueKeysWithValues: zip(fit.heldOut.origins, fit.heldOut.forecasts))
        }
        var model = CombinedModel(
            task: task, members: fits.map(\.model), absent: absent,
            weights: heldOutWeights(tables, origins, history, task),
            errors: errors(of: rows, levels: task.levels),
            followedTo: history.end.advanced(bySeconds: -task.horizon * history.step),
            shifts: [Double](repeating: 0, count: task.levels.count))
        let spoken = zip(tables, model.shares).filter { $1 > 0 }
        let forecasts = origins.compactMap { origin -> QuantileForecast? in
            let parts = spoken.compactMap { table, weight in table[origin].map { ($0, weight) } }
            return parts.count == spoken.count ? mixed(parts) : nil
        }
        var before = origins.first.map { $0 - task.horizon } ?? 0
        for (origin, forecast) in zip(origins, forecasts) where isTelling(origin, rows, task) {
            model.errors.add(forecast, actuals: rows[origin...].prefix(task.horizon), gap: origin - before)
            before = origin
        }
        model.errors.trim()
        model.shifts = model.errors.shifts(at: history.end, season: Double(task.season * history.step))
        return HeldOutFit(
            model: model,
            heldOut: HeldOutForecasts(origins: Array(origins.prefix(forecasts.count)), forecasts: forecasts))
    }

    /// Whether a forecast from there had something to go by: one made in a gap, or soon after, misses for that.
    private static func isTelling(_ origin: Int, _ rows: ArraySlice<Double>, _ task: ForecastTask) -> Bool {
        [12, task.season].allSatisfy { count in
            let before = rows[max(0, origin - count)..<origin]
            return 2 * before.count(where: \.isFinite) > before.count
        }
    }

    /// Those that every member that held anything out has forecast.
    private static func commonOrigins(_ fits: [HeldOutFit]) -> [Int] {
        let lists = fits.map(\.heldOut.origins).filter { !$0.isEmpty }
        guard let first = lists.first else { return [] }
        let common = lists.dropFirst().reduce(Set(first)) { $0.intersection($1) }
        return first.filter(common.contains)
    }

    /// A member that held nothing out while others did has lost infinitely much.
    private static func heldOutWeights(
        _ tables: [[Int: QuantileForecast]], _ origins: [Int], _ history: KnownDemand, _ task: ForecastTask
    ) -> MemberWeights {
        let rows = history.suffix(), decisive = task.decisiveLevels
        let none = [Double](repeating: 0, count: tables.count)
        var sums = none, weights = MemberWeights(losses: none, recent: none)
        var before = origins.first ?? 0
        for origin in origins {
            let losses = tables.map { table in
                table[origin].map { pinballLoss($0, actuals: rows[origin...], columns: decisive) } ?? .infinity
            }
            sums = zip(sums, losses).map(+)
            weights.addRecent(losses, after: Double(origin - before), task)
            before = origin
        }
        return MemberWeights(losses: sums, recent: weights.recent)
    }

    /// No width is taken for less than a fiftieth of the mean. Sparse is what the model for sparse counts takes for it.
    private static func errors(of rows: ArraySlice<Double>, levels: [Double]) -> ForecastErrors {
        let known = rows.filter(\.isFinite).map(Demand.bounded)
        let mean = known.reduce(0) { $0 + $1 / Double(max(known.count, 1)) }
        let isSparse = 2 * known.count { $0 <= 0 } > known.count
        return ForecastErrors(
            levels: levels, narrowest: max(isSparse ? mean : mean / 50, 1e-12), isSparse: isSparse,
            highest: known.max() ?? 0)
    }

    /// Adds the outcomes that have matured since the last time, of every member, so that one that was left out may come back.
    package func updated(on history: KnownDemand) -> any FittedModel {
        let last = history.count - task.horizon, stride = Self.stride(task)
        let followed = Int(followedTo.seconds(since: history.start) / Double(history.step))
        let first = max(followed + stride, last - stride * Self.followedAtMost, 1)
        guard first <= last else { return self }
        let origins = Array(Swift.stride(from: first, through: last, by: stride))
        var next = self
        next.follow(origins, members.map { $0.forecasts(of: history, at: origins) }, history)
        return next
    }

    private mutating func follow(_ origins: [Int], _ forecasts: [[QuantileForecast]], _ history: KnownDemand) {
        let rows = history.suffix(), season = Double(task.season * history.step)
        let stride = Self.stride(task), decisive = task.decisiveLevels
        for (index, origin) in origins.enumerated() where Self.isTelling(origin, rows, task) {
            let actuals = rows[origin...].prefix(task.horizon)
            let spoken = zip(forecasts, shares).filter { $1 > 0 }.map { ($0[index], $1) }
            errors.add(mixed(spoken), actuals: actuals, gap: stride)
            let time = history.start.advanced(bySeconds: origin * history.step)
            let losses = forecasts.map { pinballLoss($0[index], actuals: actuals, columns: decisive) }
            weights.add(losses, after: time.seconds(since: followedTo) / Double(history.step), task)
            followedTo = time
        }
        errors.trim()
        shares = weights.shares(baseline: Self.baseline(of: members))
        shifts = errors.shifts(at: history.end, season: season)
    }
}
