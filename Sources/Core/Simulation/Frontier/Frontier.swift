package import Planning
package import Series
package import Units

/// What a frontier came to: every setting of every family on one trace, which one to take, and how sure that is.
package struct FrontierResult: Sendable {
    /// Of the trace as replayed, with what was changed in it.
    package var traceName: String
    package var start: Timestamp, end: Timestamp
    /// Seconds that a row spans.
    package var step: Int
    package var service: ReplayService
    package var tickSeconds: Int
    /// The model behind `predictive`.
    package var model: String
    /// What the reader must know of how this was made: what was derived, changed or left out. Whole sentences.
    package var notes: [String]

    package var clairvoyantHours: Double
    /// `predictive` first, the peers after it, the bound last.
    package var families: [FrontierFamily]
    package var levels: [FrontierLevel]

    package var choice: FrontierChoice?
    package var verdict: FrontierVerdict
    /// As it is, and with other start-up times.
    package var startups: [StartupCase]
    /// Of the recommended setting, the most late requests first.
    package var worst: [LateEpisode]
    /// What is drawn over time; nil where nothing was asked for.
    package var timeline: FrontierTimeline?

    package init(
        traceName: String, start: Timestamp, end: Timestamp, step: Int, service: ReplayService, tickSeconds: Int,
        model: String, notes: [String], clairvoyantHours: Double, families: [FrontierFamily], levels: [FrontierLevel],
        choice: FrontierChoice? = nil, verdict: FrontierVerdict, startups: [StartupCase], worst: [LateEpisode],
        timeline: FrontierTimeline? = nil
    ) {
        (self.traceName, self.start, self.end) = (traceName, start, end)
        (self.step, self.service, self.tickSeconds) = (step, service, tickSeconds)
        (self.model, self.notes, self.clairvoyantHours) = (model, notes, clairvoyantHours)
        (self.families, self.levels, self.choice) = (families, levels, choice)
        (self.verdict, self.startups, self.worst) = (verdict, startups, worst)
        self.timeline = timeline
    }
}

/// A family of policies, swept over its main knob.
package struct FrontierFamily: Sendable {
    package enum Role: String, Sendable {
        /// The planner of this project.
        case predictive
        /// What others run.
        case peer
        /// Not to be had: it knows the true rate, and not the noise of single requests.
        case bound
    }

    package let name: String
    package let role: Role
    /// In the order of the knob.
    package var points: [FrontierPoint]

    package init(name: String, role: Role, points: [FrontierPoint]) {
        (self.name, self.role, self.points) = (name, role, points)
    }
}

/// One setting, replayed over the scored part.
package struct FrontierPoint: Hashable, Sendable {
    /// As users name it, `hpa:0.7`.
    package let policy: String
    package let knob: Double
    package let figures: ReplayFigures
    /// Instance-hours as a multiple of the clairvoyant's; infinite where that needs none.
    package let cost: Double
    /// What instances, their starts and late requests cost by the service's prices; nil without.
    package let money: Double?
    /// What starts cost beside `figures.instanceHours`, in instance-hours; nil where a start has no price.
    package let startHours: Double?

    package init(
        policy: String, knob: Double, figures: ReplayFigures, cost: Double, money: Double?, startHours: Double? = nil
    ) {
        (self.policy, self.knob, self.figures) = (policy, knob, figures)
        (self.cost, self.money, self.startHours) = (cost, money, startHours)
    }
}

/// The least cost at which a lateness is reached, as `FrontierFamily.cost(atLate:)` gives it.
package struct FrontierLevel: Hashable, Sendable {
    package struct Peer: Hashable, Sendable {
        package let family: String
        /// Nil where it is reached at no setting.
        package let cost: Double?
        /// 1 − (predictive's − 1) / (the peer's − 1); nil where neither reaches it, 1 where only predictive does.
        package let gapClosed: Double?

        package init(
            family: String, cost: Double?, gapClosed: Double?
        ) {
            (self.family, self.cost, self.gapClosed) = (family, cost, gapClosed)
        }
    }

    /// Share of the requests.
    package let late: Double
    package let predictive: Double?
    package let peers: [Peer]
    /// The family of the best-tuned peer; nil where none reaches it.
    package let best: Peer?
    /// Of a policy that knows the true rate.
    package let bound: Double?

    package init(
        late: Double, predictive: Double?, peers: [Peer], best: Peer?, bound: Double?
    ) {
        (self.late, self.predictive, self.peers) = (late, predictive, peers)
        (self.best, self.bound) = (best, bound)
    }
}

