/// An instant, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Milliseconds because that is what metrics protocols carry; 64 bits so that no input date overflows in arithmetic
/// the program does (years are checked to four digits when parsed).
package struct Timestamp: Hashable, Comparable, Sendable {
    package let millisecondsSinceEpoch: Int64

    package init(millisecondsSinceEpoch: Int64) { self.millisecondsSinceEpoch = millisecondsSinceEpoch }

    /// The instant `seconds` after the epoch; the fraction is rounded to a millisecond.
    ///
    /// Nil unless finite and within ±8.64e12 s, far beyond any date a metric can carry.
    package init?(secondsSinceEpoch seconds: Double) {
        guard seconds.isFinite, abs(seconds) <= 8.64e12 else { return nil }
        millisecondsSinceEpoch = Int64((seconds * 1_000).rounded())
    }

    package init(secondsSinceEpoch seconds: Int) { millisecondsSinceEpoch = Int64(seconds) * 1_000 }

    package var secondsSinceEpoch: Double { Double(millisecondsSinceEpoch) / 1_000 }

    package static func < (a: Self, b: Self) -> Bool { a.millisecondsSinceEpoch < b.millisecondsSinceEpoch }

    package func advanced(bySeconds seconds: Int) -> Self {
        Self(millisecondsSinceEpoch: millisecondsSinceEpoch + Int64(seconds) * 1_000)
    }

    /// Seconds from `earlier` to this instant; negative when `earlier` is later.
    package func seconds(since earlier: Self) -> Double {
        Double(millisecondsSinceEpoch - earlier.millisecondsSinceEpoch) / 1_000
    }
}

extension Timestamp: CustomStringConvertible {
    /// ISO-8601 in UTC; milliseconds appear only where they are not zero.
    package var description: String { CivilTime(self).iso8601 }
}
