import Planning
import Series
import Simulation
import Units

/// A frontier under the names of `--json`. Times are ISO-8601, shares are of 1, costs multiples of the clairvoyant's.
struct FrontierJSON: Encodable {
    let trace, start, end, model: String
    let step, tick: Int
    let service: Service
    let notes: [String]
    let clairvoyantHours: Double
    let families: [Family]
    let levels: [Level]
    let choice: Choice?
    let verdict: Verdict
    let startups: [Startup]
    let worst: [Episode]

    struct Service: Encodable {
        let perInstance, sloWaitSeconds: Double
        let startupSeconds, minInstances, maxInstances, initialInstances: Int
        let gaps, kind: String
        let idleCost, lateCost: Double?
        let startCostSeconds: Int?
    }
    struct Point: Encodable {
        let policy: String
        let knob, cost: Double
        let money, startHours: Double?
        let requests, late, meanWait, p50, p95, p99, p999, maxWait, instanceHours, backlogAtEnd: Double
        let peak, raises, cuts: Int
    }
    struct Family: Encodable {
        let name, role: String
        let points: [Point]
    }
    struct Peer: Encodable {
        let family: String
        let cost, gapClosed: Double?
    }
    struct Level: Encodable {
        let late: Double
        let predictive, bound: Double?
        let peers: [Peer]
        let best: Peer?
    }
    struct Range: Encodable {
        let low, estimate, high: Double
    }
    struct Setting: Encodable {
        let policy, family: String
        let knob, chosenLate, chosenCost, instanceHours: Double
        let late, cost: Range
    }
    struct Choice: Encodable {
        let goal: String
        let goalValue: Double?
        let chosenFrom, chosenTo, reportedFrom, reportedTo: String
        let recommended: Setting
        let peer: Setting?
        let lateDifference, hoursSaved, hoursSavedAtEqualLateness: Range?
        let blockSeconds, resamples: Int
        let seed: UInt64
        let confidence: Double?
    }
    struct Verdict: Encodable {
        let kind: String
        let sentences: [String]
    }
    struct Startup: Encodable {
        let startupSeconds: Int
        let isWhatIf: Bool
        let recommended, peer: Point?
        let leastLate, clairvoyantHours: Double
    }
    struct Candidate: Encodable {
        let reason: String
        let instances: Int
    }
    struct Quantile: Encodable {
        let level, rate: Double
    }
    struct Record: Encodable {
        let time, binding: String
        let desired, ready, starting, decided: Int
        let candidates: [Candidate]
        let forecast: [Quantile]
    }
    struct Episode: Encodable {
        let start, end, peak: String
        let lateRequests, shareOfLate, longestWait, peakRate: Double
        let need, ready: Int
        let record: Record?
    }
}

extension FrontierJSON {
    init(_ result: FrontierResult) {
        (trace, start, end) = (result.traceName, "\(result.start)", "\(result.end)")
        (model, step, tick, notes) = (result.model, result.step, result.tickSeconds, result.notes)
        service = Service(result.service)
        clairvoyantHours = result.clairvoyantHours
        families = result.families.map { family in
            Family(name: family.name, role: family.role.rawValue, points: family.points.map(Point.init))
        }
        levels = result.levels.map { level in
            Level(
                late: level.late, predictive: level.predictive, bound: level.bound, peers: level.peers.map(Peer.init),
                best: level.best.map(Peer.init))
        }
        choice = result.choice.map(Choice.init)
        verdict = Verdict(kind: result.verdict.kind.rawValue, sentences: result.verdict.sentences)
        startups = result.startups.map(Startup.init)
        worst = result.worst.map(Episode.init)
    }
}

extension FrontierJSON.Service {
    init(_ service: ReplayService) {
        let model = service.model
        self.init(
            perInstance: model.perInstance.perSecond, sloWaitSeconds: model.sloWaitSeconds,
            startupSeconds: model.startupSeconds, minInstances: model.minInstances, maxInstances: model.maxInstances,
            initialInstances: service.initialInstances, gaps: service.gaps.rawValue, kind: model.kind.rawValue,
            idleCost: model.prices?.idlePerInstanceHour, lateCost: model.prices?.latePerRequest,
            startCostSeconds: model.startHours(0).map { _ in model.limits.startCostSeconds })
    }
}