/// What the user wants.
package enum FrontierGoal: Hashable, Sendable {
    /// The least instance-hours with at most this share of requests late.
    case late(Double)
    /// The least lateness within this multiple of the clairvoyant's instance-hours.
    case budget(Double)
    /// The least money by the service's prices.
    case prices(Prices)
}

/// A figure with the bounds of its confidence interval.
package struct Interval: Hashable, Sendable {
    package let low: Double, estimate: Double, high: Double
    package init(low: Double, estimate: Double, high: Double) {
        (self.low, self.estimate, self.high) = (low, estimate, high)
    }
}

/// A setting chosen on the first part of the scored history, and what it came to on the rest.
package struct ChosenSetting: Hashable, Sendable {
    package let policy: String
    package let family: String
    package let knob: Double
    /// On the part it was chosen on.
    package let chosenLate: Double, chosenCost: Double
    /// On the rest: the share of requests late, and instance-hours as a multiple of the clairvoyant's. Without bounds
    /// (low = high) where the rest is too short for them.
    package let late: Interval, cost: Interval
    package let instanceHours: Double

    package init(
        policy: String, family: String, knob: Double, chosenLate: Double, chosenCost: Double, late: Interval,
        cost: Interval, instanceHours: Double
    ) {
        (self.policy, self.family, self.knob) = (policy, family, knob)
        (self.chosenLate, self.chosenCost, self.late) = (chosenLate, chosenCost, late)
        (self.cost, self.instanceHours) = (cost, instanceHours)
    }
}

/// The recommended setting beside the best-tuned peer.
package struct FrontierChoice: Sendable {
    package var goal: FrontierGoal
    package var chosenOn: Range<Timestamp>, reportedOn: Range<Timestamp>
    package var recommended: ChosenSetting
    /// Nil where no peer has a setting that meets the goal on the part chosen on, or no peer was swept.
    package var peer: ChosenSetting?
    /// On the rest, both settings as chosen: the recommended one's lateness less the peer's, and the share of the peer's
    /// instance-hours saved. Resampled in pairs.
    package var lateDifference: Interval?
    package var hoursSaved: Interval?
    /// On the rest, along both curves at the goal's lateness: the share of the peer's instance-hours saved.
    package var hoursSavedAtEqualLateness: Interval?
    package var blockSeconds: Int, resamples: Int, seed: UInt64
    /// Of the intervals, such as 0.95; nil where the rest is too short for any.
    package var confidence: Double?

    package init(
        goal: FrontierGoal, chosenOn: Range<Timestamp>, reportedOn: Range<Timestamp>, recommended: ChosenSetting,
        peer: ChosenSetting? = nil, lateDifference: Interval? = nil, hoursSaved: Interval? = nil,
        hoursSavedAtEqualLateness: Interval? = nil, blockSeconds: Int, resamples: Int, seed: UInt64,
        confidence: Double? = nil
    ) {
        (self.goal, self.chosenOn, self.reportedOn) = (goal, chosenOn, reportedOn)
        (self.recommended, self.peer, self.lateDifference) = (recommended, peer, lateDifference)
        (self.hoursSaved, self.hoursSavedAtEqualLateness, self.blockSeconds) = (
            hoursSaved, hoursSavedAtEqualLateness, blockSeconds
        )
        (self.resamples, self.seed, self.confidence) = (resamples, seed, confidence)
    }
}

package struct FrontierVerdict: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case saves, reachesAlone, reactiveIsEnough, reactiveIsCheaper, nobodyReaches, tooShort
    }

    package let kind: Kind
    /// The first sentence is the verdict, the others give its reasons.
    package let sentences: [String]

    package init(
        kind: Kind, sentences: [String]
    ) {
        (self.kind, self.sentences) = (kind, sentences)
    }
}

