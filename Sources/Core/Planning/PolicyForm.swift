import Units

/// Why a policy cannot be made, in words for an operator.
package struct PolicyError: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// The one number that a policy is tuned by.
package struct PolicyKnob: Hashable, Sendable {
    /// As in the usage, `target`.
    package let name: String
    /// What it is, with its unit.
    package let meaning: String
    package let range: ClosedRange<Double>
    /// Taken where none is given; nil where one must be.
    package let standard: Double?
    /// Over these a frontier sweeps the policy, so that a comparison is with the best-tuned one.
    package let sweep: [Double]
    /// Whether only whole numbers will do.
    package let isWhole: Bool
    /// A word that is taken in place of a number.
    package let word: String?

    init(
        _ name: String, _ meaning: String, in range: ClosedRange<Double>, standard: Double?, sweep: [Double],
        isWhole: Bool = false, word: String? = nil
    ) {
        (self.name, self.meaning, self.range) = (name, meaning, range)
        (self.standard, self.sweep, self.isWhole, self.word) = (standard, sweep, isWhole, word)
    }

    func text(_ value: Double) -> String {
        isWhole || value.rounded() == value ? "\(Int(clamping: value))" : "\(value)"
    }
}

/// What a policy is made from.
struct PolicyRequest {
    /// As it was written.
    let text: String
    let service: ServiceModel
    let tick: Int
    let peakRate: Double?
    let schedule: [SchedulePolicy.Entry]?
    /// The knob's value; nil where its word was given, or where there is no knob.
    var number: Double?
}

/// A family of policies, one for each value of its knob.
package struct PolicyForm: Sendable {
    package let family: String
    /// What it is, in a line.
    package let summary: String
    package let knob: PolicyKnob?
    let make: @Sendable (PolicyRequest) throws(PolicyError) -> any ScalingPolicy

    init(
        _ family: String, _ summary: String, knob: PolicyKnob? = nil,
        make: @escaping @Sendable (PolicyRequest) throws(PolicyError) -> any ScalingPolicy
    ) {
        (self.family, self.summary, self.knob, self.make) = (family, summary, knob, make)
    }

    /// As users write it: `hpa[:target]`.
    package var usage: String {
        guard let knob else { return family }
        let argument = ([knob.name] + (knob.word.map { [$0] } ?? [])).joined(separator: "|")
        return knob.standard == nil ? "\(family):\(argument)" : "\(family)[:\(argument)]"
    }

    /// The names over which a frontier sweeps the family; the family itself where there is nothing to tune.
    package var sweep: [String] {
        guard let knob else { return [family] }
        return knob.sweep.map { "\(family):\(knob.text($0))" }
    }

    func policy(_ argument: String?, _ request: PolicyRequest) throws(PolicyError) -> any ScalingPolicy {
        var request = request
        request.number = try number(argument, request.text)
        return try make(request)
    }

    private func number(_ argument: String?, _ text: String) throws(PolicyError) -> Double? {
        guard let knob else {
            if argument == nil { return nil }
            throw PolicyError("policy \(text): \(family) takes no number")
        }
        if argument == nil, let standard = knob.standard { return standard }
        if argument != nil, argument == knob.word { return nil }
        guard let value = argument.flatMap(Double.init), knob.range.contains(value),
            !knob.isWhole || value.rounded() == value
        else { throw PolicyError("policy \(text): \(expectation(knob))") }
        return value
    }

    /// `target, the share of …, must be a number from 0.01 to 10, as in hpa:0.7`.
    private func expectation(_ knob: PolicyKnob) -> String {
        let kind = knob.isWhole ? "a whole number" : "a number"
        let bounds = "from \(knob.text(knob.range.lowerBound)) to \(knob.text(knob.range.upperBound))"
        let word = knob.word.map { ", or \($0)" } ?? ""
        let example = knob.text(knob.standard ?? knob.sweep[knob.sweep.count / 2])
        return "\(knob.name), \(knob.meaning), must be \(kind) \(bounds)\(word), as in \(family):\(example)"
    }
}
