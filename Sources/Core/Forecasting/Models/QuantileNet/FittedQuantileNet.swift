import Kernels
import Series
import Units

/// A quantile net that has learnt.
struct FittedQuantileNet: FittedModel {
    /// Whether its networks have learnt from many series.
    private let isGlobal: Bool
    private let features: QuantileNetFeatures
    private let scale: FourthRoot
    private let cap: Double
    private let originScale: FeatureScale, stepScale: FeatureScale
    private let members: [QuantileNetMember]
    /// Nil for one that was stored before this was kept.
    let past: QuantileNetPast?

    var seed: UInt64? { QuantileNet.seed }
    var task: ForecastTask { features.task }
    var name: String { isGlobal ? "global-net" : "net" }

    init(
        features: QuantileNetFeatures, scale: FourthRoot, cap: Double, originScale: FeatureScale,
        stepScale: FeatureScale, members: [QuantileNetMember], past: QuantileNetPast? = nil, isGlobal: Bool = false
    ) {
        self.isGlobal = isGlobal
        (self.features, self.scale, self.cap) = (features, scale, cap)
        (self.originScale, self.stepScale, self.members, self.past) = (originScale, stepScale, members, past)
    }

    /// Whether its parameters mean the same to a net with these features.
    func isLike(_ features: QuantileNetFeatures) -> Bool {
        features.task == task && features.usesWeek == self.features.usesWeek
    }

    func parameters(ofMember number: Int) -> [Float] { members[number].parameters }

    /// The model that only one of the members is.
    func member(_ number: Int) -> FittedQuantileNet {
        FittedQuantileNet(
            features: features, scale: scale, cap: cap, originScale: originScale, stepScale: stepScale,
            members: [members[number]], isGlobal: isGlobal)
    }

    func forecast(after history: KnownDemand) -> QuantileForecast {
        forecasts(of: history, at: [history.count])[0]
    }

    /// Origins whose inputs are held at once: enough that loading a member's parameters for them costs little.
    private static let originsHeld = 32

    /// The rows that origins look at are made once for those that look at the same.
    func forecasts(of history: KnownDemand, at origins: [Int]) -> [QuantileForecast] {
        var networks = QuantileNetworks(members, shape: features.shape, task: task)
        var window: Window?
        var forecasts: [QuantileForecast] = []
        forecasts.reserveCapacity(origins.count)
        for first in stride(from: 0, to: origins.count, by: Self.originsHeld) {
            let held = origins[first..<min(first + Self.originsHeld, origins.count)]
            var inputs = inputs(of: history, at: held, from: &window)
            for (origin, values) in zip(held, networks.quantiles(&inputs, scale: scale, cap: cap)) {
                let known = history.prefix(origin)
                forecasts.append(
                    QuantileForecast(origin: known.end, step: known.step, levels: task.levels, values: values))
            }
        }
        return forecasts
    }

    /// What the networks are shown at `origins`.
    private func inputs(
        of history: KnownDemand, at origins: ArraySlice<Int>, from window: inout Window?
    ) -> QuantileNetInputs {
        var inputs = QuantileNetInputs()
        inputs.reserve(origins.count, features)
        for (index, origin) in zip(origins.indices, origins) {
            let start = windowStart(history.prefix(origin))
            if window.map({ !$0.serves(origin, from: start, rowsNeeded: features.rowsNeeded) }) ?? true {
                let alike = origins[index...].prefix { windowStart(history.prefix($0)) == start }
                let end = origin < features.rowsNeeded ? origin : alike.max() ?? origin
                window = self.window(history.prefix(end), from: start)
            }
            guard let window else { continue }
            features.append(
                window.rows, origin: window.padding + origin - window.start, phase: window.phase, to: &inputs)
        }
        originScale.apply(to: &inputs.origins, columns: features.originCount)
        stepScale.apply(to: &inputs.steps, columns: features.stepCount)
        return inputs
    }

    /// Rows from `start` of a history to `end`, after `padding` more.
    private struct Window {
        let start: Int, end: Int, padding: Int
        let rows: QuantileNetRows
        /// Rows since the epoch at the first of `rows`.
        let phase: Int

        /// What was put before a short history is right for one origin alone.
        func serves(_ origin: Int, from start: Int, rowsNeeded: Int) -> Bool {
            self.start == start && (origin == end || padding == 0 && origin < end && origin >= rowsNeeded)
        }
    }

    /// The first row that is looked at: the same for the origins of a season, so that sums over rows, which begin there, come
    /// out the same in whatever company an origin is asked for.
    private func windowStart(_ known: KnownDemand) -> Int {
        let earliest = known.count - features.reach
        guard earliest > 0 else { return 0 }
        let phase = FittedRidge.phase(known, rows: features.reach, season: task.season)
        return max(0, earliest - phase % task.season)
    }

