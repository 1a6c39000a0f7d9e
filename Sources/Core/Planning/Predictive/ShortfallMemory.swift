import Kernels

/// By how much demand has lately exceeded what was planned for it.
///
/// After a jump the forecasts follow, but for a while their spread is still that of the time before. Until then the plan is
/// raised by the factor it fell short by, which fades with a time constant of ten minutes. Chosen by replay over six open traces,
/// where five to fifteen minutes came to nearly the same, and tried on seven others.
package struct ShortfallMemory: Sendable {
    package static let fadeSeconds = 600.0
    /// Nothing is believed to have grown by more than this within a lead time.
    package static let most = 8.0

    /// The logarithm of the factor.
    private var growth = 0.0

    /// At least 1.
    package var factor: Double { exponential(growth) }

    package init() {}

    /// A row of `seconds` has ended with `actual` demand, where `planned` had been covered.
    package mutating func learn(actual: Double, planned: Double, seconds: Int) {
        growth *= exponential(-Double(seconds) / Self.fadeSeconds)
        guard actual > planned, planned > 0 else { return }
        growth = max(growth, logarithm(min(actual / planned, Self.most)))
    }
}