/// The recommendation and its cost with one start-up time, over the whole scored part.
package struct StartupCase: Hashable, Sendable {
    package let startupSeconds: Int
    /// Whether it is what the service says; the others are what-ifs.
    package let isAsIs: Bool
    /// Nil where no setting meets the goal.
    package let recommended: FrontierPoint?
    package let peer: FrontierPoint?
    /// Of predictive, the least at any dial.
    package let leastLate: Double
    package let clairvoyantHours: Double

    package init(
        startupSeconds: Int, isAsIs: Bool, recommended: FrontierPoint?, peer: FrontierPoint?, leastLate: Double,
        clairvoyantHours: Double
    ) {
        (self.startupSeconds, self.isAsIs, self.recommended) = (startupSeconds, isAsIs, recommended)
        (self.peer, self.leastLate, self.clairvoyantHours) = (peer, leastLate, clairvoyantHours)
    }
}

/// Rows one after the other in which requests were late, and the decision that would have had to start more.
package struct LateEpisode: Sendable {
    package let start: Timestamp, end: Timestamp
    /// How many requests, and their share of all that were late.
    package let lateRequests: Double, shareOfLate: Double
    /// Seconds.
    package let longestWait: Double
    /// The row in which the most capacity was missing.
    package let peak: Timestamp
    /// Demand per second there, the instances it needs, and those that were ready.
    package let peakRate: Double
    package let need: Int, ready: Int
    /// When a start had to be decided to be ready for that row, and what was decided then; nil before the scored part.
    package let record: DecisionRecord?

    package init(
        start: Timestamp, end: Timestamp, lateRequests: Double, shareOfLate: Double, longestWait: Double,
        peak: Timestamp, peakRate: Double, need: Int, ready: Int, record: DecisionRecord?
    ) {
        (self.start, self.end, self.lateRequests) = (start, end, lateRequests)
        (self.shareOfLate, self.longestWait, self.peak) = (shareOfLate, longestWait, peak)
        (self.peakRate, self.need, self.ready) = (peakRate, need, ready)
        self.record = record
    }
}

/// What a policy knew, considered and decided at a tick.
package struct DecisionRecord: Hashable, Sendable {
    package let time: Timestamp
    /// Before the decision.
    package let desired: Int, ready: Int, starting: Int
    package let decision: Decision
    /// What was forecast for the row that a start decided then would serve: demand per second by level.
    package let forecast: [ForecastLevel]

    package struct ForecastLevel: Hashable, Sendable {
        package let level: Double, rate: Double

        package init(
            level: Double, rate: Double
        ) {
            (self.level, self.rate) = (level, rate)
        }
    }

    package init(
        time: Timestamp, desired: Int, ready: Int, starting: Int, decision: Decision, forecast: [ForecastLevel]
    ) {
        (self.time, self.desired, self.ready) = (time, desired, ready)
        (self.starting, self.decision, self.forecast) = (starting, decision, forecast)
    }
}

/// What a picture over time needs, each value per second of demand; the chart thins it.
package struct FrontierTimeline: Sendable {
    /// Demand per second of the scored rows.
    package let demand: RegularSeries
    /// What was forecast a lead time ahead of each row or window: the middle and the levels beside it.
    package let low: RegularSeries, median: RegularSeries, high: RegularSeries
    package let lowLevel: Double, highLevel: Double
    /// What each policy decided; the recommended one first, the best-tuned peer after it.
    package let capacities: [Capacity]

    package struct Capacity: Sendable {
        package let policy: String
        package let decisions: [ReplayDecision]
        /// Ready instances from each second on.
        package let ready: [ReplayDecision]
        /// Requests late in each scored row.
        package let late: [Double]

        package init(
            policy: String, decisions: [ReplayDecision], ready: [ReplayDecision], late: [Double]
        ) {
            (self.policy, self.decisions, self.ready) = (policy, decisions, ready)
            self.late = late
        }
    }

    package init(
        demand: RegularSeries, low: RegularSeries, median: RegularSeries, high: RegularSeries, lowLevel: Double,
        highLevel: Double, capacities: [Capacity]
    ) {
        (self.demand, self.low, self.median) = (demand, low, median)
        (self.high, self.lowLevel, self.highLevel) = (high, lowLevel, highLevel)
        self.capacities = capacities
    }
}
