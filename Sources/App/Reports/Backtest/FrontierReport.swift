import Planning
package import Simulation
import Units

/// The page of `forecast frontier`, and of a backtest of a handful of policies.
package struct FrontierReport: Sendable {
    private let result: FrontierResult
    private let title: String
    private let verdict: [String]
    private let command: String

    /// `command` is what was typed, to be repeated.
    package init(_ result: FrontierResult, command: String) {
        title = "How aggressive should scaling be on \(result.traceName)?"
        (self.result, self.command, verdict) = (result, command, result.verdict.sentences)
    }

    /// Of policies that were named and not swept: nothing is recommended, and the verdict says what each came to.
    package init(comparing result: FrontierResult, command: String) {
        title = "Policies compared on \(result.traceName)"
        (self.result, self.command) = (result, command)
        verdict = comparison(result.families.flatMap(\.points))
    }

    package func rendered() -> String { page.rendered() }

    /// What the page holds.
    package var page: BacktestPage {
        var page = BacktestPage(title: title)
        page.verdict = verdict
        page.notes = result.notes
        page.summary = levelTable
        page.curves = result.families.map { family in
            TradeoffCurve(
                family.role == .bound ? "\(family.name) (a bound)" : family.name,
                family.points.map { TradeoffPoint($0.policy, late: $0.figures.late, cost: $0.cost) })
        }
        page.chosen = result.choice?.recommended.policy
        page.lateTarget = lateTarget
        page.tell(result.timeline, result.worst, service: result.service)
        page.intervals = intervals
        page.startups = startupTable
        page.outcomes = compared.map { BacktestPage.Outcome($0.policy, $0.figures) }
        page.settings = settings
        page.command = command
        page.points = pointTable
        return page
    }

    private var lateTarget: Double? {
        if case .late(let share) = result.choice?.goal { return share }
        return nil
    }

    // MARK: Tables

    /// The least cost at each level of lateness: the planner, the peers, the bound.
    private var levelTable: TextTable? {
        guard !result.levels.isEmpty else { return nil }
        let peers = result.levels[0].peers.map(\.family)
        let hasBound = result.levels.contains { $0.bound != nil }
        var table = TextTable(
            header: ["late at most", "predictive"] + peers + (hasBound ? ["true rate known"] : []) + ["gap closed"])
        for level in result.levels {
            let costs = [level.predictive] + level.peers.map(\.cost) + (hasBound ? [level.bound] : [])
            let gap = level.best?.gapClosed ?? (level.predictive == nil ? nil : 1)
            table.append(
                [shareText(level.late)] + costs.map { $0.map { fixedText($0, digits: 3) } ?? "never" }
                    + [gap.map { fixedText($0, digits: 2) } ?? "-"])
        }
        return table
    }

    private var startupTable: TextTable? {
        guard result.startups.count > 1 else { return nil }
        var table = TextTable(
            header: ["start-up", "", "recommended", "late", "cost", "best-tuned peer", "late", "cost", "hours saved"])
        for item in result.startups.sorted(by: { $0.startupSeconds < $1.startupSeconds }) {
            let own = item.recommended, peer = item.peer
            let saved = own.flatMap { own in peer.map { 1 - own.figures.instanceHours / $0.figures.instanceHours } }
            func cells(_ point: FrontierPoint?) -> [String] {
                guard let point else { return ["none meets the goal", "-", "-"] }
                return [point.policy, shareText(point.figures.late), fixedText(point.cost, digits: 3)]
            }
            table.append(
                [durationText(seconds: Double(item.startupSeconds)), item.isAsIs ? "as is" : "what if"] + cells(own)
                    + cells(peer) + [saved.map { shareText($0) } ?? "-"])
        }
        return table
    }

    private var pointTable: TextTable {
        let hasMoney = result.families.contains { $0.points.contains { $0.money != nil } }
        let hasStarts = result.service.model.startHours(0) != nil
        var table = TextTable(
            header: ["policy", "late", "cost", "instance-hours"] + (hasStarts ? ["start-hours"] : [])
                + (hasMoney ? ["money"] : [])
                + ["mean wait", "99% wait", "longest", "raises", "cuts", "peak"])
        for point in result.families.flatMap(\.points) {
            let figures = point.figures
            let money = hasMoney ? [point.money.map { fixedText($0, digits: 2) } ?? "-"] : []
            let starts = hasStarts ? [point.startHours.map { fixedText($0, digits: 1) } ?? "-"] : []
            table.append(
                [
                    point.policy, shareText(figures.late), fixedText(point.cost, digits: 3),
                    fixedText(figures.instanceHours, digits: 1),
                ] + starts + money + [
                    "\(fixedText(figures.meanWait, digits: 2)) s", "\(fixedText(figures.p99, digits: 0)) s",
                    "\(fixedText(figures.maxWait, digits: 0)) s", "\(figures.raises)", "\(figures.cuts)",
                    "\(figures.peak)",
                ])
        }
        return table
    }

    private var settings: TextTable {
        let service = result.service.model
        var table = TextTable(header: ["setting", "value"])
        table.append(["trace", result.traceName])
        table.append(["scored", "\(clockText(result.start)) to \(clockText(result.end))"])
        table.append(["a row spans", durationText(seconds: Double(result.step))])
        table.append(["an instance sustains", "\(shortText(service.perInstance.perSecond)) a second"])
        table.append(["an instance starts within", durationText(seconds: Double(service.startupSeconds))])
        table.append(["late is a wait above", durationText(seconds: service.sloWaitSeconds)])
        table.append(["instances", "\(service.minInstances) to \(service.maxInstances)"])
        if let prices = service.prices {
            table.append(["an idle instance-hour costs", shortText(prices.idlePerInstanceHour)])
            table.append(["a late request costs", shortText(prices.latePerRequest)])
        }
        if service.limits.startCostSeconds > 0 {
            let cost = durationText(seconds: Double(service.limits.startCostSeconds))
            table.append(["a start costs", "\(cost) of an instance, beside the start itself"])
        }
        table.append(["decisions", "every \(durationText(seconds: Double(result.tickSeconds)))"])
        table.append(["model", result.model])
        if let choice = result.choice {
            table.append(["goal", goalText(choice.goal)])
            table.append([
                "chosen on", "\(clockText(choice.chosenOn.lowerBound)) to \(clockText(choice.chosenOn.upperBound))",
            ])
            table.append(["seed", "\(choice.seed)"])
        }
        table.append(["the clairvoyant's instance-hours", fixedText(result.clairvoyantHours, digits: 1)])
        return table
    }

    private func goalText(_ goal: FrontierGoal) -> String {
        switch goal {
        case .late(let share): "the least instance-hours with at most \(shareText(share)) late"
        case .budget(let cost): "the least lateness at no more than \(shortText(cost)) times the clairvoyant's hours"
        case .prices: "the least money by the service's prices"
        }
    }

    // MARK: Pictures

    /// Of each family the cheapest setting that is no later than what was recommended, or else its least late. All of them
    /// where nothing was.
    private var compared: [FrontierPoint] {
        if result.choice == nil { return Array(result.families.flatMap(\.points).prefix(12)) }
        let recommended = result.families.flatMap(\.points).first { $0.policy == result.choice?.recommended.policy }
        let late = max(lateTarget ?? 0, recommended?.figures.late ?? 0.001)
        return result.families.compactMap { family in
            if family.role == .predictive, let recommended { return recommended }
            let onTime = family.points.filter { $0.figures.late <= late * (1 + 1e-9) }
            return onTime.min { $0.cost < $1.cost } ?? family.points.min { $0.figures.late < $1.figures.late }
        }
    }

    private var intervals: BacktestPage.Intervals {
        var intervals = BacktestPage.Intervals()
        guard let choice = result.choice else { return intervals }
        let settings = [choice.recommended] + (choice.peer.map { [$0] } ?? [])
        var late = IntervalChart(title: "Requests served late", unit: "% of the requests")
        var cost = IntervalChart(title: "Cost", unit: "× the clairvoyant's instance-hours")
        for setting in settings {
            late.row(setting.policy, setting.late.scaled(by: 100))
            cost.row(setting.policy, setting.cost)
        }
        var saved = IntervalChart(title: "Instance-hours saved against the peer", unit: "%")
        if let hours = choice.hoursSaved { saved.row("both as chosen", hours.scaled(by: 100)) }
        if let hours = choice.hoursSavedAtEqualLateness { saved.row("at equal lateness", hours.scaled(by: 100)) }
        intervals.charts = [late, cost, saved]
        let held =
            "Both settings were chosen on the time to \(clockText(choice.chosenOn.upperBound)) and are reported on what came "
            + "after, to \(clockText(choice.reportedOn.upperBound))."
        let bars = choice.confidence.map {
            " The bars are \(shareText($0)) intervals: \(choice.resamples) resamples of blocks of "
                + "\(durationText(seconds: Double(choice.blockSeconds))), the same for both settings."
        }
        intervals.explanation = held + (bars ?? " That is too short for intervals, so that only the figures are shown.")
        return intervals
    }
}

extension Interval {
    fileprivate func scaled(by factor: Double) -> Interval {
        Interval(low: low * factor, estimate: estimate * factor, high: high * factor)
    }
}

/// Who was the least late, and who the cheapest.
private func comparison(_ points: [FrontierPoint]) -> [String] {
    let real = points.filter { $0.policy != "clairvoyant" }
    func words(_ point: FrontierPoint) -> String {
        "\(shareText(point.figures.late)) of the requests late at \(fixedText(point.cost, digits: 2)) times the clairvoyant's "
            + "instance-hours"
    }
    let onTime = real.min { ($0.figures.late, $0.cost) < ($1.figures.late, $1.cost) }
    let cheap = real.min { ($0.cost, $0.figures.late) < ($1.cost, $1.figures.late) }
    guard let onTime, let cheap else { return [] }
    if real.count == 1 { return ["\(onTime.policy) serves \(words(onTime))."] }
    if onTime == cheap {
        return ["\(onTime.policy) is the least late and the cheapest of \(real.count): \(words(onTime))."]
    }
    return [
        "The least late of \(real.count) policies is \(onTime.policy), with \(words(onTime)); the cheapest is \(cheap.policy), "
            + "with \(words(cheap))."
    ]
}
