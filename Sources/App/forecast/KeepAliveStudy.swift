import InputFiles
import Planning
import Reports
import Series
import Simulation

/// Policies replayed on the calls of one file.
struct KeepAliveStudy: Sendable {
    /// What waste is told against.
    static let reference = 10.0

    let functions: [FunctionCalls]
    let terms: KeepAliveTerms
    private let path: String
    private let referenceMinutes: Double

    /// Throws where no function was called in two minutes, so that nothing can be told.
    init(_ functions: [FunctionCalls], terms: KeepAliveTerms, path: String) throws(InputError) {
        (self.functions, self.terms, self.path) = (functions, terms, path)
        let fixed = FixedKeepAlive(name: "fixed:10") { _ in Self.reference }
        guard let figures = replayKeepAlive(functions, keepAliveWindows(fixed, functions)) else {
            throw InputError(
                path: path,
                "no function was called in two minutes or more, and before its first call nothing can be done")
        }
        referenceMinutes = figures.wasteMinutes
    }

    /// As a ratio to the waste of `fixed:10`.
    func waste(_ figures: KeepAliveFigures) -> Double? {
        referenceMinutes > 0 ? figures.wasteMinutes / referenceMinutes : nil
    }

    func outcome(
        _ policy: any KeepAlivePolicy
    ) throws -> (figures: (name: String, figures: KeepAliveFigures), windows: [[KeepAliveWindow]]) {
        let windows = keepAliveWindows(policy, functions)
        guard let figures = replayKeepAlive(functions, windows) else { throw InputError(path: path, "no calls") }
        return ((policy.name, figures), windows)
    }

    // MARK: The policies over their dials

    func curves() async throws -> KeepAliveCurves {
        let families = try families
        let all = families.flatMap(\.policies)
        let figures = try await mapped(all, width: coreCount) { try outcome($0).figures }
        var (curves, next) = ([KeepAliveCurves.Curve](), 0)
        for family in families {
            let points = figures[next..<next + family.policies.count].map { outcome in
                KeepAliveCurves.Point(
                    policy: outcome.name, waste: waste(outcome.figures) ?? .nan, cold: outcome.figures.coldMean)
            }
            next += family.policies.count
            curves.append(KeepAliveCurves.Curve(name: family.name, points: points))
        }
        return KeepAliveCurves(curves)
    }

    private var families: [(name: String, policies: [any KeepAlivePolicy])] {
        get throws {
            let dials = [0.5, 1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128]
            let minutes = [1, 2, 5, 10, 20, 30, 45, 60, 90, 120, 180, 240]
            func made(_ names: [String]) throws -> [any KeepAlivePolicy] {
                try names.map { try KeepAliveCatalogue.policy(parsing: $0, terms: terms) }
            }
            return [
                ("prewarm", try made(dials.map { "prewarm:\(dialText($0))" })),
                ("hybrid-histogram", try made(["hybrid-histogram"])),
                ("fixed", try made(minutes.map { "fixed:\($0)" })),
                ("ski-rental", dials.map(skiRental)),
                ("hazard", try made(dials.map { "hazard:\(dialText($0))" })),
            ]
        }
    }

    /// With cold starts that cost `dial` times as much as they do.
    private func skiRental(_ dial: Double) -> any KeepAlivePolicy {
        FixedKeepAlive(name: "ski-rental, \(dialText(dial)) times the price") { dial * terms.breakEvenMinutes($0) }
    }
}

/// `0.5` and `16`, as a user would write them.
private func dialText(_ dial: Double) -> String { fixedText(dial, digits: dial == dial.rounded() ? 0 : 1) }
