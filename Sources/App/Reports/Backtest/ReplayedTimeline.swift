import Planning
import Series
package import Simulation
import Units

extension BacktestPage {
    /// Fills in what is drawn over time, and the worst moments of the first policy in it.
    package mutating func tell(_ drawn: FrontierTimeline?, _ worst: [LateEpisode], service: ReplayService) {
        timeline = drawn.map { Timeline($0, worst, service: service) }
        let hasForecast = timeline?.band != nil
        timelineCaption =
            (hasForecast
                ? "The band is what was forecast a start-up time ahead, when a start still had to be decided. " : "")
            + "A step is the demand that the instances wanted would sustain; they are ready a start-up time after it rises. "
            + "Marks at the foot show where requests were late, in the colour of the policy. "
            + (worst.isEmpty ? "" : "The numbers mark the worst moments below. ") + "Times are UTC."
        moments = worst.enumerated().map { number, episode in
            Moment(number + 1, episode, start: drawn?.demand.start, service: service)
        }
    }
}

extension Timeline {
    /// The worst moments are numbered in their order.
    init(_ drawn: FrontierTimeline, _ worst: [LateEpisode], service: ReplayService) {
        let demand = drawn.demand
        let name = "forecast, \(shareText(drawn.lowLevel)) to \(shareText(drawn.highLevel))"
        let low = drawn.low.values(at: demand), high = drawn.high.values(at: demand)
        let isForecast = zip(low, high).contains { $0.isFinite && $1.isFinite }
        let moments = worst.enumerated().map { number, episode in
            Moment(episode.start.second(since: demand.start)..<episode.end.second(since: demand.start), "\(number + 1)")
        }
        self.init(
            start: demand.start, step: demand.step, demand: demand.values, unit: "demand a second",
            perInstance: service.model.perInstance.perSecond,
            band: isForecast ? Band(name, low: low, high: high) : nil,
            capacities: drawn.capacities.map { Capacity($0.policy, $0.decisions, late: $0.late) }, moments: moments)
    }
}

extension BacktestPage.Moment {
    /// From before a start for it had to be decided to well after its end; without a `start` of the timeline no picture.
    fileprivate init(_ number: Int, _ episode: LateEpisode, start: Timestamp?, service: ReplayService) {
        let title = "\(number). \(clockText(episode.start))"
        guard let start else {
            self.init(title: title, sentences: episode.sentences, stretch: nil)
            return
        }
        let lead = service.model.startupSeconds
        let begin = episode.start.second(since: start), end = max(begin, episode.end.second(since: start))
        let first = min(episode.record?.time.second(since: start) ?? begin, begin - lead)
        let margin = max(600, lead, (end - first) / 2)
        self.init(title: title, sentences: episode.sentences, stretch: max(0, first - margin)..<end + margin)
    }
}

extension Timestamp {
    fileprivate func second(since start: Timestamp) -> Int { Int(max(0, min(seconds(since: start), 1e9))) }
}

extension RegularSeries {
    /// The value of the row that holds the start of each row of `other`; NaN where there is none.
    fileprivate func values(at other: RegularSeries) -> [Double] {
        other.values.indices.map { row in
            let own = grid.row(holding: other.grid.time(of: row))
            return values.indices.contains(own) ? values[own] : .nan
        }
    }
}
