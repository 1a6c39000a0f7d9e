import Forecasting
import Foundation
import Planning
import Reports
import Series
import Simulation
import Synchronization
import Units

/// Replays every setting over a trace, on all cores, each forecaster learning once; the result does not depend on the cores.
struct FrontierSweep: Sendable {
    /// Forecasts that are kept for a second pass, some tens of megabytes; of longer traces they are made again.
    private static let mostKept = 60_000

    let traceName: String
    let setting: ReplaySetting
    let tick: Int
    let model: String
    /// Every setting.
    let names: [(family: String, name: String)]
    let choosing: FrontierAnalysis.Settings
    let startupCases: Bool
    let worst: Int

    private var trace: ReplayTrace { setting.trace }
    private var service: ReplayService { setting.service }

    /// Settings with one start-up time.
    private struct Case: Sendable {
        let service: ReplayService
        let isAsIs: Bool
        let policies: [any ScalingPolicy]
    }

    func result() async throws -> FrontierResult {
        let cases = try cases()
        let (decisions, tapes) = try await decisions(of: cases)
        let outcomes = try await outcomes(cases[0], decisions[0])
        let bound = bound(service)
        let analysis = FrontierAnalysis(outcomes, trace: trace, bound: bound.cells, settings: choosing)
        let choice = analysis.choice
        let verdict = analysis.verdict(choice)
        var startups = [analysis.startupCase(service, isAsIs: true, clairvoyantHours: bound.hours)]
        for (other, made) in zip(cases, decisions).dropFirst() {
            let own = self.bound(other.service)
            let outcomes = try await self.outcomes(other, made)
            let there = FrontierAnalysis(outcomes, trace: trace, bound: own.cells, settings: choosing)
            startups.append(there.startupCase(other.service, isAsIs: false, clairvoyantHours: own.hours))
        }
        let families = families(outcomes, bound.hours)
        let told = try told(choice, outcomes, tapes)
        return FrontierResult(
            traceName: traceName, start: trace.start, end: trace.start.advanced(bySeconds: trace.seconds),
            step: trace.step, service: service, tickSeconds: tick, model: model, notes: setting.notes,
            clairvoyantHours: bound.hours, families: families,
            levels: levels.map { FrontierLevel(late: $0, families) },
            choice: verdict.kind == .tooShort ? nil : choice, verdict: verdict,
            startups: startups.sorted { $0.startupSeconds < $1.startupSeconds }, worst: told.worst,
            timeline: told.timeline)
    }

    /// One in a hundred, one in a thousand, and what was asked for.
    private var levels: [Double] {
        guard case .late(let late) = choosing.goal, late != 0.01, late != 0.001 else { return [0.01, 0.001] }
        return [0.01, 0.001, late].sorted(by: >)
    }

    private func bound(_ service: ReplayService) -> (hours: Double, cells: ReplayBreakdown) {
        let plan = clairvoyantDecisions(trace, service: service)
        let (figures, cells) = replayByCells(
            trace, service: service, decisions: plan, cellSeconds: trace.frontierCellSeconds)
        return (figures.instanceHours, cells)
    }

    private func cases() throws -> [Case] {
        let seconds = service.model.startupSeconds
        let others = startupCases && seconds > 0 ? [Double(seconds) / 2, 2 * Double(seconds)] : []
        let services = [service] + (try others.map { try service.changed(startupSeconds: $0) })
        return try services.enumerated().map { number, service in
            let policies = try names.map {
                try PolicyCatalogue.policy(
                    parsing: $0.name, service: service.planned, tick: tick, peakRate: trace.peakRate)
            }
            return Case(service: service, isAsIs: number == 0, policies: policies)
        }
    }

    // MARK: Decisions

    /// Policies that plan on the same forecasts.
    private struct Unit: Sendable {
        struct Member: Sendable {
            let number: Int, place: Int
            let policy: any ScalingPolicy
            let service: ReplayService
        }

        var members: [Member]
        let recorder: ForecastRecorder?
        /// How far its forecasts of the user's model reach; 0 where it has none.
        let horizon: Int
        /// By which of its levels models are chosen; dials far apart are better served by different ones, as in `backtest`.
        let decisiveLevels: [Int]
        let isAsIs: Bool
    }

    private func units(_ cases: [Case]) throws -> [Unit] {
        let own = try ModelCatalogue.forecaster(named: model)
        let step = trace.forecastGrid.step
        var units: [Unit] = []
        for (number, this) in cases.enumerated() {
            for group in try policyGroups(this.policies, step: step, tick: tick, own: own) {
                let policy = this.policies[group.members[0]]
                let horizon = policy.forecastSource == .own ? policy.forecastHorizon(step: step, tick: tick) : 0
                let members = group.members.map {
                    Unit.Member(number: number, place: $0, policy: this.policies[$0], service: this.service)
                }
                let levels = group.forecaster?.task.decisiveLevels ?? []
                // A shorter start-up needs no forecasts that are not there already.
                if horizon > 0,
                    let place = units.firstIndex(where: {
                        $0.isAsIs && $0.horizon >= horizon && $0.decisiveLevels == levels
                    })
                {
                    units[place].members += members
                    continue
                }
                let recorder = group.forecaster.map { ForecastRecorder(trace, service: this.service, forecaster: $0) }
                units.append(
                    Unit(
                        members: members, recorder: recorder, horizon: horizon, decisiveLevels: levels,
                        isAsIs: this.isAsIs))
            }
        }
        return units
    }

    /// The forecasts behind predictive as it is, by the levels that models were chosen by.
    private typealias KeptTapes = [[Int]: [ForecastTape]]

