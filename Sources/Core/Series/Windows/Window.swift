/// What the finite samples of one window of time come to: all that any kind of demand asks of them.
package struct Window: Hashable, Sendable {
    /// Samples in it, at least 1.
    package private(set) var count: Int
    package private(set) var sum: Double, maximum: Double
    /// The value of the earliest and of the latest sample.
    package private(set) var first: Double, last: Double
    /// What a counter rose by from the first sample to the last; a fall means that it restarted from zero.
    package private(set) var increase: Double

    /// A window of one sample.
    package init(_ value: Double) {
        (count, increase) = (1, 0)
        (sum, maximum, first, last) = (value, value, value, value)
    }

    /// As it was written down. Nil where that cannot be: no sample, or a value that is not finite.
    package init?(count: Int, sum: Double, maximum: Double, first: Double, last: Double, increase: Double) {
        guard count >= 1, [sum, maximum, first, last, increase].allSatisfy(\.isFinite) else { return nil }
        (self.count, self.sum, self.maximum) = (count, sum, maximum)
        (self.first, self.last, self.increase) = (first, last, increase)
    }

    /// The next sample.
    package mutating func add(_ value: Double) {
        increase = bounded(increase + Self.increase(from: last, to: value))
        count += 1
        sum = bounded(sum + value)
        maximum = max(maximum, value)
        last = value
    }

    /// The window that follows.
    package mutating func add(_ later: Window) {
        increase = bounded(increase + later.increase(after: last))
        count &+= later.count
        sum = bounded(sum + later.sum)
        maximum = max(maximum, later.maximum)
        last = later.last
    }

    /// What a counter rose by, from the sample before the window to its last.
    package func increase(after previous: Double) -> Double {
        bounded(Self.increase(from: previous, to: first) + increase)
    }

    private static func increase(from previous: Double, to value: Double) -> Double {
        value >= previous ? bounded(value - previous) : value
    }

    /// Sums of decimals as the decimals they are meant to be, where there is one near enough: they take a third of the space then.
    func settled() -> Window {
        guard count > 1 else { return self }
        var settled = self
        (settled.sum, settled.increase) = (nearestDecimal(sum), nearestDecimal(increase))
        return settled
    }

    /// What `increase` is where the counter did not restart in between.
    var plainIncrease: Double { nearestDecimal(bounded(last - first)) }
}

/// Keeps a sum finite: what overflows stays at the end of the range.
private func bounded(_ value: Double) -> Double {
    min(max(value, -Double.greatestFiniteMagnitude), .greatestFiniteMagnitude)
}

/// The decimal with the fewest places, at most six, within 2^-44 of `value`; `value` itself where there is none.
private func nearestDecimal(_ value: Double) -> Double {
    let tolerance = abs(value) * 0x1p-44
    var scale = 1.0
    for _ in 0...6 {
        let number = (value * scale).rounded(.toNearestOrEven)
        guard abs(number) < 0x1p53 else { return value }
        if abs(number / scale - value) <= tolerance { return number / scale }
        scale *= 10
    }
    return value
}
