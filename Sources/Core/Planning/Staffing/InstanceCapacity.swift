package import Units

/// What one instance carries, as operators know it; all of it comes to a demand per second, and waiting to a queue beside it.
package enum InstanceCapacity: Hashable, Sendable {
    /// Demand per second within the SLO, as measured.
    case rate(Double)
    /// The demand is a usage that is measured over all instances (cores, connections): one has `whole` of it and is to be used up to
    /// the share `target`.
    case usage(whole: Double, target: Double)
    /// `places` requests at once, of which the share `target` is to be taken. Where the demand is a rate, `requestSeconds` is the mean
    /// time in the system: by Little's law rate × time are in flight. Nil where the demand is what is in flight.
    case concurrency(places: Int, target: Double, requestSeconds: Double?)
    /// Tokens that are made one after another for each of a batch of requests.
    case tokens(TokenCapacity)
    /// Whatever a queue of this kind needs; no share that is kept free.
    case queue(QueueModel)

    /// Demand per second that an instance sustains; nil where the numbers say none.
    package var sustained: DemandRate? {
        let value: Double? =
            switch self {
            case .rate(let rate): rate
            case .usage(let whole, let target): Self.share(target).map { whole * $0 }
            case .concurrency(let places, let target, let seconds):
                Self.share(target).map { Double(places) * $0 / (seconds ?? 1) }
            case .tokens(let tokens): tokens.sustained
            case .queue(let queue): queue.perSecond
            }
        guard let value, value > 0 else { return nil }
        return DemandRate(perSecond: value)
    }

    package var queue: QueueModel? { if case .queue(let queue) = self { queue } else { nil } }

    fileprivate static func share(_ target: Double) -> Double? { target > 0 && target <= 1 ? target : nil }
}

/// What an instance that serves a language model carries.
package struct TokenCapacity: Hashable, Sendable {
    package struct Batch: Hashable, Sendable {
        package let size: Int, perSequence: Double
        package init(size: Int, perSequence: Double) { (self.size, self.perSequence) = (size, perSequence) }
    }

    /// Tokens per second of a full batch.
    package let perSecond: Double
    /// Tokens of a request on average; nil where the demand itself counts tokens.
    package let perRequest: Double?
    /// Requests that are served at once, and tokens per second that one of them gets: a batch that is full of slow ones is full. Nil
    /// where tokens alone limit.
    package let batch: Batch?
    /// The share of it that is to be used.
    package let target: Double

    package init(perSecond: Double, perRequest: Double?, batch: Batch?, target: Double) {
        (self.perSecond, self.perRequest, self.batch, self.target) = (perSecond, perRequest, batch, target)
    }

    /// Requests, or tokens where demand counts those, per second.
    package var sustained: Double? {
        guard let target = InstanceCapacity.share(target), perSecond > 0, perRequest.map({ $0 > 0 }) ?? true else {
            return nil
        }
        let most = batch.map { min(perSecond, Double($0.size) * $0.perSequence) } ?? perSecond
        return most * target / (perRequest ?? 1)
    }
}
