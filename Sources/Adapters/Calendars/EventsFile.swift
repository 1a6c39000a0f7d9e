import Foundation
package import Series
package import Units
import WireFormats

/// A file of known events, iCalendar or CSV.
package struct EventsFile: Sendable {
    /// Why it gives no events: the file, the line where there is one, and what is wrong.
    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    private static let bytesAtMost = 16 << 20
    private let path: String
    private let events: [CalendarEvent]

    /// Told apart by the first line: iCalendar begins with BEGIN:VCALENDAR.
    package init(path: String) throws(Problem) {
        guard let handle = FileHandle(forReadingAtPath: path),
            let data = try? handle.read(upToCount: Self.bytesAtMost + 1)
        else { throw Problem(description: "\(path): the file cannot be read, or is empty") }
        guard data.count <= Self.bytesAtMost else {
            throw Problem(description: "\(path): more than \(Self.bytesAtMost >> 20) MiB; leave out what is not needed")
        }
        let bytes = Array(data)
        let isCalendar = String(decoding: bytes.prefix(200), as: UTF8.self).uppercased().contains("BEGIN:V")
        do throws(EventsProblem) {
            events = try isCalendar ? decodeICalendar(bytes) : decodeKnownEventsCSV(bytes)
        } catch {
            throw Problem(description: "\(path):\(error.line): \(error.problem)")
        }
        self.path = path
    }

    /// What takes place up to `through`; times without a zone are those of `zone`, UTC where that is nil.
    package func known(through: Timestamp, zone: String?) throws(Problem) -> KnownEvents {
        guard let readers = zone.map(SystemZones.rules(of:)) ?? .utc else {
            throw Problem(description: "no time zone is called '\(zone ?? "")'; IANA names are like Europe/Berlin")
        }
        do throws(EventsProblem) {
            return try KnownEvents(events, through: through, readersZone: readers, zone: SystemZones.rules(of:))
        } catch {
            throw Problem(description: "\(path):\(error.line): \(error.problem)")
        }
    }
}
