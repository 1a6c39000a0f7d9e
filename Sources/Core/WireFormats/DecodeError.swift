/// Why bytes could not be read, and where: what a sender did wrong, in words for who operates it.
package struct DecodeError: Error, Hashable, Sendable, CustomStringConvertible {
    package let problem: String
    /// Bytes before the place, in the message after decompression where it was compressed.
    package let offset: Int

    package init(_ problem: String, at offset: Int) { (self.problem, self.offset) = (problem, offset) }

    package var description: String { "byte \(offset): \(problem)" }
}
