/// What a workload is asked for, per second: requests, tokens, or concurrency held. Finite and never negative.
package struct DemandRate: Hashable, Comparable, Sendable {
    package let perSecond: Double

    /// Nil unless `perSecond` is finite and at least 0.
    package init?(perSecond: Double) {
        guard perSecond.isFinite, perSecond >= 0 else { return nil }
        self.perSecond = perSecond
    }

    package static func < (a: Self, b: Self) -> Bool { a.perSecond < b.perSecond }

    /// The fewest instances, each sustaining `perInstance`, that carry this demand.
    ///
    /// A shortfall below a billionth of an instance is rounding, not demand; the replay counts the same way.
    /// - Precondition: `perInstance` is above 0.
    package func instances(each perInstance: DemandRate) -> Int {
        precondition(perInstance.perSecond > 0, "an instance that sustains nothing cannot be counted")
        return Int(clamping: (perSecond / perInstance.perSecond - 1e-9).rounded(.up))
    }
}

extension Int {
    /// The nearest `Int` to a whole `value`: saturated instead of trapping, 0 for NaN.
    package init(clamping value: Double) {
        if value.isNaN {
            self = 0
        } else if value >= 0x1p62 {
            self = 1 << 62
        } else {
            self = value <= -0x1p62 ? -(1 << 62) : Int(value)
        }
    }
}

/// The name of a scalable thing: letters, digits, `.`, `_`, `-`; at most 63 of them, so that it fits a label and a path.
package struct WorkloadID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let name: String

    package init?(_ name: String) {
        let isAllowed = { (c: UInt8) in
            (97...122).contains(c) || (65...90).contains(c) || (48...57).contains(c) || c == 45 || c == 46 || c == 95
        }
        guard (1...63).contains(name.utf8.count), name.utf8.allSatisfy(isAllowed), !name.hasPrefix(".") else {
            return nil
        }
        self.name = name
    }

    package var description: String { name }
    package static func < (a: Self, b: Self) -> Bool { a.name < b.name }
}

/// What capacity and lateness cost, in the user's currency.
package struct Prices: Hashable, Sendable {
    /// Per instance-hour, at least 0.
    package let idlePerInstanceHour: Double
    /// Per late request, at least 0.
    package let latePerRequest: Double

    /// Nil unless both are finite, neither is negative and one is above 0.
    package init?(idlePerInstanceHour: Double, latePerRequest: Double) {
        guard idlePerInstanceHour.isFinite, latePerRequest.isFinite, idlePerInstanceHour >= 0, latePerRequest >= 0,
            idlePerInstanceHour + latePerRequest > 0
        else { return nil }
        (self.idlePerInstanceHour, self.latePerRequest) = (idlePerInstanceHour, latePerRequest)
    }
}
