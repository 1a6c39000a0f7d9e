/// `prewarm`: a function is loaded while it is worth it, by its own idle times and those of functions like it.
///
/// Which interval of the next idle time that is follows from the chances of its lengths (`IdleHistory`, as far
/// as `IdleTrust` goes, over `PooledIdleTimes`) and what a cold start is worth (`WarmInterval`). Timers are so loaded for their minute alone, and a
/// function that was seen once as long as others of which no more was known have taken to come back.
package struct PrewarmKeepAlive: KeepAlivePolicy {
    /// The choice that `prewarm` makes without a number.
    package static func usualDial(_ objective: KeepAliveTerms.Objective) -> Double { objective == .share ? 32 : 1 }
    /// Longer idle times are not waited for.
    package static let horizon = 720
    /// Before so many minutes a rate is not told by what was seen alone.
    private static let leastMinutes = 60.0

    package let name: String
    private let dial: Double
    private let terms: KeepAliveTerms
    private var pool = PooledIdleTimes(horizon: horizon)
    private var trust = IdleTrust()
    private var spreads = LengthSpreads()
    private var functions: [Function] = []
    /// Those that have been called, ascending, and the last minute told.
    private var known: [Int] = []
    private var lastMinute: Int?

    private struct Function: Sendable {
        var history = IdleHistory()
        var kind = 0
    }

    /// `dial` is what a cold start is worth: under `share`, in mean times between calls of the function, and under `price`, in the
    /// times in which an idle function costs as much as a cold start.
    package init(name: String = "prewarm", dial: Double, terms: KeepAliveTerms) {
        (self.name, self.dial, self.terms) = (name, dial, terms)
    }

    package mutating func windows(after minute: Int, _ calls: [MinuteCalls]) -> [KeepAliveWindow] {
        age(to: minute)
        for call in calls { learnTrust(call.function, minute) }
        for call in calls { learn(call, minute) }
        return calls.map { decide($0.function, minute) }
    }

    /// All functions have been idle for as long as it is since the last minute told.
    private mutating func age(to minute: Int) {
        let from = lastMinute ?? minute
        for function in known {
            guard let last = functions[function].history.lastMinute, from < minute else { continue }
            for age in from + 1 - last...min(minute - last, max(from + 1 - last, Self.horizon + 1)) {
                pool.reach(age: age, kind: functions[function].kind)
            }
        }
        lastMinute = minute
    }

    /// Before what is usual has learnt of this minute.
    private mutating func learnTrust(_ number: Int, _ minute: Int) {
        guard number < functions.count, let last = functions[number].history.lastMinute else { return }
        let idleTime = minute - last, usual = pool.chances(kind: functions[number].kind)
        guard idleTime <= usual.count else { return }
        let sources = functions[number].history.sources()
        let chances = sources.map { $0.chance(of: idleTime, &spreads) }
        trust.learn(sources, chances: chances, usual: usual[idleTime - 1])
    }

    private mutating func learn(_ call: MinuteCalls, _ minute: Int) {
        while functions.count <= call.function { functions.append(Function()) }
        if let last = functions[call.function].history.lastMinute {
            pool.end(age: minute - last, kind: functions[call.function].kind)
        } else {
            known.append(call.function)
        }
        functions[call.function].history.add(minute: minute, calls: call.calls)
        let length = functions[call.function].history.usualLength
        functions[call.function].kind = PooledIdleTimes.kind(usualLength: length)
    }

    private mutating func decide(_ number: Int, _ minute: Int) -> KeepAliveWindow {
        let function = functions[number]
        var chances = pool.chances(kind: function.kind)
        let sources = function.history.sources()
        let (shares, left) = trust.shares(sources)
        for place in chances.indices { chances[place] *= left }
        for (source, share) in zip(sources, shares) { source.add(share, to: &chances, &spreads) }
        return WarmInterval(chances: chances, worth: worth(number, minute), lead: terms.lead).window
    }

    /// Of a cold start, minutes.
    private func worth(_ number: Int, _ minute: Int) -> Double {
        switch terms.objective {
        case .price: return dial * terms.breakEvenMinutes(number)
        case .share:
            let calls = functions[number].history.callsAfterFirst
            return dial * (Double(minute) + Self.leastMinutes) / (calls + 1)
        }
    }
}
