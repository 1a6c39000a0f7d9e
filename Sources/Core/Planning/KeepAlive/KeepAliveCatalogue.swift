import Units

/// Every keep-alive policy by name.
package enum KeepAliveCatalogue {
    package static let forms = [
        "prewarm[:dial]", "hybrid-histogram", "hazard[:dial]", "ski-rental[:minutes]", "fixed:minutes", "never-unload",
    ]
    /// Beyond this a number of minutes or a dial is a slip of the hand.
    private static let largest = 1e6

    /// The policy that `text` names. Throws where there is no such policy or its argument will not do.
    package static func policy(
        parsing text: String, terms: KeepAliveTerms
    ) throws(PolicyError) -> any KeepAlivePolicy {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let argument = parts.count > 1 ? parts[1] : nil
        switch (parts[0], argument) {
        case ("prewarm", _):
            let dial = try number(argument, of: text, orElse: PrewarmKeepAlive.usualDial(terms.objective))
            return PrewarmKeepAlive(name: text, dial: dial, terms: terms)
        case ("hybrid-histogram", nil): return HybridHistogram(name: text)
        case ("hazard", _):
            let dial = try number(argument, of: text, orElse: 1)
            return HazardKeepAlive(name: text, lead: terms.lead) { dial * terms.breakEvenMinutes($0) }
        case ("ski-rental", nil): return FixedKeepAlive(name: text, keepalive: terms.breakEvenMinutes)
        case ("ski-rental", _):
            let minutes = try number(argument, of: text, orElse: nil)
            return FixedKeepAlive(name: text) { _ in minutes }
        case ("fixed", _):
            let minutes = try number(argument, of: text, orElse: nil)
            return FixedKeepAlive(name: text) { _ in minutes }
        case ("never-unload", nil): return FixedKeepAlive(name: text) { _ in FixedKeepAlive.forever }
        default: throw unknown(text, parts[0])
        }
    }

    private static func unknown(_ text: String, _ family: String) -> PolicyError {
        let families = forms.map { String($0.prefix { $0 != "[" && $0 != ":" }) }
        if families.contains(family) { return PolicyError("policy \(text): \(family) takes no number") }
        let near = nearestName(to: family, among: families).map { "; did you mean \($0)? There" } ?? "; there"
        return PolicyError("no policy \"\(text)\"\(near) are \(forms.joined(separator: ", "))")
    }

    private static func number(
        _ argument: String?, of text: String, orElse usual: Double?
    ) throws(PolicyError) -> Double {
        if argument == nil, let usual { return usual }
        guard let value = argument.flatMap({ Double($0) }), value >= 0, value <= largest else {
            throw PolicyError("policy \(text): give a number from 0 to 1000000, as in \(example(text))")
        }
        return value
    }

    private static func example(_ text: String) -> String {
        let name = text.prefix { $0 != ":" }
        return "\(name):\(name == "prewarm" ? "32" : name == "hazard" ? "1" : "10")"
    }
}
