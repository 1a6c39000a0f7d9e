import Foundation
import Planning
import Reports
import Simulation
import Units

/// What the command prints.
extension FrontierResult {
    /// Lines of at most `width` characters.
    func text(width: Int, unicode: Bool, colour: Bool) -> String {
        let wide = min(width, 120)
        func paragraph(_ text: String) -> String { wrapped(text, width: wide).joined(separator: "\n") + "\n" }
        var parts = [paragraph(verdict.sentences.joined(separator: " "))]
        parts.append(setting.map(paragraph).joined())
        parts.append(FrontierPlot(families).rendered(width: wide))
        parts.append(levelTable.rendered(width: wide, colour: colour))
        if let choice { parts.append(Self.choiceTable(choice).rendered(width: wide, colour: colour)) }
        if startups.count > 1 { parts.append(startupTable.rendered(width: wide, colour: colour)) }
        if !worst.isEmpty {
            parts.append(worstTable.rendered(width: wide, colour: colour))
            if let told = worst.compactMap(\.record).first { parts.append(paragraph(told.words(service))) }
        }
        return parts.joined(separator: "\n")
    }

    private var setting: [String] {
        let model = service.model
        return [
            "\(traceName): scored from \(start) to \(end), rows of \(durationText(seconds: Double(step))); an instance serves "
                + "\(shortText(model.perInstance.perSecond)) a second and takes "
                + "\(durationText(seconds: Double(model.startupSeconds))) to start; "
                + "\(fixedText(clairvoyantHours, digits: 1)) instance-hours at least."
        ] + notes
    }

    /// The least cost at each lateness.
    var levelTable: TextTable {
        var table = TextTable(header: ["policy"] + levels.map { "cost at \(shareText($0.late)) late" } + ["gap closed"])
        func row(_ name: String, _ costs: [Double?], _ gaps: [Double?]) {
            let closed = gaps.contains { $0 != nil } ? gaps.map { $0.map { fixedText($0, digits: 2) } ?? "-" } : []
            table.append(
                [name] + costs.map { $0.map { fixedText($0, digits: 3) } ?? "never" } + [
                    closed.joined(separator: " / ")
                ])
        }
        row("predictive", levels.map(\.predictive), [])
        for (place, peer) in (levels.first?.peers ?? []).enumerated() {
            row(peer.family, levels.map { $0.peers[place].cost }, levels.map { $0.peers[place].gapClosed })
        }
        row("known-rate", levels.map(\.bound), [])
        return table
    }

    private static func choiceTable(_ choice: FrontierChoice) -> TextTable {
        var table = TextTable(header: ["chosen", "late", "cost", "on the rest: late", "cost"])
        for setting in [choice.recommended, choice.peer].compactMap({ $0 }) {
            table.append([
                setting.policy, shareText(setting.chosenLate), fixedText(setting.chosenCost, digits: 3),
                intervalText(setting.late, shareText), intervalText(setting.cost) { fixedText($0, digits: 3) },
            ])
        }
        if let late = choice.lateDifference, let hours = choice.hoursSaved {
            table.append([
                "difference", "", "", intervalText(late, shareText), "\(intervalText(hours, shareText)) hours saved",
            ])
        }
        return table
    }

    private var startupTable: TextTable {
        var table = TextTable(header: ["start-up", "recommended", "cost", "late", "best-tuned peer", "cost", "late"])
        for one in startups {
            let name = durationText(seconds: Double(one.startupSeconds)) + (one.isAsIs ? "" : " (what if)")
            func cells(_ point: FrontierPoint?) -> [String] {
                guard let point else { return ["none meets the goal", "-", "-"] }
                return [point.policy, fixedText(point.cost, digits: 3), shareText(point.figures.late)]
            }
            table.append([name] + cells(one.recommended) + cells(one.peer))
        }
        return table
    }

    private var worstTable: TextTable {
        var table = TextTable(
            header: [
                "worst moments", "lasted", "late", "of all late", "wait", "need", "ready", "decided at", "wanted",
                "why",
            ])
        for moment in worst {
            let record = moment.record
            table.append([
                moment.start.short, durationText(seconds: moment.end.seconds(since: moment.start)),
                shortText(moment.lateRequests), shareText(moment.shareOfLate),
                durationText(seconds: moment.longestWait), "\(moment.need)", "\(moment.ready)",
                record?.time.short ?? "before", record.map { "\($0.decision.desired)" } ?? "-",
                record?.decision.binding.words ?? "-",
            ])
        }
        return table
    }

    /// Every setting.
    var csv: String {
        let hasStarts = service.model.startHours(0) != nil
        let header =
            "family,policy,knob,cost,instance_hours,late,mean_wait,p50,p95,p99,p999,max_wait,raises,cuts,peak,money"
        var lines = [header + (hasStarts ? ",start_hours" : "")]
        for family in families {
            for point in family.points {
                let figures = point.figures
                let numbers = [
                    point.knob, point.cost, figures.instanceHours, figures.late, figures.meanWait, figures.p50,
                    figures.p95, figures.p99, figures.p999, figures.maxWait,
                ].map { "\($0)" }
                let counts = [figures.raises, figures.cuts, figures.peak].map { "\($0)" }
                let money = point.money.map { "\($0)" } ?? ""
                let starts = hasStarts ? [point.startHours.map { "\($0)" } ?? ""] : []
                lines.append(
                    ([family.name, point.policy] + numbers + counts + [money] + starts).joined(separator: ","))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension DecisionRecord {
    /// In words, for a reader who asks why.
    func words(_ service: ReplayService) -> String {
        let need = forecast.map { level in
            "\(service.model.instances(forRate: level.rate)) at \(level.level)"
        }
        let candidates = decision.candidates.map { "\($0.reason.words) \($0.instances)" }
        return
            "At \(time), with \(ready) ready, \(starting) starting and \(desired) wanted, \(decision.desired) were wanted "
            + "(\(decision.binding.words)). Considered: \(candidates.joined(separator: ", ")). "
            + (need.isEmpty
                ? "There was no forecast."
                : "The row that a start then would have served was forecast to need \(need.joined(separator: ", ")).")
    }
}

/// `0.35%`; as many decimals as tell it from zero.
func shareText(_ share: Double) -> String {
    let size = abs(100 * share)
    let digits = size == 0 || size >= 99.95 ? 0 : size >= 9.95 ? 1 : size >= 0.995 ? 2 : size >= 0.0995 ? 3 : 4
    return fixedText(100 * share, digits: digits) + "%"
}

func intervalText(_ interval: Interval, _ text: (Double) -> String) -> String {
    guard interval.low < interval.high else { return text(interval.estimate) }
    return "\(text(interval.estimate)) [\(text(interval.low)), \(text(interval.high))]"
}

extension Timestamp {
    /// To the minute, in UTC: `2018-05-05 16:04`.
    fileprivate var short: String { String("\(self)".prefix(16)).replacing("T", with: " ") }
}

extension Decision.Reason {
    /// `forecast over lead time`.
    fileprivate var words: String {
        rawValue.reduce(into: "") { words, letter in
            words += letter.isUppercase ? " \(letter.lowercased())" : String(letter)
        }
    }
}
