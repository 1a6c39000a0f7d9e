import ArgumentParser
import InputFiles
import Units
import WireFormats

/// What a user says of tables that do not say it themselves.
struct TableOptions: ParsableArguments {
    @Option(help: "When t0 of a wide table is, or what the times of events count from: 2026-11-01T08:00:00Z.")
    var start: Timestamp?
    @Option(help: "The column of an event's time; timestamp or timestamp_ms unless said.")
    var timeColumn: String?
    @Option(help: "What numbers in it are: ms or s; told by a name that ends in _ms unless said.")
    var timeUnit: EventColumns.TimeUnit?
    @Option(help: "What a count of events spans, 1m unless said: 10s, 5m, …")
    var every: Span?
    @Option(help: "A column that becomes a label; may be given several times.")
    var by: [String] = []
    @Option(help: "A column of events that is summed; without it they are counted.")
    var value: String?

    func validate() throws {
        if let every, every.seconds > 86_400 { throw ValidationError("--every is at most 1d.") }
    }

    func layout(step: Span?) -> TableLayout {
        var layout = TableLayout()
        if let start, let step { layout.grid = WideGrid(start: start, step: step.seconds) }
        layout.by = by
        layout.events.time = timeColumn
        layout.events.unit = timeUnit
        layout.events.start = start
        layout.events.by = by
        layout.events.value = value
        return layout
    }

    /// - Throws: where an option was given that none of the files has a use for.
    func check(fit files: [SampleFile]) throws(InputError) {
        guard let first = files.first else { return }
        let hasEvents = files.contains { $0.format == .events }
        let isTable = hasEvents || files.contains { $0.format == .wide }
        let given: [(name: String, isGiven: Bool, isOfUse: Bool)] = [
            ("time-column", timeColumn != nil, hasEvents), ("time-unit", timeUnit != nil, hasEvents),
            ("value", value != nil, hasEvents), ("every", every != nil, hasEvents), ("by", !by.isEmpty, isTable),
            ("start", start != nil, isTable),
        ]
        guard let useless = given.first(where: { $0.isGiven && !$0.isOfUse }) else { return }
        throw InputError(
            path: first.path,
            "--\(useless.name) says nothing of a file of format \(first.format.rawValue); --format wide or events?")
    }
}

extension EventColumns.TimeUnit: ExpressibleByArgument {}
