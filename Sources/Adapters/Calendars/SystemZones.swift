import Foundation
package import Units

/// The time zones this machine knows.
package enum SystemZones {
    /// Transitions from 1970 until before 2100; what lies outside is as at its edge.
    private static let years = 1970..<2100

    /// As `rules(of:)`; throws with a name that may have been meant.
    package static func zone(named name: String) throws(NoSuchZone) -> ZoneRules {
        guard let rules = rules(of: name) else {
            let names = TimeZone.knownTimeZoneIdentifiers
            let place = name.replacing(" ", with: "_")
            let near =
                names.first { !place.isEmpty && $0.hasSuffix("/" + place) } ?? nearestName(to: name, among: names)
            throw NoSuchZone(name, near: near)
        }
        return rules
    }

    /// The rules of the zone with an IANA name, such as Europe/Berlin; nil where there is none such.
    ///
    /// Complexity: some thousand questions to the system, so a caller asks once for a zone.
    package static func rules(of name: String) -> ZoneRules? {
        guard let zone = TimeZone(identifier: name) else { return nil }
        func offset(_ seconds: Int) -> Int { zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))) }
        func start(_ year: Int) -> Int { CivilTime.daysSinceEpoch(year: year, month: 1, day: 1) * 86_400 }
        // Clocks are nowhere turned twice within five days; the change itself is found by halving.
        let stride = 5 * 86_400
        var last = offset(start(years.lowerBound)), transitions: [ZoneRules.Transition] = []
        let first = last
        for from in Swift.stride(from: start(years.lowerBound), to: start(years.upperBound), by: stride) {
            let next = offset(from + stride)
            guard next != last else { continue }
            var low = from, high = from + stride
            while high - low > 1 {
                let middle = (low + high) / 2
                if offset(middle) == last { low = middle } else { high = middle }
            }
            transitions.append(ZoneRules.Transition(at: high, offset: next))
            last = next
        }
        return ZoneRules(first: first, transitions: transitions)
    }
}