extension FrontierJSON.Point {
    init(_ point: FrontierPoint) {
        let figures = point.figures
        self.init(
            policy: point.policy, knob: point.knob, cost: point.cost, money: point.money, startHours: point.startHours,
            requests: figures.requests, late: figures.late, meanWait: figures.meanWait, p50: figures.p50,
            p95: figures.p95, p99: figures.p99,
            p999: figures.p999, maxWait: figures.maxWait, instanceHours: figures.instanceHours,
            backlogAtEnd: figures.backlogAtEnd, peak: figures.peak, raises: figures.raises, cuts: figures.cuts)
    }
}

extension FrontierJSON.Peer {
    init(_ peer: FrontierLevel.Peer) { self.init(family: peer.family, cost: peer.cost, gapClosed: peer.gapClosed) }
}

extension FrontierJSON.Range {
    init(_ interval: Interval) { self.init(low: interval.low, estimate: interval.estimate, high: interval.high) }
}

extension FrontierJSON.Setting {
    init(_ setting: ChosenSetting) {
        self.init(
            policy: setting.policy, family: setting.family, knob: setting.knob, chosenLate: setting.chosenLate,
            chosenCost: setting.chosenCost, instanceHours: setting.instanceHours, late: .init(setting.late),
            cost: .init(setting.cost))
    }
}

extension FrontierJSON.Choice {
    init(_ choice: FrontierChoice) {
        switch choice.goal {
        case .late(let late): (goal, goalValue) = ("late", late)
        case .budget(let most): (goal, goalValue) = ("budget", most)
        case .prices: (goal, goalValue) = ("prices", nil)
        }
        (chosenFrom, chosenTo) = ("\(choice.chosenOn.lowerBound)", "\(choice.chosenOn.upperBound)")
        (reportedFrom, reportedTo) = ("\(choice.reportedOn.lowerBound)", "\(choice.reportedOn.upperBound)")
        (recommended, peer) = (.init(choice.recommended), choice.peer.map { .init($0) })
        lateDifference = choice.lateDifference.map { .init($0) }
        hoursSaved = choice.hoursSaved.map { .init($0) }
        hoursSavedAtEqualLateness = choice.hoursSavedAtEqualLateness.map { .init($0) }
        (blockSeconds, resamples, seed) = (choice.blockSeconds, choice.resamples, choice.seed)
        confidence = choice.confidence
    }
}

extension FrontierJSON.Startup {
    init(_ one: StartupCase) {
        self.init(
            startupSeconds: one.startupSeconds, isWhatIf: !one.isAsIs, recommended: one.recommended.map { .init($0) },
            peer: one.peer.map { .init($0) }, leastLate: one.leastLate, clairvoyantHours: one.clairvoyantHours)
    }
}

extension FrontierJSON.Record {
    init(_ record: DecisionRecord) {
        self.init(
            time: "\(record.time)", binding: record.decision.binding.rawValue, desired: record.desired,
            ready: record.ready, starting: record.starting, decided: record.decision.desired,
            candidates: record.decision.candidates.map { .init(reason: $0.reason.rawValue, instances: $0.instances) },
            forecast: record.forecast.map { .init(level: $0.level, rate: $0.rate) })
    }
}

extension FrontierJSON.Episode {
    init(_ moment: LateEpisode) {
        self.init(
            start: "\(moment.start)", end: "\(moment.end)", peak: "\(moment.peak)", lateRequests: moment.lateRequests,
            shareOfLate: moment.shareOfLate, longestWait: moment.longestWait, peakRate: moment.peakRate,
            need: moment.need, ready: moment.ready, record: moment.record.map { .init($0) })
    }
}
