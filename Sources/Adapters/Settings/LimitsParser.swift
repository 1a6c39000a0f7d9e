import Planning
import Units

extension PlanLimits {
    static let keys = ["stepUp", "stepDown", "budget", "standby", "stabilisation", "minimumRun", "startCost"]

    /// What of `limits` bounds a plan beside the least, `min`, and the most.
    init(reading section: YAMLSection, min: Int, _ problems: inout ProblemList) {
        self.init()
        func amount(_ key: String) -> InstanceAmount? {
            guard let text = section.string(key) else { return nil }
            let amount = InstanceAmount(parsing: text)
            if amount == nil {
                problems.add(section, key, "'\(text)' is neither a whole number nor a share such as 10%")
            }
            return amount
        }
        (stepUp, stepDown, standby) = (amount("stepUp"), amount("stepDown"), amount("standby"))
        stabilisationSeconds = section.wholeSeconds("stabilisation", default: 0, in: 0...86_400, &problems)
        minimumRunSeconds = section.wholeSeconds("minimumRun", default: 0, in: 0...86_400, &problems)
        startCostSeconds = section.wholeSeconds("startCost", default: 0, in: 0...86_400, &problems)
        guard let paid = section.section("budget", &problems) else { return }
        paid.allow(["hours", "per"], &problems)
        let period = paid.choice("per", Budget.Period.self, default: .day, &problems)
        guard let hours = paid.number("hours", &problems), let budget = Budget(instanceHours: hours, per: period) else {
            problems.add(paid, "hours", "instance-hours, a number above 0, are wanted")
            return
        }
        if budget.instances < Double(min) {
            problems.add(paid, "hours", "does not pay for the \(min) instances of min")
        }
        self.budget = budget
    }
}
