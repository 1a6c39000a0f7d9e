/// What a clock on the wall shows, in seconds since 1970-01-01T00:00:00 on that wall; which instant that is depends on the zone.
package struct LocalTime: Hashable, Comparable, Sendable {
    package let seconds: Int

    package init(seconds: Int) { self.seconds = seconds }

    /// Nil unless it is a date and a time of day; a second of 60 counts as 59.
    package init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard (1...9_999).contains(year), (1...12).contains(month),
            (1...CivilTime.daysInMonth(month, of: year)).contains(day), (0...23).contains(hour),
            (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        let days = CivilTime.daysSinceEpoch(year: year, month: month, day: day)
        seconds = days * 86_400 + hour * 3_600 + minute * 60 + min(second, 59)
    }

    package static func < (a: Self, b: Self) -> Bool { a.seconds < b.seconds }

    package func advanced(by seconds: Int) -> Self { Self(seconds: self.seconds + seconds) }

    /// Days since the epoch.
    package var day: Int { seconds.flooredDivision(by: 86_400).quotient }

    /// The date and time of day.
    package var civil: CivilTime { CivilTime(Timestamp(secondsSinceEpoch: seconds)) }
}

/// How far the clocks of a time zone are from UTC, as values: whoever knows the zones of the world hands them in.
package struct ZoneRules: Hashable, Sendable {
    package struct Transition: Hashable, Sendable {
        /// Seconds since the epoch, UTC.
        package let at: Int
        /// Seconds east of UTC from then on.
        package let offset: Int
        package init(at: Int, offset: Int) { (self.at, self.offset) = (at, offset) }
    }

    /// Seconds east of UTC before the first transition.
    private let first: Int
    private let transitions: [Transition]

    package static let utc = ZoneRules(fixed: 0)

    private init(fixed: Int) { (first, transitions) = (fixed, []) }

    /// Nil unless the transitions ascend and every offset is within 26 hours.
    package init?(first: Int, transitions: [Transition]) {
        let offsets = [first] + transitions.map(\.offset)
        guard zip(transitions, transitions.dropFirst()).allSatisfy({ $0.at < $1.at }),
            offsets.allSatisfy({ abs($0) <= 26 * 3_600 })
        else { return nil }
        (self.first, self.transitions) = (first, transitions)
    }

    /// Seconds east of UTC. Complexity: O(log transitions).
    package func offset(at seconds: Int) -> Int {
        var low = 0, high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : transitions[low - 1].offset
    }

    /// When clocks show `local`: the first time where they show it twice, and where they skip it the instant that it would be
    /// had they not been turned yet, as RFC 5545, 3.3.5, reads both.
    package func instant(of local: LocalTime) -> Timestamp {
        let before = offset(at: local.seconds - Self.reach), after = offset(at: local.seconds + Self.reach)
        for offset in [before, after] where self.offset(at: local.seconds - offset) == offset {
            return Timestamp(secondsSinceEpoch: local.seconds - offset)
        }
        return Timestamp(secondsSinceEpoch: local.seconds - before)
    }

    /// Every instant at which clocks show `local`, ascending: two where they are turned back over it, and the one of `instant(of:)`
    /// where they skip it.
    package func instants(of local: LocalTime) -> [Timestamp] {
        let before = offset(at: local.seconds - Self.reach), after = offset(at: local.seconds + Self.reach)
        let shown = (before == after ? [before] : [before, after]).filter { offset(at: local.seconds - $0) == $0 }
        guard !shown.isEmpty else { return [instant(of: local)] }
        return shown.map { Timestamp(secondsSinceEpoch: local.seconds - $0) }.sorted()
    }

    /// Seconds to either side within which clocks are turned at most once.
    private static let reach = 93_600
}

/// A name that no time zone has.
package struct NoSuchZone: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// `near` is a name that may have been meant.
    package init(_ name: String, near: String?) {
        description =
            "no time zone is called '\(name)'; "
            + (near.map { "did you mean '\($0)'?" } ?? "IANA names are like Europe/Berlin")
    }
}
