/// `hazard`: a histogram of a function's own idle times, and loaded where its prices say so.
///
/// The hybrid histogram with prices in place of its percentiles, margins and modes: the interval of `WarmInterval` on the
/// idle times that were seen, spread over the lengths about them, and as much of an idle time of any length as one that was
/// seen. Nothing is learnt from other functions, which is what `prewarm` adds.
package struct HazardKeepAlive: KeepAlivePolicy {
    package let name: String
    private let worth: @Sendable (Int) -> Double
    private let lead: Int
    private var spreads = LengthSpreads()
    private var functions: [Int: Function] = [:]
    private let usual: [Double]

    private struct Function: Sendable {
        var lastMinute: Int?
        var counts: [Double]
        var seen = 0.0
    }

    /// `worth` is how long each function may idle for one cold start less, minutes.
    package init(name: String = "hazard", lead: Int = 0, worth: @escaping @Sendable (Int) -> Double) {
        (self.name, self.worth, self.lead) = (name, worth, lead)
        var pool = PooledIdleTimes(horizon: PrewarmKeepAlive.horizon)
        usual = pool.chances(kind: 0)
    }

    package mutating func windows(after minute: Int, _ calls: [MinuteCalls]) -> [KeepAliveWindow] {
        calls.map { call in
            var function = functions[call.function] ?? Function(counts: usual)
            if let last = function.lastMinute {
                function.seen += 1
                spreads.add(1, around: minute - last, to: &function.counts)
            }
            function.lastMinute = minute
            functions[call.function] = function
            let chances = function.counts.map { $0 / (function.seen + 1) }
            return WarmInterval(chances: chances, worth: worth(call.function), lead: lead).window
        }
    }
}