    /// By case and setting, and the forecasts behind predictive as it is; none where there are too many to keep.
    private func decisions(of cases: [Case]) async throws -> ([[[ReplayDecision]]], KeptTapes) {
        let units = try units(cases)
        let windows = units.compactMap(\.recorder?.remaining).max() ?? 1
        let run = max(1, windows / 100)
        let total = units.reduce(0) { $0 + ($1.recorder?.remaining ?? 0) + $1.members.count * run }
        let progress = ProgressBar(label: "replaying \(names.count * cases.count) settings", total: total)
        defer { progress.finish() }
        let done = Done(progress)
        var made = cases.map { [[ReplayDecision]](repeating: [], count: $0.policies.count) }
        var tapes: KeptTapes = [:]
        try await withThrowingTaskGroup(of: (Unit, [[ReplayDecision]], [ForecastTape]?).self) { group in
            for unit in units { group.addTask { try await replayed(unit, done, each: run) } }
            for try await (unit, decisions, kept) in group {
                for (member, own) in zip(unit.members, decisions) { made[member.number][member.place] = own }
                if let kept { tapes[unit.decisiveLevels] = kept }
            }
        }
        return (made, tapes)
    }

    private func replayed(
        _ unit: Unit, _ done: Done, each: Int
    ) async throws -> (Unit, [[ReplayDecision]], [ForecastTape]?) {
        var runs = unit.members.map { PolicyRun($0.policy, trace: trace, service: $0.service, tick: tick) }
        guard var recorder = unit.recorder else {
            runs = try await mapped(runs, width: coreCount) {
                var run = $0
                run.advance()
                done.add(each)
                return run
            }
            return (unit, runs.map(\.decisions), nil)
        }
        var kept: [ForecastTape]? = unit.isAsIs && unit.horizon > 0 && recorder.remaining <= Self.mostKept ? [] : nil
        while let tape = recorder.record() {
            try Task.checkCancellation()
            done.add(tape.origins.count)
            kept?.append(tape)
            runs = try await mapped(runs, width: coreCount) {
                var run = $0
                run.advance(on: tape)
                return run
            }
        }
        done.add(runs.count * each)
        return (unit, runs.map(\.decisions), kept)
    }

    private func outcomes(_ one: Case, _ decisions: [[ReplayDecision]]) async throws -> [SettingOutcome] {
        let trace = trace
        let settings = zip(names, decisions).map { ($0.family, $0.name, $1) }
        return try await mapped(settings, width: coreCount) { family, name, decisions in
            SettingOutcome(
                family: family, role: family == "predictive" ? .predictive : .peer, policy: name,
                knob: name.split(separator: ":").last.flatMap { Double($0) } ?? 0, decisions: decisions, trace: trace,
                service: one.service)
        }
    }

    // MARK: Figures

    private func families(_ outcomes: [SettingOutcome], _ clairvoyantHours: Double) -> [FrontierFamily] {
        var families: [FrontierFamily] = []
        for outcome in outcomes + knownRate() {
            let point = outcome.point(clairvoyantHours: clairvoyantHours, prices: service.model.prices)
            if let place = families.firstIndex(where: { $0.name == outcome.family }) {
                families[place].points.append(point)
            } else {
                families.append(FrontierFamily(name: outcome.family, role: outcome.role, points: [point]))
            }
        }
        for place in families.indices { families[place].points.sort { $0.knob < $1.knob } }
        return families
    }

    private func knownRate() -> [SettingOutcome] {
        let known = KnownRate(trace)
        return KnownRate.deviations.map { deviations in
            SettingOutcome(
                family: "known-rate", role: .bound, policy: "known-rate:\(deviations)", knob: deviations,
                decisions: known.decisions(deviations: deviations, service: service), trace: trace, service: service)
        }
    }

    /// The worst moments of the recommended setting, and pictures over time.
    private func told(
        _ choice: FrontierChoice?, _ outcomes: [SettingOutcome], _ tapes: KeptTapes
    ) throws -> (worst: [LateEpisode], timeline: FrontierTimeline?) {
        guard let choice, let own = outcomes.first(where: { $0.policy == choice.recommended.policy }) else {
            return ([], nil)
        }
        let moments = LateMoments(own.decisions, trace: trace, service: service, tick: tick, count: worst)
        let policy = try PolicyCatalogue.policy(parsing: own.policy, service: service.planned, tick: tick)
        var run = PolicyRun(policy, trace: trace, service: service, tick: tick, watching: moments.ticks)
        var forecasts = LeadForecasts(trace, service: service)
        try forEachTape(tapes, policy) { tape in
            run.advance(on: tape)
            forecasts.note(tape)
        }
        let peer = outcomes.first { $0.policy == choice.peer?.policy }
        let capacities = [own, peer].compactMap { $0 }.map { ($0.policy, $0.decisions) }
        return (moments.worst(run.records), forecasts.timeline(trace, capacities))
    }

    private func forEachTape(
        _ tapes: KeptTapes, _ policy: any ScalingPolicy, _ body: (ForecastTape) -> Void
    ) throws {
        let own = try ModelCatalogue.forecaster(named: model)
        let step = trace.forecastGrid.step
        guard let forecaster = try rollingForecaster(for: policy, step: step, tick: tick, own: own) else { return }
        if let kept = tapes[forecaster.task.decisiveLevels] { return kept.forEach(body) }
        var recorder = ForecastRecorder(trace, service: service, forecaster: forecaster)
        while let tape = recorder.record() { body(tape) }
    }
}

/// Counts what is done, from any thread.
private final class Done: Sendable {
    private let count = Mutex(0)
    private let progress: ProgressBar

    init(_ progress: ProgressBar) { self.progress = progress }

    func add(_ amount: Int) {
        progress.update(
            count.withLock { count in
                count += amount
                return count
            })
    }
}
