import Forecasting
import Foundation
import InputFiles
import Planning
import Reports
import Series
import Simulation
import Units

/// The page of `forecast backtest --report`: the first policy is the one in question.
struct BacktestReport {
    let traceName: String
    let setting: ReplaySetting
    let tick: Int
    let model: String
    let policies: [(name: String, decisions: [ReplayDecision])]
    let clairvoyantHours: Double
    let command: String
    /// Steps that a picture over time can still tell apart, and moments that a reader looks at.
    private static let mostCapacities = 3, worst = 5

    private var trace: ReplayTrace { setting.trace }
    private var service: ReplayService { setting.service }

    func rendered() throws -> String {
        let told = try told()
        let result = FrontierResult(
            traceName: traceName, start: trace.start, end: trace.start.advanced(bySeconds: trace.seconds),
            step: trace.step, service: service, tickSeconds: tick, model: model, notes: setting.notes,
            clairvoyantHours: clairvoyantHours, families: families, levels: [], choice: nil,
            verdict: FrontierVerdict(kind: .tooShort, sentences: []), startups: [], worst: told.worst,
            timeline: told.timeline)
        return FrontierReport(comparing: result, command: command).rendered()
    }

    /// Policies of one family stand together, in the order given.
    private var families: [FrontierFamily] {
        var families: [FrontierFamily] = []
        for (name, decisions) in policies {
            let family = String(name.prefix { $0 != ":" })
            let role: FrontierFamily.Role =
                family == "predictive" ? .predictive : family == "clairvoyant" ? .bound : .peer
            let point = SettingOutcome(
                family: family, role: role, policy: name, knob: 0, decisions: decisions, trace: trace, service: service
            ).point(clairvoyantHours: clairvoyantHours, prices: service.model.prices)
            if let place = families.firstIndex(where: { $0.name == family }) {
                families[place].points.append(point)
            } else {
                families.append(FrontierFamily(name: family, role: role, points: [point]))
            }
        }
        return families
    }

    /// The worst moments of the first policy, which runs once more to be watched in them, and what is drawn over time.
    private func told() throws -> (worst: [LateEpisode], timeline: FrontierTimeline?) {
        guard let (name, decisions) = policies.first else { return ([], nil) }
        let moments = LateMoments(decisions, trace: trace, service: service, tick: tick, count: Self.worst)
        var forecasts = LeadForecasts(trace, service: service)
        var records: [DecisionRecord] = []
        if name != "clairvoyant" { records = try watched(name, moments.ticks, &forecasts) }
        let drawn = policies.prefix(Self.mostCapacities).map { ($0.name, $0.decisions) }
        return (moments.worst(records), forecasts.timeline(trace, drawn))
    }

    private func watched(
        _ name: String, _ ticks: Set<Int>, _ forecasts: inout LeadForecasts
    ) throws -> [DecisionRecord] {
        let policy = try PolicyCatalogue.policy(
            parsing: name, service: service.planned, tick: tick, peakRate: trace.peakRate)
        var run = PolicyRun(policy, trace: trace, service: service, tick: tick, watching: ticks)
        let own = try ModelCatalogue.forecaster(named: model)
        let forecaster = try rollingForecaster(for: policy, step: trace.forecastGrid.step, tick: tick, own: own)
        guard let forecaster else {
            run.advance()
            return run.records
        }
        var recorder = ForecastRecorder(trace, service: service, forecaster: forecaster)
        while let tape = recorder.record() {
            run.advance(on: tape)
            forecasts.note(tape)
        }
        return run.records
    }
}

/// What was typed, as a shell would take it.
func typedCommand(_ arguments: [String] = ProcessInfo.processInfo.arguments) -> String {
    let plain = "-_=+:,./%@"
    let words = arguments.dropFirst().map { word in
        let isPlain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || plain.contains($0) }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
    return (["forecast"] + words).joined(separator: " ")
}

/// Before a run of minutes, so that a page that cannot be written costs none of them.
func requireWritable(_ path: String) throws {
    let folder = URL(filePath: path).deletingLastPathComponent().path
    guard FileManager.default.isWritableFile(atPath: folder), !FileManager.default.isFolder(path) else {
        throw InputError(path: path, notWritable)
    }
}

/// Writes the whole of a file, or says why not.
func writePage(_ text: String, to path: String) throws {
    do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
        throw InputError(path: path, notWritable)
    }
}

private let notWritable = "cannot be written; does its folder exist, and may you write there?"

extension FileManager {
    fileprivate func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return unsafe fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
