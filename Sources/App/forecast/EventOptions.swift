import ArgumentParser
import Calendars
import Forecasting
import Series
import Settings
import Units

/// Known events on the command line.
struct EventOptions: ParsableArguments {
    @Option(
        help:
            "Known events, past and to come: iCalendar, or CSV with the columns start, end, name and, if known, effect."
    )
    var events: String?
    @Option(help: "The IANA zone of times in the events file that name none, such as Europe/Berlin; UTC by default.")
    var zone: String?

    func validate() throws {
        if zone != nil, events == nil { throw ValidationError("--zone is for the times of --events FILE.") }
    }

    /// `forecaster`, told of the events up to two years after `end` where there are any: those of the file that is named, or
    /// else of `configured`.
    func tell(
        _ forecaster: any Forecaster, end: Timestamp, configured: EventSettings? = nil
    ) throws -> any Forecaster {
        guard let source = events.map({ EventSettings(file: $0, zone: zone) }) ?? configured else { return forecaster }
        return EventAware(forecaster, events: try source.known(end: end))
    }
}

extension EventSettings {
    /// How far ahead of a history events are looked up.
    private static let aheadSeconds = 2 * 366 * 86_400

    /// Reads the file: the events of the past, and those to come for two years after `end`.
    func known(end: Timestamp) throws -> KnownEvents {
        try EventsFile(path: file).known(through: end.advanced(bySeconds: Self.aheadSeconds), zone: zone)
    }
}
