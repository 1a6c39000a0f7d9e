/// When a function is loaded after its calls of a minute, in minutes from that minute.
package struct KeepAliveWindow: Hashable, Sendable {
    /// 0 keeps it loaded; otherwise it is unloaded at once and loaded again after so long.
    package let prewarm: Double
    /// How long it then stays loaded.
    package let keepalive: Double

    package init(prewarm: Double, keepalive: Double) { (self.prewarm, self.keepalive) = (prewarm, keepalive) }
}

/// The calls of one function in a minute.
package struct MinuteCalls: Hashable, Sendable {
    /// Its place among the functions of the trace.
    package let function: Int
    package let calls: Double

    package init(function: Int, calls: Double) { (self.function, self.calls) = (function, calls) }
}

/// Decides how long functions stay loaded. A value: the same minutes give the same windows.
package protocol KeepAlivePolicy: Sendable {
    /// As the user wrote it.
    var name: String { get }

    /// Learns what was called in `minute` and gives a window for each of these functions, in their order.
    ///
    /// Told of every minute with calls once, ascending, with all functions that were called in it, so that one may learn
    /// from another and none from what comes later.
    mutating func windows(after minute: Int, _ calls: [MinuteCalls]) -> [KeepAliveWindow]
}

/// What a user pays, in one currency.
package struct KeepAlivePrices: Hashable, Sendable {
    package let coldStart: Double
    /// Of a function that is loaded for an hour without a call.
    package let idleHour: Double

    /// - Precondition: both are above zero.
    package init(coldStart: Double, idleHour: Double) {
        precondition(coldStart > 0 && idleHour > 0, "what is free needs no policy")
        (self.coldStart, self.idleHour) = (coldStart, idleHour)
    }
}

/// What a function costs: the terms of the decision.
package struct KeepAliveTerms: Hashable, Sendable {
    /// What the cold starts of a function count for against the minutes that it is loaded and idle.
    package enum Objective: String, CaseIterable, Sendable {
        /// Its share of cold calls: a cold start of a function called once an hour counts as much as sixty of one called
        /// every minute.
        case share
        /// Every cold start the same.
        case price
    }

    package var objective: Objective
    /// Whole minutes before it is of use that a function must begin to load.
    package var lead: Int
    package var prices: KeepAlivePrices?
    /// Of each function; nil where it is not known.
    package let gigabytes: [Double?]

    package init(
        gigabytes: [Double?], objective: Objective = .share, lead: Int = 0,
        prices: KeepAlivePrices? = nil
    ) {
        (self.gigabytes, self.objective, self.lead, self.prices) = (gigabytes, objective, lead, prices)
    }

    /// The minutes of a loaded and idle function that cost what a cold start does: by the prices where there are any, else
    /// by its memory as `ResourceUse` weighs it.
    package func breakEvenMinutes(_ function: Int) -> Double {
        if let prices { return prices.coldStart / prices.idleHour * 60 }
        let memory = function < gigabytes.count ? gigabytes[function] : nil
        return ResourceUse.breakEvenMinutes(gigabytes: memory ?? ResourceUse.usualGigabytes)
    }
}

/// Cold starts and idle memory as one figure, seconds: the representative unified metric of FeMux (EuroSys 2026).
package enum ResourceUse {
    package static let secondsPerColdStart = 0.808
    package static let gigabyteSecondsPerSecond = 99.69
    /// The median of the functions of Azure (M. Shahrad et al., "Serverless in the Wild", ATC 2020).
    package static let usualGigabytes = 0.170

    package static func seconds(coldStarts: Double, idleMinutes: Double, gigabytes: Double) -> Double {
        coldStarts * secondsPerColdStart + idleMinutes * 60 * gigabytes / gigabyteSecondsPerSecond
    }

    package static func breakEvenMinutes(gigabytes: Double) -> Double {
        secondsPerColdStart * gigabyteSecondsPerSecond / (60 * gigabytes)
    }
}
