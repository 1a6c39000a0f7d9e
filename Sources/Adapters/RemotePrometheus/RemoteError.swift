/// Why a server did not give what was asked for, and what can be done about it.
package struct RemoteError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Remedy: Hashable, Sendable {
        /// Waiting may help; the server may have said how long, seconds.
        case waiting(seconds: Double?)
        /// Asking for less at a time may help.
        case askingForLess
        /// Only a person can help.
        case none
    }

    package let remedy: Remedy
    package let description: String

    package init(_ remedy: Remedy, _ description: String) { (self.remedy, self.description) = (remedy, description) }
}
