/// The last bytes of a stream of output, in bounded memory.
package struct OutputTail: Hashable, Sendable {
    private let limit: Int
    private var bytes: [UInt8] = []
    private var isCut = false

    /// - Parameter limit: The most bytes that `text` is made from.
    package init(limit: Int) { self.limit = limit }

    package mutating func append(_ more: some Collection<UInt8>) {
        bytes += more.suffix(limit)
        guard bytes.count > limit || more.count > limit else { return }
        isCut = true
        bytes.removeFirst(max(0, bytes.count - limit))
    }

    /// What is kept, from the beginning of a line where there is one, without white space at its end.
    package var text: String {
        var kept = bytes[...]
        if isCut, let newline = kept.firstIndex(of: UInt8(ascii: "\n")), newline < kept.endIndex - 1 {
            kept = kept[(newline + 1)...]
        }
        while let last = kept.last, last <= UInt8(ascii: " ") { kept.removeLast() }
        return String(decoding: kept, as: UTF8.self)
    }
}
