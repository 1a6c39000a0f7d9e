package import Series
package import Units

/// Why a file of events cannot be read, and in which line.
package struct EventsProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1 on.
    package let line: Int
    package let problem: String
    package init(line: Int, _ problem: String) { (self.line, self.problem) = (line, problem) }
    package var description: String { "line \(line): \(problem)" }
}

/// An event of a calendar, once or by a rule, on the clocks of its zone.
package struct CalendarEvent: Hashable, Sendable {
    package enum Zone: Hashable, Sendable {
        case utc
        /// By its IANA name.
        case named(String)
        /// Whichever the reader is in.
        case readers
    }

    package let name: String
    package internal(set) var start: LocalTime, end: LocalTime
    package internal(set) var zone: Zone
    package internal(set) var rule: Recurrence?
    /// Starts besides those of the rule.
    package internal(set) var additions: Set<LocalTime> = []
    /// Starts at which it does not take place.
    package internal(set) var exceptions: Set<LocalTime> = []
    /// What demand is multiplied by, where that is known.
    package internal(set) var effect: Double?
    /// Where in the file it begins.
    package let line: Int

    package init(
        name: String, start: LocalTime, end: LocalTime, zone: Zone, rule: Recurrence? = nil, effect: Double? = nil,
        line: Int
    ) {
        (self.name, self.start, self.end, self.zone) = (name, start, end, zone)
        (self.rule, self.effect, self.line) = (rule, effect, line)
    }

    /// When it takes place, up to `through`, as far as `Recurrence.most` goes. Each occurrence lasts as long on the clocks as
    /// the first does, so that a day stays a day when they are turned.
    package func occurrences(through: Timestamp, rules: ZoneRules) -> [KnownEvents.Span] {
        // A day on, because no zone is further from UTC.
        let last = LocalTime(seconds: Int(through.millisecondsSinceEpoch / 1_000) + 93_600)
        var starts = Set((rule?.dates(from: start, through: last) ?? [start]).filter { !isPast($0, rules) })
        starts.formUnion(additions)
        return starts.subtracting(exceptions).sorted().compactMap { local in
            let begin = rules.instant(of: local)
            let finish = rules.instant(of: local.advanced(by: end.seconds - start.seconds))
            return begin > through ? nil : KnownEvents.Span(start: begin, end: finish)
        }
    }

    /// Whether the rule has ended by then.
    private func isPast(_ local: LocalTime, _ rules: ZoneRules) -> Bool {
        switch rule?.until {
        case .local(let time): local > time
        case .instant(let time): rules.instant(of: local) > time
        case nil: false
        }
    }
}

extension KnownEvents {
    /// The occurrences of `events` up to `through`, a kind for each name. `zone` gives the rules of a zone by its
    /// name, nil where there is none such; it is asked once for each.
    ///
    /// - Throws: at the first event whose zone is not known.
    package init(
        _ events: [CalendarEvent], through: Timestamp, readersZone: ZoneRules, zone: (String) -> ZoneRules?
    ) throws(EventsProblem) {
        var known: [String: ZoneRules] = [:], kinds: [Kind] = []
        for event in events {
            var rules = event.zone == .utc ? ZoneRules.utc : readersZone
            if case .named(let name) = event.zone {
                guard let found = known[name] ?? zone(name) else {
                    throw EventsProblem(
                        line: event.line, "no time zone is called '\(name)'; IANA names are like Europe/Berlin")
                }
                known[name] = found
                rules = found
            }
            let spans = event.occurrences(through: through, rules: rules)
            kinds.append(Kind(name: event.name, effect: event.effect, spans: spans))
        }
        self.init(kinds)
    }
}
