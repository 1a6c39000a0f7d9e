import Kernels

/// When requests arrive, in seconds from the start of the scored part.
package enum RequestArrivals: Sendable {
    /// Measured ones, ascending; those outside the scored part are left out.
    case given([Double])
    /// A renewal process on the trace's rates, stretched so that each row gets its share: gaps between requests have the
    /// coefficient of variation `cv`. 1 is Poisson, above 1 comes in bursts, 0 is as regular as can be.
    case drawn(cv: Double)
}

/// Hands out arrivals one by one, so that none but the next is held.
struct ArrivalStream {
    private let rates: [Double], step: Double
    private let cv: Double
    private let given: [Double]?
    private var random: SplitMix64
    private var row = 0, next = 0
    private var now = 0.0

    init(_ arrivals: RequestArrivals, trace: ReplayTrace, seed: UInt64) {
        (rates, step, random) = (trace.rates, Double(trace.step), SplitMix64(seed: seed))
        switch arrivals {
        case .given(let times): (given, cv) = (times, 0)
        case .drawn(let cv): (given, self.cv) = (nil, cv)
        }
    }

    /// The time of the next request; infinite after the last.
    mutating func advance() -> Double {
        if let given { return advance(given) }
        var gap = gap()
        while row < rates.count {
            let end = Double(row + 1) * step, rate = rates[row]
            if rate > 0 {
                let left = rate * (end - now)
                if gap < left {
                    now += gap / rate
                    return now
                }
                gap -= left
            }
            (row, now) = (row + 1, end)
        }
        return .infinity
    }

    /// Requests of an even stream that pass before the next.
    private mutating func gap() -> Double {
        if cv == 1 { return random.exponentialDraw() }
        return cv <= 0 ? 1 : random.gammaDraw(shape: 1 / (cv * cv))
    }

    private mutating func advance(_ given: [Double]) -> Double {
        while next < given.count, given[next] < 0 { next += 1 }
        guard next < given.count, given[next] < step * Double(rates.count) else { return .infinity }
        next += 1
        return given[next - 1]
    }
}
