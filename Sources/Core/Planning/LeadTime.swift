import Kernels

/// How long a start takes, from the decision until the instance serves, as far as the latest starts tell.
///
/// A high quantile, because a plan made on the median would be late at every second start. Newer starts weigh more, so that a
/// change of the image shows within some dozens of them, and one that took far longer than those before counts at once: it may be
/// the first of many, and capacity that is short costs more than a few minutes of planning too far ahead.
package struct LeadTime: Hashable, Sendable {
    /// The share of starts that are no longer than planned for.
    package static let quantile = 0.9
    /// After as many newer starts one weighs half.
    package static let halfLife = 20.0
    /// A start of so many times what the ones before it come to is out of the ordinary …
    package static let extraordinary = 1.5
    /// … and is believed until as many others have followed it.
    package static let believed = 3
    /// Nothing longer is planned for, seconds.
    package static let longest = 86_400.0

    /// What to plan with.
    package let seconds: Int
    /// How many starts that rests on; 0 where it is assumed.
    package let starts: Int

    private init(_ seconds: Double, starts: Int) {
        self.seconds = seconds.isNaN ? 0 : Int(min(max(seconds, 0), Self.longest).rounded(.up))
        self.starts = starts
    }

    package init(assumed seconds: Double) { self.init(seconds, starts: 0) }

    /// Of the seconds that the latest starts took, oldest first; what is not finite or negative is left out. `assumed` until there
    /// is one.
    ///
    /// Complexity: O(n log n).
    package init(measured: [Double], assumed: Double) {
        let known = measured.filter { $0.isFinite && $0 >= 0 }
        guard let usual = Self.weightedQuantile(known[...]) else {
            self.init(assumed: assumed)
            return
        }
        var seconds = usual
        for place in known.indices.suffix(Self.believed) {
            if let before = Self.weightedQuantile(known[..<place]), known[place] > Self.extraordinary * before {
                seconds = max(seconds, known[place])
            }
        }
        self.init(seconds, starts: known.count)
    }

    /// The least of the values that more than `quantile` of the weight does not exceed; the last weighs 1.
    private static func weightedQuantile(_ values: ArraySlice<Double>) -> Double? {
        guard let newest = values.indices.last else { return nil }
        let weighted = values.indices.map { (value: values[$0], weight: weight(age: newest - $0)) }
            .sorted { $0.value < $1.value }
        let wanted = quantile * weighted.reduce(0) { $0 + $1.weight }
        var sum = 0.0
        for entry in weighted {
            sum += entry.weight
            if sum > wanted { return entry.value }
        }
        return weighted.last?.value
    }

    private static func weight(age: Int) -> Double { exponential(-logarithm(2) * Double(age) / halfLife) }
}
