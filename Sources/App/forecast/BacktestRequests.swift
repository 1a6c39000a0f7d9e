import ArgumentParser
import Foundation
import InputFiles
import Reports
import Simulation
import Units

/// The options of a backtest request by request.
struct RequestOptions: ParsableArguments {
    @Flag(help: "Replays single requests too: latencies, shed requests, utilisation.")
    var requests = false
    @Option(
        help: ArgumentHelp("The coefficient of variation of the gaps between requests; 1 is Poisson.", valueName: "cv"))
    var arrivalCV = 1.0
    @Option(help: "Times of single requests, one a line, instead of drawing them.")
    var arrivals: String?
    @Option(help: "The seed of the random numbers.")
    var seed: UInt64 = 1

    func validate() throws {
        if !(arrivalCV >= 0 && arrivalCV <= 100) { throw ValidationError("--arrival-cv must be between 0 and 100.") }
        if arrivals != nil && !requests { throw ValidationError("--arrivals goes with --requests.") }
    }

    /// Nil where only the fluid is asked for.
    func replay(
        _ decisions: [ReplayDecision], _ trace: ReplayTrace, _ service: ReplayService, path: String?
    ) throws -> RequestFigures? {
        guard requests else { return nil }
        let own = try path.map { try RequestService(path: $0, service: service) } ?? RequestService(service)
        let arrivals: RequestArrivals =
            try arrivals.map { .given(try times($0, since: trace.start)) }
            ?? .drawn(cv: arrivalCV)
        return replayRequests(
            trace, service: service, requests: own, decisions: decisions, arrivals: arrivals, seed: seed)
    }

    /// Seconds from `start` to each time in a file, which may be gzip.
    private func times(_ path: String, since start: Timestamp) throws -> [Double] {
        let reader = try LineReader(path: path)
        var times: [Double] = []
        while let line = try reader.next() {
            let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
            if text.isEmpty || reader.lineNumber == 1 && text == "timestamp" { continue }
            guard let time = Timestamp(parsing: text) else {
                throw InputError(path: path, line: reader.lineNumber, "not a time: \(text.prefix(40))")
            }
            times.append(time.seconds(since: start))
        }
        return times.sorted()
    }
}

/// What happened to single requests, under the names of `--json`.
struct RequestOutcome: Encodable {
    struct Durations: Encodable {
        let mean, p50, p95, p99, p999, max: Double

        init(_ figures: RequestFigures.Percentiles) {
            (mean, p50, p95) = (figures.mean, figures.p50, figures.p95)
            (p99, p999, max) = (figures.p99, figures.p999, figures.longest)
        }
    }

    let requests, shed, unserved, failedStarts: Int
    let shedShare, waited, late, utilisation, instanceHours: Double
    let wait, latency: Durations

    init(_ figures: RequestFigures) {
        (requests, shed, unserved) = (figures.requests, figures.shed, figures.unserved)
        (shedShare, waited, late) = (figures.shedShare, figures.waited, figures.late)
        (utilisation, instanceHours) = (figures.utilisation, figures.instanceHours)
        (wait, latency, failedStarts) = (Durations(figures.wait), Durations(figures.latency), figures.failedStarts)
    }

    /// Of each policy that has one.
    static func table(_ outcomes: [(policy: String, outcome: RequestOutcome)]) -> String {
        var table = TextTable(
            header: ["policy", "requests", "late", "shed", "latency p50", "p99", "p99.9", "utilisation"])
        for (policy, outcome) in outcomes {
            let latency = [outcome.latency.p50, outcome.latency.p99, outcome.latency.p999]
            table.append(
                [
                    policy, "\(outcome.requests)", String(format: "%.3f%%", outcome.late * 100),
                    String(format: "%.3f%%", outcome.shedShare * 100),
                ] + latency.map { String(format: "%.3f s", $0) } + [String(format: "%.2f", outcome.utilisation)])
        }
        return table.rendered(width: Terminal.columns, colour: Terminal.usesColour)
    }
}
