import ArgumentParser
import Forecasting
import Foundation
import Ports
import Reports
import Series
import SeriesStoreSQLite
import Units

/// `forecast models`: the registry.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "Lists, shows and rolls back trained models.",
        subcommands: [
            ModelsList.self, ModelsShow.self, ModelsRollback.self, ModelsRelease.self, ModelsKinds.self,
        ])
}

struct ModelsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the versions that are kept, newest first.",
        discussion: """
            Examples:
              forecast models list --db prewarm.db
              forecast models list --db prewarm.db 'http_requests{job="checkout"}' --json

            The newest version of a series is the one that is served. One that was rolled back to is shown as held: refits wait
            until `forecast models release`. \(modelVersionsKept) versions of a series are kept.
            """)

    @Option(help: "The store.")
    var db: String
    @Argument(help: "Only series that match, as metric{label=\"value\"}.")
    var selector: String?
    @Flag(help: "Prints JSON.")
    var json = false

    func run() async throws {
        let selector = try selector.map { try SeriesSelector(parsing: $0) }
        let found = try await SQLiteStore(path: db, missing: .refuse).modelVersions().filter {
            selector?.matches($0.record.series) ?? true
        }
        var newest: [SeriesKey: Int] = [:]
        for each in found { newest[each.record.series] = max(newest[each.record.series] ?? 0, each.version) }
        let documents = found.map { ModelDocument($0, isServed: newest[$0.record.series] == $0.version) }
        if json { return try printJSON(documents) }
        guard !documents.isEmpty else {
            return print(selector.map { "no model for a series that matches \($0)" } ?? "no model is registered yet")
        }
        var table = TextTable(header: [
            "series", "version", "", "model", "why", "parent", "learnt from", "to", "WQL", "TAIL", "trained", "program",
        ])
        for document in documents { table.append(document.cells) }
        print(table.rendered(width: Terminal.columns, colour: Terminal.usesColour), terminator: "")
    }
}

struct ModelsShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Tells everything about a version, and checks that it can be read.",
        discussion: """
            Example: forecast models show --db prewarm.db --series 'http_requests{job="checkout"}' --model-version 3
            """)

    @OptionGroup var model: ModelOptions
    @Option(help: "The version. Default: the one that is served.")
    var modelVersion: Int?
    @Flag(help: "Prints JSON.")
    var json = false

    func run() async throws {
        let (store, key, newest) = try await model.open()
        guard let found = try await store.model(modelVersion ?? newest, for: key) else {
            throw NoSuchVersion(key: key, version: modelVersion ?? newest)
        }
        let document = ModelDocument(found, isServed: found.version == newest)
        let decoded = try ModelCatalogue.decode(found.record.bytes)
        if json { return try printJSON(document) }
        var table = TextTable(header: ["", "\(key), version \(found.version)"])
        for (name, value) in document.lines { table.append([name, value]) }
        for each in (decoded as? CombinedModel)?.standings ?? [] { table.append([each.name, each.told]) }
        table.append(["readable", "yes: \(decoded.name), \(decoded.task.horizon) rows ahead"])
        print(table.rendered(width: Terminal.columns, colour: Terminal.usesColour), terminator: "")
    }
}

struct ModelsRollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Serves an older version again.",
        discussion: """
            Example: forecast models rollback --db prewarm.db --series 'http_requests{job="checkout"}' --to 3

            A new version is made that holds the model of the older one and names it; nothing is deleted. A daemon that runs
            takes it over within a minute, and keeps serving it: no refit replaces it, nor does drift, until
            `forecast models release` or a training by hand.
            """)

    @OptionGroup var model: ModelOptions
    @Option(help: "The version to go back to. Default: the one before the one that is served.")
    var to: Int?

    func run() async throws {
        let (store, key, newest) = try await model.open()
        let target = to ?? newest - 1
        guard let old = try await store.model(target, for: key) else { throw NoSuchVersion(key: key, version: target) }
        // What cannot be read must not be served.
        let decoded = try ModelCatalogue.decode(old.record.bytes)
        guard let version = try await store.rollBack(key, to: target, at: .now, program: programVersion) else {
            throw NoSuchVersion(key: key, version: target)
        }
        print("\(key): version \(version) is served now, with the \(decoded.name) of version \(target)")
        print("it is held: no refit replaces it until `forecast models release`")
    }
}

struct ModelsRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Lets refits replace a model that was rolled back to.",
        discussion: """
            Example: forecast models release --db prewarm.db --series 'http_requests{job="checkout"}'

            The model stays served until a daemon has learnt another, which it does at once if one is due.
            """)

    @OptionGroup var model: ModelOptions

    func run() async throws {
        let (store, key, newest) = try await model.open()
        guard let version = try await store.release(key, at: .now, program: programVersion) else {
            throw NothingHeld(key: key, version: newest)
        }
        print("\(key): version \(version) is served now, as version \(newest) was, and refits may replace it")
    }
}

struct NothingHeld: Error, CustomStringConvertible {
    let key: SeriesKey
    let version: Int
    var description: String {
        "\(key): version \(version) is served and not held; only `forecast models rollback` holds one"
    }
}

