package import Series

/// What is asked of a forecaster: how far, at which levels, and which cycles the series is known to have.
package struct ForecastTask: Hashable, Sendable {
    /// Rows ahead, at least 1.
    package let horizon: Int
    /// Ascending within (0, 1).
    package let levels: [Double]
    /// Rows in a day, or in whatever the shortest strong cycle is; at least 2.
    package let season: Int
    /// Whether seven seasons make a cycle too.
    package let isWeekly: Bool
    /// The level that is acted on, by which models are chosen, within (0, 1); nil where all levels count alike.
    package let operatingLevel: Double?

    package init(
        horizon: Int, levels: [Double] = ForecastTask.standardLevels, season: Int, isWeekly: Bool,
        operatingLevel: Double? = nil
    ) {
        precondition(horizon >= 1 && season >= 2 && !levels.isEmpty, "a task asks for rows, levels and a cycle")
        precondition(operatingLevel.map { $0 > 0 && $0 < 1 } ?? true, "a level lies within (0, 1)")
        (self.horizon, self.levels, self.season, self.isWeekly) = (horizon, levels, season, isWeekly)
        self.operatingLevel = operatingLevel
    }

    /// Deciles for the shape, the upper tail for capacity.
    package static let standardLevels = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]

    /// How many times as likely a row beyond a level may be as one beyond the operating level for it to count.
    private static let reach = 30.0
    /// Models are chosen as for this level by those that are acted on further out, where hardly a row tells them apart.
    private static let furthest = 0.99

    /// Which of `levels` models are chosen by: the operating level, what lies above it, and below it
    /// enough that many rows tell. The level alone chose worse at that very level (docs/benchmarks.md). From 0.96 down all count.
    package var decisiveLevels: [Int] {
        guard let operatingLevel else { return Array(levels.indices) }
        let most = Self.reach * (1 - min(operatingLevel, Self.furthest)) * (1 + 1e-9)
        let near = levels.indices.filter { 1 - levels[$0] <= most }
        return near.isEmpty ? [levels.count - 1] : near
    }
}

/// A method that learns from a history. One file each under `Models/`, one line in `ModelCatalogue`.
package protocol Forecaster: Sendable {
    /// The name users give, as in `--model ridge`.
    var name: String { get }

    var traits: ForecasterTraits { get }

    /// Learns from the known rows alone; the same history and task give the same model, bit for bit.
    ///
    /// - Throws: where the history is too short or carries nothing to learn from, with what would be enough.
    func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel

    /// As `fit`, going on from what had been learnt of the same series before, where that fits and the method gains by it; the
    /// default begins afresh. The same history, task and previous model give the same model, bit for bit.
    func fit(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> any FittedModel

    /// As `fit`, and what the method forecast for rows of `history` that it had not learnt from, by which it is calibrated
    /// and compared with others. Models that hold rows out anyway give those; the default fits twice, afresh. No held-out
    /// forecast comes from weights that had learnt from its rows, nor from weights that went on from such.
    func fitHoldingOut(
        _ history: KnownDemand, task: ForecastTask, from previous: (any FittedModel)?
    ) throws(ForecastError) -> HeldOutFit

    /// Rows below which `fit` throws, whatever they hold: those who choose among methods need not try.
    func rowsNeeded(_ task: ForecastTask) -> Int
}

/// What those who use a forecaster have to know of it.
package struct ForecasterTraits: Hashable, Sendable {
    /// The share by which a history has to grow before learning anew is worth its cost.
    package var refitGrowth = 0.0
    /// Whether a fit goes on from the model before it. One that does not gives the same bytes from any.
    package var goesOn = false

    package init(refitGrowth: Double = 0, goesOn: Bool = false) {
        (self.refitGrowth, self.goesOn) = (refitGrowth, goesOn)
    }
}

/// A model that has learnt, ready to be asked at any later origin.
package protocol FittedModel: Sendable {
    var name: String { get }
    var task: ForecastTask { get }
    /// Of the random numbers it was learnt with; nil where there were none.
    var seed: UInt64? { get }

    /// The rows from `history.end` on, as many as the task's horizon, from the known rows alone.
    ///
    /// Defined for every history, however short, gappy or hostile: what cannot be known is filled conservatively.
    func forecast(after history: KnownDemand) -> QuantileForecast

    /// The forecasts from several origins of a history, each from the rows before it alone and equal to what
    /// `forecast(after:)` gives there. The default asks one by one; models with matrices take all at once.
    ///
    /// - Precondition: `origins` lie within 0...`history.count`.
    func forecasts(of history: KnownDemand, at origins: [Int]) -> [QuantileForecast]

    /// The model with whatever follows recent outcomes (its calibration, its weights) brought up to date. Cheap beside a
    /// fit; the default changes nothing.
    func updated(on history: KnownDemand) -> any FittedModel

    /// How much each of the models within counts, and why; empty for a model of one piece.
    var standings: [MemberStanding] { get }

    /// Everything needed to make the same forecasts elsewhere; `ModelCatalogue.decode` reads it back.
    func encoded() -> [UInt8]
}

/// Why there is no forecast.
package enum ForecastError: Error, Hashable, Sendable, CustomStringConvertible {
    case historyTooShort(rows: Int, needed: Int)
    case nothingKnown(rows: Int)
    case tooManyGaps(rows: Int)
    case notIntermittent(zeros: Int, known: Int)
    case unknownModel(String, known: [String])
    case numericalFailure(String)
    case corruptModel(String)
    case unsupportedModelVersion(found: Int, supported: Int)

    package var description: String {
        switch self {
        case .historyTooShort(let rows, let needed):
            "the history has \(rows) rows, and at least \(needed) are needed; ingest more, or use a coarser step"
        case .nothingKnown(let rows): "too few of the \(rows) rows of the history are known to learn anything"
        case .tooManyGaps(let rows):
            "gaps leave too few whole stretches in the \(rows) rows of the history; close them, or use a coarser step"
        case .notIntermittent(let zeros, let known):
            "\(zeros) of the \(known) known rows are zero, and the model for sparse counts is for series where more than "
                + "half are; use another"
        case .unknownModel(let name, let known): "no model '\(name)'; there are: \(known.joined(separator: ", "))"
        case .numericalFailure(let what): "the fit failed: \(what)"
        case .corruptModel(let what): "the stored model cannot be read: \(what); train again"
        case .unsupportedModelVersion(let found, let supported):
            "the stored model has format \(found), this program reads \(supported); train again or use a newer program"
        }
    }
}

extension ForecastTask {
    /// The task of a series whose rows span `step` seconds: the cycle is a day, or a week where a row spans a day or more,
    /// unless `season` says how many rows it has.
    package static func standard(
        step: Int, horizon: Int, season: Int? = nil, operatingLevel: Double? = nil
    ) -> ForecastTask {
        let isShort = 2 * step <= 86_400
        let cycle = season ?? (isShort ? 86_400 / step : 7)
        return ForecastTask(
            horizon: max(1, horizon), season: max(2, cycle), isWeekly: season == nil && isShort,
            operatingLevel: operatingLevel)
    }
}
