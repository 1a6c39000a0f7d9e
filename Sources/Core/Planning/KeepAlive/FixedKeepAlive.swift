/// Loaded for so long after each call, whatever was seen: `fixed:N`, `never-unload`, and `ski-rental` with its own for each
/// function.
///
/// Ski rental keeps a function until idling has cost what a cold start does, and so never costs more than twice what one who
/// knew the future would pay who cannot load ahead of a call.
package struct FixedKeepAlive: KeepAlivePolicy {
    /// Longer than any trace.
    package static let forever = 1e9

    package let name: String
    private let keepalive: @Sendable (Int) -> Double

    /// `keepalive` gives the minutes of a function.
    package init(name: String, keepalive: @escaping @Sendable (Int) -> Double) {
        (self.name, self.keepalive) = (name, keepalive)
    }

    package mutating func windows(after minute: Int, _ calls: [MinuteCalls]) -> [KeepAliveWindow] {
        calls.map { KeepAliveWindow(prewarm: 0, keepalive: keepalive($0.function)) }
    }
}