    /// A history shorter than what is learnt from is taken to have been as its first season was, or within that as it is on
    /// the whole.
    private func window(_ known: KnownDemand, from start: Int) -> Window {
        let recent = CausalRows(known, season: task.season, limit: known.count - start).filled()
        let padding = max(0, features.rowsNeeded - recent.count)
        let rows = QuantileNetRows(
            ScaledDemand.extended(recent, to: features.rowsNeeded, season: task.season), scale: scale,
            season: task.season)
        let phase = FittedRidge.phase(known, rows: rows.count, season: task.season)
        return Window(start: start, end: known.count, padding: padding, rows: rows, phase: phase)
    }

    func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: isGlobal ? .globalNet : .quantileNet, task: task)
        writer.write(features.usesWeek ? 1 : 0)
        for value in [scale.scale, scale.offset, cap] { writer.write(value) }
        Self.write(originScale, stepScale, members, to: &writer)
        if let past {
            writer.write(past.step)
            writer.write(Int(past.end.millisecondsSinceEpoch))
            for rows in past.heldOut {
                for bound in [rows.lowerBound, rows.upperBound] { writer.write(Int(bound.millisecondsSinceEpoch)) }
            }
        }
        return writer.finished()
    }

    private static let mostMembers = 100

    static func write(
        _ originScale: FeatureScale, _ stepScale: FeatureScale, _ members: [QuantileNetMember],
        to writer: inout ModelWriter
    ) {
        for scale in [originScale, stepScale] {
            writer.write(scale.means)
            writer.write(scale.deviations)
        }
        writer.write(members.count)
        for member in members {
            writer.write(member.unit)
            for values in [member.ridge, member.base, member.parameters] { writer.write(values) }
        }
    }

    /// What `write` wrote.
    static func networks(
        _ reader: inout ModelReader
    ) throws(ForecastError) -> (originScale: FeatureScale, stepScale: FeatureScale, members: [QuantileNetMember]) {
        let originScale = FeatureScale(means: try reader.floats(), deviations: try reader.floats())
        let stepScale = FeatureScale(means: try reader.floats(), deviations: try reader.floats())
        let count = try reader.integer()
        guard (1...mostMembers).contains(count) else { throw .corruptModel("a number of networks is wrong") }
        var members: [QuantileNetMember] = []
        for _ in 0..<count {
            let unit = try reader.double(), ridge = try reader.floats()
            members.append(
                QuantileNetMember(
                    ridge: ridge, unit: unit, base: try reader.floats(), parameters: try reader.floats()))
        }
        return (originScale, stepScale, members)
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        isGlobal = reader.kind == .globalNet
        features = QuantileNetFeatures(task: reader.task, usesWeek: try reader.integer() == 1)
        scale = FourthRoot(scale: try reader.double(), offset: try reader.double())
        cap = try reader.double()
        (originScale, stepScale, members) = try Self.networks(&reader)
        past = reader.isAtEnd ? nil : try Self.past(reading: &reader, members: members.count)
        guard isSound else { throw .corruptModel("its parts do not fit its task") }
    }

    private static func past(reading reader: inout ModelReader, members: Int) throws(ForecastError) -> QuantileNetPast {
        let step = try reader.integer(), end = try time(reading: &reader)
        var heldOut: [Range<Timestamp>] = []
        for _ in 0..<members {
            let lower = try time(reading: &reader), upper = try time(reading: &reader)
            guard lower <= upper else { throw .corruptModel("what it held out makes no sense") }
            heldOut.append(lower..<upper)
        }
        return QuantileNetPast(end: end, step: step, heldOut: heldOut)
    }

    private static func time(reading reader: inout ModelReader) throws(ForecastError) -> Timestamp {
        let milliseconds = try reader.integer()
        guard abs(milliseconds) < 1 << 53 else { throw .corruptModel("what it held out makes no sense") }
        return Timestamp(millisecondsSinceEpoch: Int64(milliseconds))
    }

    var isSound: Bool {
        let numbers = [scale.scale, scale.offset] + members.map(\.unit)
        guard numbers.allSatisfy({ $0 > 0 && $0.isFinite }), cap >= 0, cap.isFinite else { return false }
        let sizes = [(originScale, features.originCount), (stepScale, features.stepCount - 1)]
        let areScales = sizes.allSatisfy { scale, count in
            scale.means.count == count && scale.deviations.count == count && scale.deviations.allSatisfy { $0 > 0 }
        }
        let horizon = task.horizon, shape = features.shape
        return areScales
            && members.allSatisfy {
                $0.ridge.count == features.ridge.count * horizon && $0.base.count == horizon * task.levels.count
                    && $0.parameters.count == shape.count
            }
    }
}
