package import Planning
package import Simulation
package import Units

extension Decision.Reason {
    /// What settled a decision, to be read after "by".
    package var words: String {
        switch self {
        case .forecastOverLeadTime: "the forecast over the start-up time"
        case .forecastUntilRestart: "the forecast until an instance stopped now could be back"
        case .reactive: "the demand observed last"
        case .backlog: "the requests that wait"
        case .suddenDrop: "the hold through a sudden drop"
        case .demandUnknown: "the demand being unknown"
        case .unchanged: "there being no reason to change"
        case .minInstances: "the lower limit"
        case .maxInstances: "the upper limit"
        case .standbyRungs: "what can be promoted from a cheaper rung in time"
        case .hotStandby: "what is kept ready beside demand"
        case .scheduledFloor: "the floor that a schedule has set"
        case .stepUp: "the most that may be started at once"
        case .stepDown: "the most that may be stopped at once"
        case .budget: "the budget"
        case .stabilisation: "what was wished a short while ago"
        case .minimumRun: "the least time that an instance runs"
        case .policyRule: "the policy's rule"
        }
    }
}

extension LateEpisode {
    /// What happened, and what was decided when there was still time; whole sentences.
    package var sentences: [String] {
        let seconds = end.seconds(since: start)
        let happened =
            "\(shortText(lateRequests.rounded())) requests were late within \(durationText(seconds: seconds)), "
            + "\(shareText(shareOfLate)) of all that were; the longest waited \(durationText(seconds: longestWait))."
        let peak =
            "At \(clockText(peak)) demand reached \(shortText(peakRate)) a second, which takes \(countText(need)); "
            + "\(ready) \(ready == 1 ? "was" : "were") ready."
        guard let record else {
            return [happened, peak, "A start for it had to be decided before the scored part begins."]
        }
        return [happened, peak] + record.sentences
    }
}

extension DecisionRecord {
    var sentences: [String] {
        let held =
            "A start for it had to be decided at \(clockText(time)). Then \(countText(desired)) \(desired == 1 ? "was" : "were") "
            + "wanted, \(ready) ready and \(starting) starting."
        return [held] + (forecast.isEmpty ? ["There was no forecast."] : [forecastSentence]) + [decided]
    }

    private var forecastSentence: String {
        let levels = forecast.map { "\(shortText($0.rate)) at \(shareText($0.level))" }
        return "For the time that such a start would serve, demand a second was forecast as \(listText(levels))."
    }

    private var decided: String {
        let others = decision.candidates.filter { $0.reason != decision.binding }
        let asked = others.map { "\($0.reason.words) asked for \($0.instances)" }
        let change =
            decision.desired > desired ? "raised to" : decision.desired < desired ? "cut to" : "stayed at"
        let besides = asked.isEmpty ? "" : " Besides, \(listText(asked))."
        return "Capacity \(change) \(decision.desired), settled by \(decision.binding.words)." + besides
    }
}

/// `1 instance`, `3 instances`.
func countText(_ instances: Int) -> String { instances == 1 ? "1 instance" : "\(instances) instances" }

/// `a`, `a and b`, `a, b and c`.
func listText(_ items: [String]) -> String {
    guard let last = items.last else { return "" }
    return items.count == 1 ? last : items.dropLast().joined(separator: ", ") + " and " + last
}

/// `12 Jul 1995 08:15 UTC`, with seconds where they are not zero.
package func clockText(_ time: Timestamp) -> String {
    let civil = CivilTime(time)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let seconds = civil.second == 0 ? "" : ":\(two(civil.second))"
    return
        "\(civil.day) \(monthNames[civil.month - 1]) \(civil.year) \(two(civil.hour)):\(two(civil.minute))\(seconds) UTC"
}
