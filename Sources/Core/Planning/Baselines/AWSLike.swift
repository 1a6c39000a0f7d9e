import Series
import Units

/// Predictive scaling of EC2 groups and ECS services together with target tracking, with their published constants.
///
/// Target tracking looks at a point a minute: three above the target scale out, fifteen below nine tenths of it scale in, at
/// the earliest 300 s after the last change; either goes to what the newest point asks for at the target. The forecast gives
/// every hour a floor, held for that hour and reached the scheduling buffer before it; it never scales in.
///
/// The buffer is 300 s by default and is meant to be set to the start-up time, so it is the longer of the two here, below an
/// hour. The forecast's method is not public; ours is the hourly mean of the same hour over 14 days. Where rows are longer
/// than a minute, every minute of a row has its value; minutes whose demand is missing make no point.
package struct AWSLike: ScalingPolicy {
    package let name: String
    package let forecastSource = ForecastSource.peer("hourly-means")
    private let service: ServiceModel
    private let target: Double
    private let buffer: Int
    /// Load a sustained instance-second of the count there was, newest last.
    private var points: [Double] = []
    private var pointAt: Timestamp?, changedAt: Timestamp?

    private static let pointsOut = 3, pointsIn = 15, cooldownSeconds = 300.0

    /// - Precondition: `target`, the share of `perInstance` aimed at, is above 0.
    package init(name: String, service: ServiceModel, target: Double) {
        precondition(target > 0, "a target above 0")
        (self.name, self.service, self.target) = (name, service, target)
        buffer = min(max(300, service.startupSeconds), 3_599)
    }

    package func forecastHorizon(step: Int, tick: Int) -> Int { (buffer + tick) / step + 2 }

    package mutating func decide(_ observation: Observation) -> Decision {
        let current = observation.desired
        let tracked = track(observation), floor = observation.forecast.flatMap { hourly($0, observation.now) }
        guard tracked != nil || floor != nil else { return .held(current, .demandUnknown, service) }
        let count = max(tracked ?? current, floor ?? 0)
        if count != current { changedAt = observation.now }
        var candidates = [Decision.Candidate(.policyRule, count)]
        if let tracked { candidates.append(.init(.reactive, tracked)) }
        if let floor { candidates.append(.init(.forecastOverLeadTime, floor)) }
        return .settled(count, candidates, count == current ? .unchanged : .policyRule, service)
    }

    private func hourly(_ forecast: QuantileForecast, _ now: Timestamp) -> Int? {
        let ahead = now.advanced(bySeconds: buffer)
        let rates = [now, ahead].compactMap { service.highestRate(forecast, from: $0, through: $0) }
        return rates.max().map { service.instances(forRate: $0, target: target) }
    }

    /// What target tracking wants; nil while the demand is missing.
    private mutating func track(_ observation: Observation) -> Int? {
        let current = observation.desired, now = observation.now
        guard let rate = service.recentRate(observation.demand, over: 60) else { return nil }
        if let pointAt, now.seconds(since: pointAt) < 60 { return current }
        pointAt = now
        points.append(rate / (Double(max(current, 1)) * service.perInstance.perSecond))
        if points.count > Self.pointsIn { points.removeFirst() }
        let wish = service.instances(forRate: rate, target: target)
        if points.count >= Self.pointsOut, points.suffix(Self.pointsOut).allSatisfy({ $0 > target }) {
            return max(wish, current)
        }
        let isCool = changedAt.map { now.seconds(since: $0) >= Self.cooldownSeconds } ?? true
        let isLow = points.count == Self.pointsIn && points.allSatisfy { $0 < 0.9 * target }
        return isCool && isLow ? min(wish, current) : current
    }
}
