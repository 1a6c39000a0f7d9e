import Kernels
package import Reports
package import Series

/// What one fleet's day came to.
package struct FleetResult: Hashable, Sendable {
    package let name: String
    package let policy: String
    package let requests: Int
    package let late: Int
    /// Of those late ones, the requests that never got their answer.
    package let unanswered: Int
    /// Seconds at the client; NaN without a request.
    package let p50Wait: Double, p99Wait: Double, maxWait: Double
    package let instanceSeconds: Double
    package let starts: Int
    /// Requests that came in a row.
    package let demand: [Double]
    /// What the ready instances could serve in a row.
    package let capacity: [Double]
    /// The p99 of the waits of a row's requests, seconds; NaN where none came.
    package let p99PerRow: [Double]

    package init(
        name: String, policy: String, outcomes: [RequestOutcome], sloWaitSeconds: Double, instanceSeconds: Double,
        starts: Int, demand: [Double], capacity: [Double]
    ) {
        (self.name, self.policy, self.demand, self.capacity) = (name, policy, demand, capacity)
        (self.instanceSeconds, self.starts, requests) = (instanceSeconds, starts, outcomes.count)
        late = outcomes.count { $0.isLate(beyond: sloWaitSeconds) }
        unanswered = outcomes.count { !$0.isAnswered }
        let waits = outcomes.map(\.wait).sorted()
        (p50Wait, p99Wait) = (quantile(ofSorted: waits, 0.5), quantile(ofSorted: waits, 0.99))
        maxWait = waits.last ?? .nan
        var rows = [[Double]](repeating: [], count: demand.count)
        for outcome in outcomes where rows.indices.contains(Int(outcome.arrival)) {
            rows[Int(outcome.arrival)].append(outcome.wait)
        }
        p99PerRow = rows.map { quantile(ofSorted: $0.sorted(), 0.99) }
    }

    package var lateShare: Double { requests == 0 ? 0 : Double(late) / Double(requests) }
}

/// The outcome of a demo: two fleets, the same requests.
package struct DemoResult: Hashable, Sendable {
    package let settings: DemoSettings
    package let reactive: FleetResult, prewarmed: FleetResult
    /// Made before the day, from the history alone.
    package let forecast: QuantileForecast

    package init(
        settings: DemoSettings, reactive: FleetResult, prewarmed: FleetResult, forecast: QuantileForecast
    ) {
        (self.settings, self.reactive, self.prewarmed, self.forecast) = (settings, reactive, prewarmed, forecast)
    }

    package var verdict: Verdict { Verdict(reactive: reactive, prewarmed: prewarmed) }

    package var table: TextTable {
        var table = TextTable(header: [
            "fleet", "requests", "late", "p50 wait", "p99 wait", "max", "instance-seconds", "starts",
        ])
        for fleet in [reactive, prewarmed] {
            table.append([
                fleet.name, "\(fleet.requests)", percent(fleet.lateShare), seconds(fleet.p50Wait),
                seconds(fleet.p99Wait), seconds(fleet.maxWait), fixedText(fleet.instanceSeconds, digits: 0),
                "\(fleet.starts)",
            ])
        }
        return table
    }
}

/// What the figures of a run say about prewarming, good or bad.
package enum Verdict: Hashable, Sendable {
    /// Fewer late requests at similar or lower cost.
    case won
    /// Fewer late requests, at a higher cost.
    case atAPrice
    /// As many late requests, at a lower cost.
    case cheaper
    case noDifference
    /// More late requests, or as many at a higher cost.
    case lost

    /// Costs within this share of each other count as similar.
    private static let similar = 0.05

    /// Late counts differ where the difference is above three standard deviations of counts that size, and above one
    /// request in a thousand: below that another run may well turn it round.
    package init(reactive: FleetResult, prewarmed: FleetResult) {
        let difference = Double(reactive.late - prewarmed.late)
        let noise = 3 * Double(reactive.late + prewarmed.late).squareRoot()
        let isDifferent = abs(difference) > max(noise, 0.001 * Double(max(reactive.requests, prewarmed.requests)))
        let extra = Self.extraCost(reactive, prewarmed)
        if isDifferent {
            self = difference < 0 ? .lost : extra > Self.similar ? .atAPrice : .won
        } else {
            self = extra > Self.similar ? .lost : extra < -Self.similar ? .cheaper : .noDifference
        }
    }

    /// The verdict in words, with the figures it rests on.
    package func sentence(reactive: FleetResult, prewarmed: FleetResult) -> String {
        let late = "\(percent(prewarmed.lateShare)) of requests late against \(percent(reactive.lateShare))"
        let extra = Self.extraCost(reactive, prewarmed)
        let cost = "\(percent(abs(extra))) \(extra > 0 ? "more" : "fewer") instance-seconds"
        return switch self {
        case .won: "Prewarming won this run: \(late), with \(cost)."
        case .atAPrice: "Prewarming was late less often, at a price: \(late), with \(cost)."
        case .cheaper: "Prewarming was no less late but cheaper: \(late), with \(cost)."
        case .noDifference: "This run shows no difference: \(late), with \(cost)."
        case .lost: "Prewarming lost this run: \(late), with \(cost)."
        }
    }

    /// What prewarming held beyond the reactive fleet, as a share of that.
    private static func extraCost(_ reactive: FleetResult, _ prewarmed: FleetResult) -> Double {
        reactive.instanceSeconds > 0 ? prewarmed.instanceSeconds / reactive.instanceSeconds - 1 : 0
    }
}

private func percent(_ share: Double) -> String { fixedText(share * 100) + "%" }

private func seconds(_ value: Double) -> String { value.isFinite ? fixedText(value, digits: 2) + " s" : "-" }
