import Kernels
package import Series

/// Level × shape, for horizons of a day and more: history is folded into whole seasons that end at the origin, the mean of each
/// season is its level, and what its rows are of that is its shape. The levels go on by a small ridge, the shape as it was.
///
/// After FLAIR (arXiv 2605.07222), with three differences: levels are in fourth roots and not in a Box-Cox family, shapes are
/// taken from the seasons that forecast held-out rows best, and quantiles are those of held-out errors, as the ridge's are.
package struct ShapeModel: Forecaster {
    package let name = "shape"

    /// Whole seasons before the first origin that is held out.
    private static let seasonsNeeded = 3
    /// Origins forecast from to learn the spread, at most.
    private static let originsHeldOut = 160
    private static let originsNeeded = 20

    package init() {}

    package func rowsNeeded(_ task: ForecastTask) -> Int {
        Self.seasonsNeeded * task.season + task.horizon + Self.originsNeeded
    }

    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        let first = max(Self.seasonsNeeded * task.season, history.count / 3)
        let needed = rowsNeeded(task)
        guard history.count >= needed else { throw .historyTooShort(rows: history.count, needed: needed) }
        let last = history.count - task.horizon
        let stride = max(1, (last - first) / Self.originsHeldOut)
        let origins = Array(Swift.stride(from: last, through: first, by: -stride))
        let known = history.suffix()
        guard known.count(where: \.isFinite) >= known.count / 4 else { throw .tooManyGaps(rows: history.count) }
        let filled = CausalRows(history, season: task.season).filled()
        let transform = FourthRoot(of: filled), cap = 1.5 * (filled.max() ?? 0) + transform.offset
        let attempts = FoldedShape.allCases.map { shape in
            HeldOutShape(shape, history, task: task, transform: transform, cap: cap, origins: origins)
        }
        // The first of equals, so that a tie has one outcome.
        let losses = attempts.map(\.loss)
        guard let best = losses.indices.min(by: { losses[$0] < losses[$1] }), let quantiles = attempts[best].quantiles()
        else {
            throw .tooManyGaps(rows: history.count)
        }
        return FittedShape(
            task: task, shape: attempts[best].shape,
            spread: RidgeSpread(cap: cap, quantiles: quantiles, transform: transform))
    }
}

/// Which seasons before the origin the shape of one after it is taken from.
enum FoldedShape: Int, CaseIterable, Sendable {
    case lastTwo, lastSeven, sameOfWeek, sameOfMonth

    /// How many seasons back, 1 for the last one, for the season that is `ahead` after the origin.
    func seasons(ahead: Int) -> [Int] {
        let same = 7 - ahead % 7
        return switch self {
        case .lastTwo: [1, 2]
        case .lastSeven: Array(1...7)
        case .sameOfWeek: [same, same + 7]
        case .sameOfMonth: [same, same + 7, same + 14, same + 21]
        }
    }

    /// The point forecast of each step, from the newest of `history`; every one finite and at least 0.
    ///
    /// Complexity: O(seasons read × season + horizon).
    func points(after history: KnownDemand, task: ForecastTask, transform: FourthRoot) -> [Double] {
        let season = task.season
        let rows = CausalRows(history, season: season, limit: Self.seasonsRead * season)
        let whole = rows.count / season
        guard whole > 0 else {
            return Array(repeating: rows.count == 0 ? 0 : rows[rows.count - 1], count: task.horizon)
        }
        // Means of the seasons, the newest first.
        let means = (1...whole).map { back -> Double in
            var sum = 0.0
            for row in rows.count - back * season..<rows.count - (back - 1) * season { sum += rows[row] }
            return sum / Double(season)
        }
        let levels = PeriodLevels(means.reversed().map(transform.apply), cycle: task.isWeekly ? 7 : 0)
        let next = levels.next((task.horizon + season - 1) / season).map(transform.invert)
        return (0..<task.horizon).map { step in
            let known = seasons(ahead: step / season).filter { $0 <= whole }
            let used = known.isEmpty ? [1] : known
            var (part, base) = (0.0, 0.0)
            for back in used {
                part += rows[rows.count - back * season + step % season]
                base += means[back - 1]
            }
            return max(base > 0 ? next[step / season] * (part / base) : next[step / season], 0)
        }
    }

    /// Six weeks of days.
    private static let seasonsRead = 42
}

/// What one way to take the shape would have missed.
private struct HeldOutShape {
    let shape: FoldedShape
    /// Mean absolute error.
    private(set) var loss = 0.0
    private let task: ForecastTask
    /// A list a step, in units of the spread.
    private var errors: [[Double]]

    init(
        _ shape: FoldedShape, _ history: KnownDemand, task: ForecastTask, transform: FourthRoot, cap: Double,
        origins: [Int]
    ) {
        (self.shape, self.task) = (shape, task)
        errors = Array(repeating: [], count: task.horizon)
        var count = 0.0
        for origin in origins {
            let points = shape.points(after: history.prefix(origin), task: task, transform: transform)
            for (step, estimate) in points.enumerated() where history[origin + step].isFinite {
                let point = min(estimate, cap), miss = Demand.bounded(history[origin + step]) - point
                loss += abs(miss)
                count += 1
                errors[step].append(miss / transform.unit(around: point))
            }
        }
        loss /= max(count, 1)
    }

    /// Horizon × levels; nil where a step has too few errors to tell.
    func quantiles() -> Matrix? {
        guard errors.allSatisfy({ $0.count >= 8 }) else { return nil }
        let rows = errors.flatMap { conformalQuantiles(of: $0, task.levels) }
        return Matrix(rows: task.horizon, columns: task.levels.count, elements: rows)
    }
}

struct FittedShape: FittedModel {
    let name = "shape"
    let task: ForecastTask
    private let shape: FoldedShape
    private let spread: RidgeSpread

    init(task: ForecastTask, shape: FoldedShape, spread: RidgeSpread) {
        (self.task, self.shape, self.spread) = (task, shape, spread)
    }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        let points = shape.points(after: history, task: task, transform: spread.transform)
        // A service that has outgrown its history may go on from where it is.
        let highest = history.suffix(task.season).filter(\.isFinite).map(Demand.bounded).max() ?? 0
        let limit = max(spread.cap, 1.5 * highest)
        var values: [Double] = []
        values.reserveCapacity(task.horizon * task.levels.count)
        for (step, point) in points.enumerated() {
            spread.append(to: &values, step: step, point: min(point, limit), limit: limit)
        }
        return QuantileForecast(origin: history.end, step: history.step, levels: task.levels, values: values)
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .shape, task: task)
        writer.write(shape.rawValue)
        writer.write(spread.cap)
        writer.write(spread.transform.scale)
        writer.write(spread.transform.offset)
        writer.write(spread.quantiles.elements)
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        task = reader.task
        let shape = FoldedShape(rawValue: try reader.integer())
        let cap = try reader.double(), scale = try reader.double(), offset = try reader.double()
        let quantiles = try reader.doubles()
        guard let shape, quantiles.count == task.horizon * task.levels.count, cap > 0, cap.isFinite, scale > 0,
            scale.isFinite, offset > 0, offset.isFinite
        else { throw .corruptModel("its parts do not fit its task") }
        self.shape = shape
        spread = RidgeSpread(
            cap: cap, quantiles: Matrix(rows: task.horizon, columns: task.levels.count, elements: quantiles),
            transform: FourthRoot(scale: scale, offset: offset))
    }
}
