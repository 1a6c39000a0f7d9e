import Planning
package import Units

/// A setting with what it came to, also by cells of the scored part.
package struct SettingOutcome: Sendable {
    package let family: String
    package let role: FrontierFamily.Role
    package let policy: String
    package let knob: Double
    package let decisions: [ReplayDecision]
    package let figures: ReplayFigures
    package let cells: ReplayBreakdown
    private let service: ServiceModel

    /// Replays `decisions`. The cells are those of `FrontierAnalysis`.
    package init(
        family: String, role: FrontierFamily.Role, policy: String, knob: Double, decisions: [ReplayDecision],
        trace: ReplayTrace, service: ReplayService
    ) {
        (self.family, self.role, self.policy, self.knob) = (family, role, policy, knob)
        (self.decisions, self.service) = (decisions, service.model)
        (figures, cells) = replayByCells(
            trace, service: service, decisions: decisions, cellSeconds: trace.frontierCellSeconds)
    }

    package func point(clairvoyantHours: Double, prices: Prices?) -> FrontierPoint {
        let startHours = service.startHours(figures.starts), hours = figures.instanceHours
        return FrontierPoint(
            policy: policy, knob: knob, figures: figures,
            cost: clairvoyantHours > 0 ? hours / clairvoyantHours : .infinity,
            money: prices?.money(hours: hours + (startHours ?? 0), late: figures.late * figures.requests),
            startHours: startHours)
    }

    /// Instance-seconds that starts cost, by cell.
    var startSeconds: [Double] { cells.started.map { $0 * Double(service.limits.startCostSeconds) } }
}

extension Prices {
    package func money(hours: Double, late: Double) -> Double { idlePerInstanceHour * hours + latePerRequest * late }
}

extension ReplayTrace {
    /// Whole rows of five minutes at least, so that an hour has a dozen places to begin; longer where there would be more than
    /// 20,000 of them.
    package var frontierCellSeconds: Int {
        let least = max(300, (seconds + 19_999) / 20_000)
        return (least + step - 1) / step * step
    }
}

/// Sums over any cells of the scored part at once.
struct CellSums: Sendable {
    private let requests: [Double], bound: [Double]
    /// By setting.
    private let late: [[Double]], billed: [[Double]], starting: [[Double]]

    init(requests: [Double], bound: ReplayBreakdown, settings: [SettingOutcome]) {
        self.requests = Self.running(requests)
        self.bound = Self.running(bound.billedSeconds)
        late = settings.map { Self.running($0.cells.late) }
        billed = settings.map { Self.running($0.cells.billedSeconds) }
        starting = settings.map { Self.running($0.startSeconds) }
    }

    private static func running(_ values: [Double]) -> [Double] {
        var (sum, sums) = (0.0, [0.0])
        sums.reserveCapacity(values.count + 1)
        for value in values {
            sum += value
            sums.append(sum)
        }
        return sums
    }

    struct Total: Sendable {
        var late = 0.0, requests = 0.0, billedSeconds = 0.0, boundSeconds = 0.0
        /// What starts cost beside what is billed.
        var startSeconds = 0.0

        var lateShare: Double { requests > 0 ? late / requests : 0 }
        var cost: Double { boundSeconds > 0 ? billedSeconds / boundSeconds : .infinity }
        var hours: Double { billedSeconds / 3_600 }
        var hoursWithStarts: Double { (billedSeconds + startSeconds) / 3_600 }
    }

    /// Of one setting over each of `blocks`, added up.
    func total(_ setting: Int, over blocks: [Range<Int>]) -> Total {
        var total = Total()
        for block in blocks {
            let (low, high) = (block.lowerBound, block.upperBound)
            total.late += max(0, late[setting][high] - late[setting][low])
            total.requests += requests[high] - requests[low]
            total.billedSeconds += billed[setting][high] - billed[setting][low]
            total.startSeconds += starting[setting][high] - starting[setting][low]
            total.boundSeconds += bound[high] - bound[low]
        }
        return total
    }

    func requests(in cells: Range<Int>) -> Double { requests[cells.upperBound] - requests[cells.lowerBound] }
}
