import ArgumentParser
import Calendars
import Forecasting
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

    /// `forecaster`, told of the events up to two years after `end` where there are any.
    func tell(_ forecaster: any Forecaster, end: Timestamp) throws -> any Forecaster {
        guard let events else { return forecaster }
        let known = try EventsFile(path: events).known(through: end.advanced(bySeconds: 2 * 366 * 86_400), zone: zone)
        return EventAware(forecaster, events: known)
    }
}