/// The methods there are, and what each asks of a history.
struct ModelsKinds: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kinds", abstract: "Lists the models there are, and how much history each needs.",
        discussion: """
            Example: forecast models kinds --step 5m --horizon 2h

            A model that goes on from the last is learnt anew from where the version before it stood.
            """)

    @Option(help: "What a row spans.")
    var step = Span(60)
    @Option(help: "How far a forecast sees.")
    var horizon = Span(7_200)

    func run() throws {
        let task = ForecastTask.standard(
            step: step.seconds, horizon: (horizon.seconds + step.seconds - 1) / step.seconds)
        var table = TextTable(header: ["model", "rows it needs", "which span", "learnt anew", "goes on from the last"])
        for each in [ModelCatalogue.auto] + ModelCatalogue.all {
            let rows = each.rowsNeeded(task), growth = each.traits.refitGrowth
            table.append([
                each.name, "\(rows)", "\(fixedText(Double(rows * step.seconds) / 3_600, digits: 1)) h",
                growth > 0 ? "once a history has grown by \(fixedText(100 * growth, digits: 0))%" : "on schedule",
                each.traits.goesOn ? "yes" : "no",
            ])
        }
        print(table.rendered(width: Terminal.columns, colour: Terminal.usesColour), terminator: "")
    }
}

/// The one series whose versions are meant.
struct ModelOptions: ParsableArguments {
    @Option(help: "The store.")
    var db: String
    @Option(help: "The series, as metric{label=\"value\"}; it must match just one that has a model.")
    var series: String

    func open() async throws -> (store: SQLiteStore, key: SeriesKey, newest: Int) {
        let selector = try SeriesSelector(parsing: series)
        let store = try SQLiteStore(path: db, missing: .refuse)
        let found = try await store.modelVersions().filter { selector.matches($0.record.series) }
        let keys = Set(found.map(\.record.series))
        guard let newest = found.map(\.version).max(), let key = keys.first else {
            throw NoModel(series: series, db: db)
        }
        guard keys.count == 1 else { throw NoSuchSeries(selector: selector, found: keys.sorted()) }
        return (store, key, newest)
    }
}

struct NoModel: Error, CustomStringConvertible {
    let series: String, db: String
    var description: String { "\(db): no model for \(series); `forecast models list --db \(db)` lists those there are" }
}

struct NoSuchVersion: Error, CustomStringConvertible {
    let key: SeriesKey
    let version: Int
    var description: String {
        "\(key): there is no version \(version), or it is no longer kept; `forecast models list` lists them"
    }
}

/// A version, under the names of `--json`.
private struct ModelDocument: Encodable {
    let series: String, version: Int, serving: Bool, held: Bool, model: String, kind: String, step: Int
    let trainedFrom: String, trainedTo: String, createdAt: String
    let scores: [String: Double], reason: String, parent: Int?, seed: UInt64?, program: String
    let options: [String: String]
    /// Nil in a list.
    let bytes: Int?

    init(_ found: ModelVersion, isServed: Bool) {
        let record = found.record, lineage = found.record.lineage
        (series, version, serving) = (record.series.description, found.version, isServed)
        held = isServed && record.isHeld
        (model, kind, step) = (record.model, record.kind.rawValue, record.step)
        (trainedFrom, trainedTo) = (record.trainedFrom.description, record.trainedTo.description)
        (createdAt, scores, reason) = (record.createdAt.description, record.scores, lineage.reason.rawValue)
        (parent, seed, program, options) = (lineage.parent, lineage.seed, lineage.program, lineage.options)
        bytes = record.bytes.isEmpty ? nil : record.bytes.count
    }

    var cells: [String] {
        [
            series, "\(version)", standing, model, reason, parent.map { "\($0)" } ?? "-", trainedFrom,
            trainedTo, score("WQL"), score("TAIL"), createdAt, program.isEmpty ? "-" : program,
        ]
    }

    private var standing: String { held ? "held" : serving ? "serving" : "" }

    private func score(_ name: String) -> String { fixedText(scores[name] ?? .nan, digits: 4) }

    var lines: [(String, String)] {
        let told = options.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let figures = scores.sorted { $0.key < $1.key }.map { "\($0.key) \(fixedText($0.value, digits: 4))" }
        return [
            ("model", model),
            ("serving", held ? "yes, held until `forecast models release`" : serving ? "yes" : "no"),
            ("rows", "\(step) s each, \(kind)"),
            ("learnt from", trainedFrom), ("to", trainedTo), ("trained", createdAt),
            ("why", reason + (parent.map { ", after version \($0)" } ?? "")),
            ("program", program.isEmpty ? "not noted" : program), ("seed", seed.map { "\($0)" } ?? "none"),
            ("options", told.isEmpty ? "not noted" : told),
            ("held out", figures.isEmpty ? "nothing" : figures.joined(separator: ", ")), ("bytes", "\(bytes ?? 0)"),
        ]
    }
}

extension MemberStanding {
    /// What `models show` says of a member.
    fileprivate var told: String {
        let loss = relativeLoss.map { ", \(fixedText($0, digits: 2)) of the seasonal naive's loss" } ?? ""
        return reason.map { "left out: \($0)" } ?? "weighs \(fixedText(weight, digits: 2))\(loss)"
    }
}
