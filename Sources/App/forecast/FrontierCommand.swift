import ArgumentParser
import Forecasting
import Foundation
import InputFiles
import Planning
import Reports
import Series
import Simulation
import Units

/// `forecast frontier`: how aggressive scaling should be on a trace, beside every setting of what others run.
struct FrontierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frontier",
        abstract: "Finds how aggressive scaling should be on a trace, and what that saves.",
        discussion: """
            Examples:
              forecast frontier --trace requests.csv --startup 2m
              forecast frontier --trace requests.csv --service service.json --late-target 0.001 --report out.html
              forecast frontier --trace requests.csv --startup 2m --budget 1.3x --peers hpa,kpa --json
              forecast frontier --trace requests.csv --startup 2m --price idle=0.20,late=0.001
              forecast frontier --trace requests.csv --startup 2m --scale-demand 2x --inject burst:factor=4,for=15m

            The first half of the trace is what policies know of the past, unless --from says otherwise; the rest is scored. Every
            setting is replayed over it. A setting is chosen on the first part of what is scored (--choose-on) and reported on
            the rest, with the bounds within which 95 of 100 such histories would lie: resampled from blocks of days, or of
            hours where the rest is shorter than five days. Cost is a multiple of the instance-hours of the clairvoyant, which
            knows all demand ahead and lets nothing wait.

            Peers: \(Self.families.joined(separator: ", ")).
            """)

    /// What can be swept beside predictive.
    static let families = PolicyCatalogue.families.filter { $0.knob != nil && $0.family != "predictive" }.map(\.family)
    static let dials =
        "0.5,0.6,0.7,0.75,0.8,0.85,0.875,0.9,0.925,0.95,0.96,0.97,0.98,0.99,0.9925,0.995,0.997,0.998,0.9985,0.999,"
        + "0.9995,0.9999"

    @OptionGroup var replayed: ReplayOptions
    @Option(help: "The settings of predictive.")
    var dials = Self.dials
    @Option(help: "What to compare with: families by comma, all or none.")
    var peers = "all"
    @Option(help: "The share of requests that may be late; 0.001 where neither this, a budget nor prices are given.")
    var lateTarget: Double?
    @Option(
        help: ArgumentHelp("Instance-hours to spend, or a multiple of the clairvoyant's.", valueName: "hours|1.3x"))
    var budget: String?
    @Option(help: "The share of the scored part that is chosen on; the rest is reported on.")
    var chooseOn = 0.5
    @Option(help: "Resamples of the confidence intervals.")
    var resamples = 1_000
    @Option(help: "The seed of the resamples.")
    var seed: UInt64 = 1
    @Flag(inversion: .prefixedNo, help: "What if start-up took half as long, or twice.")
    var startupCases = true
    @Option(help: "How many of the worst moments are told.")
    var worst = 5
    @Option(help: "Writes every setting to this CSV file.")
    var csv: String?
    @Option(help: "Writes a page with pictures to this file.")
    var report: String?
    @Flag(help: "Prints JSON.")
    var json = false

    func validate() throws {
        if !(0.05...0.95).contains(chooseOn) { throw ValidationError("--choose-on must be between 0.05 and 0.95.") }
        if !(0...100_000).contains(resamples) { throw ValidationError("--resamples must be between 0 and 100000.") }
        if !(0...1_000).contains(worst) { throw ValidationError("--worst must be between 0 and 1000.") }
        if let lateTarget, !(lateTarget > 0 && lateTarget < 1) {
            throw ValidationError("--late-target must be between 0 and 1, such as 0.001.")
        }
        if lateTarget != nil && budget != nil { throw ValidationError("Give --late-target or --budget, not both.") }
        if let budget, Multiple(argument: budget) == nil {
            throw ValidationError("--budget must be instance-hours, such as 400, or a multiple such as 1.3x.")
        }
        _ = try names()
    }

    /// Every setting, predictive's first.
    private func names() throws -> [(family: String, name: String)] {
        let levels = dials.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard (1...200).contains(levels.count), levels.allSatisfy({ Double($0).map { $0 > 0 && $0 < 1 } ?? false })
        else {
            throw ValidationError("--dials must be up to 200 numbers between 0 and 1, by comma.")
        }
        let chosen =
            peers == "all" ? Self.families : peers == "none" ? [] : peers.split(separator: ",").map(String.init)
        if let unknown = chosen.first(where: { !Self.families.contains($0) }) {
            throw ValidationError("--peers: no \"\(unknown)\"; there are \(Self.families.joined(separator: ", ")).")
        }
        return levels.map { ("predictive", "predictive:\($0)") }
            + chosen.flatMap { family in PolicyCatalogue.sweep(family).map { (family, $0) } }
    }

    func run() async throws {
        for path in [report, csv].compactMap({ $0 }) { try requireWritable(path) }
        let setting = try replayed.setting(startsInTheMiddle: true)
        let bound = clairvoyantHours(setting)
        guard bound > 0 else { throw InputError(path: replayed.trace, "the scored part needs no instance at any time") }
        var choosing = FrontierAnalysis.Settings(goal: try goal(setting, bound))
        (choosing.chooseOn, choosing.resamples, choosing.seed) = (chooseOn, resamples, seed)
        let sweep = FrontierSweep(
            traceName: replayed.traceName, setting: setting, tick: replayed.tick, model: replayed.model,
            names: try names(), choosing: choosing, startupCases: startupCases, worst: worst)
        let result = try await sweep.result()
        try csv.map { try writePage(result.csv, to: $0) }
        try report.map { try writePage(FrontierReport(result, command: typedCommand()).rendered(), to: $0) }
        if json { return try printJSON(FrontierJSON(result)) }
        print(
            result.text(width: Terminal.columns, unicode: Terminal.usesUnicode, colour: Terminal.usesColour),
            terminator: "")
    }

    private func clairvoyantHours(_ setting: ReplaySetting) -> Double {
        let plan = clairvoyantDecisions(setting.trace, service: setting.service)
        return replay(setting.trace, service: setting.service, decisions: plan).instanceHours
    }

    private func goal(_ setting: ReplaySetting, _ clairvoyantHours: Double) throws -> FrontierGoal {
        if let lateTarget { return .late(lateTarget) }
        if let budget, let amount = Multiple(argument: budget)?.factor {
            return .budget(budget.lowercased().hasSuffix("x") ? amount : amount / clairvoyantHours)
        }
        if let prices = setting.service.model.prices {
            guard prices.idlePerInstanceHour > 0 || prices.latePerRequest > 0 else {
                throw ValidationError("idleCost and lateCost are both 0: give --late-target or --budget.")
            }
            return .prices(prices)
        }
        return .late(0.001)
    }
}
