import ArgumentParser
import Foundation
import InputFiles
import Planning
import Reports
import Series
import Simulation

/// `forecast keepalive`: how long functions that are rarely called should stay loaded.
struct KeepaliveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keepalive",
        abstract: "Replays calls of functions that scale to zero against keep-alive policies.",
        discussion: """
            Example:
              forecast keepalive --trace functions.csv.gz --policy prewarm \\
                --policy hybrid-histogram --policy fixed:10 --curve

            The trace has a function a row, with its calls a minute in the columns t0, t1, … and perhaps its memory in \
            mem_mb. Cold shares are of the calls after each function's first minute; the mean counts every function the \
            same. Waste is the time that functions are loaded without a call, against that of fixed:10. RUM is 0.808 s for \
            a cold start and a second for 99.69 idle gigabyte-seconds.
            Policies: \(KeepAliveCatalogue.forms.joined(separator: ", ")).
            """)

    @Option(help: "A CSV table of a function a row, plain or gzip.")
    var trace: String
    @Option(help: "A policy; may be given several times.")
    var policy: [String]
    @Option(
        help:
            "What prewarm weighs against idle time: the share of cold calls of each function (share) or every cold start (price)."
    )
    var objective = KeepAliveTerms.Objective.share
    @Option(help: "Minutes before it is of use that a function must begin to load.")
    var lead = 0
    @Option(help: "What a cold start costs; together with --idle-price.")
    var coldPrice: Double?
    @Option(help: "What a loaded function without a call costs an hour.")
    var idlePrice: Double?
    @Option(help: "Writes the windows of the one policy given to this CSV file.")
    var windows: String?
    @Flag(help: "Draws cold shares against waste for the policies over their dials.")
    var curve = false
    @Option(help: "Writes a page with that curve and the figures to this HTML file.")
    var report: String?
    @Flag(help: "Prints figures as JSON.")
    var json = false

    func validate() throws {
        if policy.isEmpty { throw ValidationError("Give at least one --policy.") }
        if windows != nil && policy.count > 1 { throw ValidationError("--windows takes exactly one --policy.") }
        if !(0...60).contains(lead) { throw ValidationError("--lead must be between 0 and 60 minutes.") }
        if (coldPrice == nil) != (idlePrice == nil) {
            throw ValidationError("--cold-price and --idle-price are given together.")
        }
        for (name, price) in [("cold", coldPrice), ("idle", idlePrice)] {
            guard let price else { continue }
            if !(price > 0 && price.isFinite) { throw ValidationError("--\(name)-price must be a number above 0.") }
        }
        if json && curve { throw ValidationError("--curve draws for people; with --json leave it out.") }
    }

    func run() async throws {
        for path in [report, windows].compactMap({ $0 }) { try requireWritable(path) }
        let functions = try FunctionCallsFile.read(path: trace)
        let study = try KeepAliveStudy(functions, terms: terms(functions), path: trace)
        // All names are checked before the first is run.
        let policies = try policy.map { try KeepAliveCatalogue.policy(parsing: $0, terms: study.terms) }
        let outcomes = try await mapped(policies, width: coreCount) { try study.outcome($0) }
        if let windows { try write(outcomes[0].windows, functions, to: windows) }
        let figures = outcomes.map(\.figures)
        if json { return try printJSON(figures.map { KeepAliveFigureRow($0, study) }) }
        print(KeepAliveFigureRow.table(figures.map { KeepAliveFigureRow($0, study) }), terminator: "")
        guard curve || report != nil else { return }
        let curves = try await study.curves()
        if curve { print("\n" + curves.text(width: min(Terminal.columns, 100), isColoured: Terminal.usesColour)) }
        if let report {
            let page = curves.page(
                trace: URL(filePath: trace).lastPathComponent,
                KeepAliveFigureRow.textTable(figures.map { KeepAliveFigureRow($0, study) }))
            try writePage(page, to: report)
        }
    }

    private func terms(_ functions: [FunctionCalls]) -> KeepAliveTerms {
        var terms = KeepAliveTerms(gigabytes: functions.map(\.gigabytes), objective: objective, lead: lead)
        if let coldPrice, let idlePrice {
            terms.prices = KeepAlivePrices(coldStart: coldPrice, idleHour: idlePrice)
        }
        return terms
    }

    private func write(_ windows: [[KeepAliveWindow]], _ functions: [FunctionCalls], to path: String) throws {
        var text = "series,minute,prewarm,keepalive\n"
        for (function, windows) in zip(functions, windows) {
            let name = csvField(function.name)
            for (minute, window) in zip(function.busy, windows) {
                text += "\(name),\(minute),\(window.prewarm),\(window.keepalive)\n"
            }
        }
        try writePage(text, to: path)
    }
}

/// Quoted where a comma, a quote or a line end in it would tear the row apart.
private func csvField(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
}

extension KeepAliveTerms.Objective: ExpressibleByArgument {}

/// Figures of a policy under the names of `--json`, which are the reference's.
struct KeepAliveFigureRow: Encodable {
    let policy: String
    let functions: Int, invocations: Double, coldStarts: Int
    let coldTotal: Double, coldMean: Double, coldP50: Double, coldP75: Double, coldP90: Double
    let wasteMinutes: Double
    /// Nil where `fixed:10` wastes nothing.
    let waste: Double?
    let rum: Double
    /// Where prices were given.
    let cost: Double?

    init(_ outcome: (name: String, figures: KeepAliveFigures), _ study: KeepAliveStudy) {
        let figures = outcome.figures
        (policy, functions, invocations) = (outcome.name, figures.functions, figures.invocations)
        (coldStarts, coldTotal, coldMean) = (figures.coldStarts, figures.coldTotal, figures.coldMean)
        (coldP50, coldP75, coldP90) = (figures.coldP50, figures.coldP75, figures.coldP90)
        (wasteMinutes, waste, rum) = (figures.wasteMinutes, study.waste(figures), figures.rum)
        cost = study.terms.prices.map { figures.cost($0) }
    }

    static func table(_ rows: [Self]) -> String {
        textTable(rows).rendered(width: Terminal.columns, colour: Terminal.usesColour)
    }

    static func textTable(_ rows: [Self]) -> TextTable {
        let isPriced = rows.contains { $0.cost != nil }
        let shares = ["cold, mean", "p50", "p75", "p90", "of all calls"]
        var table = TextTable(
            header: ["policy"] + shares + ["cold starts", "waste", "RUM s"] + (isPriced ? ["cost"] : []))
        for row in rows {
            let shares = [row.coldMean, row.coldP50, row.coldP75, row.coldP90].map { percent($0, digits: 2) }
            table.append(
                [row.policy] + shares + [
                    percent(row.coldTotal, digits: 3), "\(row.coldStarts)", fixedText(row.waste ?? .nan, digits: 3),
                    fixedText(row.rum, digits: 0),
                ] + (row.cost.map { [fixedText($0, digits: 2)] } ?? []))
        }
        return table
    }

    private static func percent(_ share: Double, digits: Int) -> String { fixedText(share * 100, digits: digits) + "%" }
}
