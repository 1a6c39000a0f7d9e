import Kernels
import Planning
package import Series
import Units

extension ReplayService {
    /// What the figures of a derived service are made from.
    package static let derivedInstances = 40.0, derivedMost = 160
    private static let usualLoad = 0.7

    /// A service made up from a trace, where nothing is known of it but how long it takes to start: an instance serves a fortieth of
    /// the 0.999 quantile of demand, a wait of a second is allowed, and 1 to 160 instances. It begins with what the ten minutes
    /// before the scored part need at a load of 0.7.
    package init(
        derivedFrom series: RegularSeries, startupSeconds: Double, kind: DemandKind, firstScored row: Int
    ) throws(ReplayError) {
        let seconds = kind == .count || kind == .counter ? Double(series.step) : 1
        let rates = series.values.filter { $0 > 0 }.map { $0 / seconds }.sorted()
        guard !rates.isEmpty else {
            throw ReplayError("the trace has no demand to derive a service from; give --service FILE")
        }
        let each = quantile(ofSorted: rates, 0.999) / Self.derivedInstances
        let recent = series.values[max(0, row - max(1, 600 / series.step))..<row].filter(\.isFinite)
        let mean = recent.reduce(0) { $0 + max($1, 0) } / seconds / Double(max(1, recent.count))
        let initial = (mean / each / Self.usualLoad).rounded(.up)
        try self.init(
            perInstance: each, startupSeconds: startupSeconds, sloWaitSeconds: 1, minInstances: 1,
            maxInstances: Self.derivedMost, initialInstances: Int(min(max(1, initial), Double(Self.derivedMost))),
            kind: kind)
    }

    /// The same with other figures; `perInstance` is demand per second. Start-up and service times that differ are scaled.
    package func changed(
        startupSeconds: Double? = nil, perInstance: Double? = nil, initialInstances: Int? = nil,
        prices: (idle: Double, late: Double)? = nil
    ) throws(ReplayError) -> ReplayService {
        let model = model, each = model.perInstance.perSecond
        let slower = startupSeconds.map { $0 / Double(max(model.startupSeconds, 1)) }
        return try ReplayService(
            perInstance: perInstance ?? each,
            startupSeconds: startupSeconds ?? Double(model.startupSeconds), sloWaitSeconds: model.sloWaitSeconds,
            minInstances: model.minInstances, maxInstances: model.maxInstances,
            initialInstances: initialInstances ?? self.initialInstances,
            gaps: gaps, kind: model.kind, idleCost: prices?.idle ?? model.prices?.idlePerInstanceHour,
            lateCost: prices?.late ?? model.prices?.latePerRequest, startup: startup?.scaled(by: slower ?? 1),
            queue: perInstance.flatMap { model.queue?.timed(by: each / $0) } ?? model.queue, limits: model.limits)
    }
}

extension RegularSeries {
    /// The first row of the second half before which ten minutes are known, and that is known itself; the middle where there is none.
    package var firstScoredRow: Int {
        let before = max(1, 600 / step), middle = count / 2
        let found = (middle..<max(middle, count)).first { row in
            row >= before && values[row - before...row].allSatisfy { !$0.isNaN }
        }
        return found ?? middle
    }
}
